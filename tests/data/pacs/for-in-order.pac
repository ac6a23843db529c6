// The first match wins in the order of an object's keys: as written, but whole numbers first and rising.
var rules = { "*.org": "o", "*ads*": "a", "10": "ten", "*.test": "t", "2": "two", "www.*": "w", "*": "all", "-1": "minus", "07": "seven" };
rules["*.example"] = "e";
rules["*ads*"] = "a2";
rules[1] = "one";

function Base() { this.mine = 1; }
Base.prototype = { inherited: 2, mine: 3 };

function FindProxyForURL(url, host) {
  var order = [], hit = null, key;
  for (key in rules) {
    order.push(rules[key]);
    if (hit === null && shExpMatch(host, key)) hit = rules[key];
  }
  var keys = "";
  for (key in new Base()) keys += key.charAt(0);
  for (key in "ab") keys += key;
  for (key in [7, , 8]) keys += key;
  for (key in null) keys += "never";
  if (host.length % 5 == 0) return "PROXY " + order.join("-") + ".test:80";
  return "PROXY " + hit + "-" + keys + ".test:" + Object.keys(rules).length;
}
