// Adds methods to String.prototype and Array.prototype, some of which engines have by now.
String.prototype.startsWith = function (text) { return this.lastIndexOf(text, 0) === 0; };
String.prototype.endsWith = function (text) { return this.substr(this.length - text.length) == text; };
String.prototype.trim || (String.prototype.trim = function () { return this.replace(/^\s+|\s+$/g, ""); });
String.prototype.isIn = function () {
  for (var i = 0; i < arguments.length; i++) if (this == arguments[i] || this.endsWith("." + arguments[i])) return i + 1;
  return 0;
};
String.prototype.type = function () { return typeof this; };
Array.prototype.last = function () { return this[this.length - 1]; };
if (!Array.prototype.contains) Array.prototype.contains = function (x) {
  for (var i in this) if (this.hasOwnProperty(i) && this[i] === x) return true;
  return false;
};
Number.prototype.asPort = function () { return ":" + (8000 + this); };

function FindProxyForURL(url, host) {
  var labels = host.split("."), n = host.isIn("example.com", "corp.test", "campus.test", "example");
  if (url.startsWith("https:") && !host.endsWith(".test")) return " PROXY tls.test".trim() + (5).asPort();
  if (n) return "PROXY in" + n + ".test" + n.asPort();
  if (["test", "invalid"].contains(labels.last())) return "PROXY " + host.type() + ".test" + labels.length.asPort();
  return "DIRECT";
}
