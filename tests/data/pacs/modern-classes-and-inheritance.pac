// Classes that inherit: super, static blocks and fields, private methods, accessors, new.target, mixins, instanceof.
class Rule {
  static made = 0;
  static #names = [];
  static { this.kinds = "rule"; }
  constructor(pattern) { Rule.made++; this.pattern = pattern; Rule.#names.push(new.target.name); }
  test(host) { return host.endsWith(this.pattern); }
  get route() { return `PROXY ${this.label()}.test:${this.port}`; }
  label() { return this.pattern.replaceAll(".", "") || "any"; }
  port = 80;
  static list() { return Rule.#names.join("-").toLowerCase(); }
}
const Tls = (Base) => class Tlsed extends Base {
  get route() { return super.route.replace("PROXY", "HTTPS"); }
  port = 443;
};
class Suffix extends Rule { #odd(host) { return host.length % 2; } test(host) { return super.test(host) && !this.#odd(host); } }
class Secure extends Tls(Suffix) { label() { return "s" + super.label(); } }
class Any extends Rule { test() { return true; } get route() { return `PROXY ${Rule.list()}${Rule.made}${Any.kinds}.test:80`; } }

const list = [new Suffix(".example.com"), new Secure(".test"), new (Tls(Rule))(".example.org"), new (Tls(Rule))(".example"), new Any("")];

function FindProxyForURL(url, host) {
  const rule = list.find((one) => one.test(host));
  return rule.route + (rule instanceof Suffix ? "; DIRECT" : "");
}
