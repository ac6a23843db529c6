// A matcher of filter rules in the old prototype style: each rule under its rarest keyword.
function Filter(text) {
  this.text = text;
  this.exception = text.substr(0, 2) == "@@";
  if (this.exception) text = text.substr(2);
  this.matchCase = false;
  this.source = text
    .replace(/\*+/g, "*")
    .replace(/\W/g, "\\$&")
    .replace(/\\\*/g, ".*")
    .replace(/\\\^/g, "(?:[^\\w\\-.%]|$)")
    .replace(/^\\\|\\\|/, "^[\\w\\-]+:\\/+(?!\\/)(?:[^\\/]+\\.)?")
    .replace(/^\\\|/, "^")
    .replace(/\\\|$/, "$");
  this.regexp = null;
}
Filter.prototype = {
  matches: function (url) {
    if (this.regexp === null) this.regexp = new RegExp(this.source, this.matchCase ? "" : "i");
    return this.regexp.test(url);
  },
  toString: function () { return this.text; }
};

function Matcher() {
  this.clear();
}
Matcher.prototype.clear = function () {
  this.byKeyword = {};
  this.count = 0;
};
Matcher.prototype.candidates = function (text) {
  return text.toLowerCase().match(/[^a-z0-9%*][a-z0-9%]{3,}(?=[^a-z0-9%*])/g) || [];
};
Matcher.prototype.keywordOf = function (filter) {
  var best = "", fewest = 0xFFFFFF, words = this.candidates(filter.text);
  for (var i = 0, l = words.length; i < l; i++) {
    var word = words[i].substr(1);
    var count = word in this.byKeyword ? this.byKeyword[word].length : 0;
    if (count < fewest || count == fewest && word.length > best.length) {
      best = word;
      fewest = count;
    }
  }
  return best;
};
Matcher.prototype.add = function (filter) {
  var keyword = this.keywordOf(filter), entry = this.byKeyword[keyword];
  if (typeof entry == "undefined") this.byKeyword[keyword] = [filter];
  else entry.push(filter);
  this.count++;
};
Matcher.prototype.find = function (url) {
  var words = url.toLowerCase().match(/[a-z0-9%]{3,}/g);
  if (words === null) words = [];
  words.push("");
  for (var i = 0; i < words.length; i++) {
    if (!Object.prototype.hasOwnProperty.call(this.byKeyword, words[i])) continue;
    for (var j = 0, list = this.byKeyword[words[i]]; j < list.length; j++)
      if (list[j].matches(url)) return list[j];
  }
  return null;
};

var block = new Matcher(), allow = new Matcher();
var rules = [
  "||example.org^", "||blocked.test^", "||video.example^", "|http://www.example.com/", "/banner*.gif", "@@||docs.example.org^",
  "||shop.example/cart", ".stats.example", "|https://www.gone.", "^ad=1^", "*/adview.php?*", "@@|http://a.b.blocked",
  "||203.0.113.", "story.html|", "@@||cdn.example.org/pack.js|", "||lms.campus.test^", "|ftp://", "||xn--bcher-kva.example^"
];
for (var i = 0; i < rules.length; i++) {
  var rule = new Filter(rules[i]);
  (rule.exception ? allow : block).add(rule);
}

function FindProxyForURL(url, host) {
  if (allow.find(url)) return "DIRECT; PROXY allow" + allow.count + ".test:80";
  var hit = block.find(url);
  return hit ? "SOCKS5 192.0.2.254:" + (1080 + ("" + hit).length) + "; DIRECT" : "DIRECT";
}
