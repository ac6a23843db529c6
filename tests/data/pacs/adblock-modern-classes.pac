// The matcher of filter rules with classes, let and const, arrows, Map, Set and template literals.
class Rule {
  #pattern;
  static count = 0;
  constructor(text) {
    this.text = text;
    this.id = Rule.count++;
    const source = text
      .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*?")
      .replace(/^\\\|\\\|/, "^\\w+://(?:[^/]*\\.)?");
    this.#pattern = new RegExp(source, "u");
  }
  get isHostRule() { return this.text.startsWith("||"); }
  matches(url) { return this.#pattern.test(url); }
}

class Index extends Map {
  add(rule) {
    const key = rule.text.match(/[a-z]{4,}/)?.[0] ?? "*";
    if (!this.has(key)) this.set(key, new Set());
    this.get(key).add(rule);
    return this;
  }
  *candidates(url) {
    const words = new Set(url.match(/[a-z]{4,}/g) ?? []);
    for (const [key, rules] of this) if (key === "*" || words.has(key)) yield* rules;
  }
}

const index = [
  "||tracker.", "||stats.example", "/banner", "||ads.*/", "popup*.html", "||social.test", "||video.",
  "/sponsor/", "*.swf", "||blocked.test", "||10.", "://intranet"
].map((text) => new Rule(text)).reduce((all, rule) => all.add(rule), new Index());

function FindProxyForURL(url, host) {
  for (const rule of index.candidates(url)) {
    if (rule.matches(url)) {
      const { id, isHostRule } = rule;
      return `${isHostRule ? "SOCKS5" : "PROXY"} rule-${id}.block.test:${8000 + Rule.count}; DIRECT`;
    }
  }
  return `PROXY keep-${index.size}.test:8080`;
}
