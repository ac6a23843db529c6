// Makes its functions with the Function constructor, some of them from parts of URLs.
var sum = new Function("a", "b", "return a + b");
var all = Function("a, b", "c", "var t = 0; for (var i = 0; i < arguments.length; i++) t += arguments[i]; return t;");
var table = {};
var bodies = ["host.length", "host.indexOf('.')", "host.charCodeAt(0) & 15", "url.split('/').length"];
for (var i = 0; i < bodies.length; i++) table["f" + i] = new Function("url", "host", "return " + bodies[i] + ";");
var outside = (function () {
  var hidden = "no";
  return Function("return typeof hidden == 'undefined' ? 'DIRECT' : hidden");
})();

var FindProxyForURL = Function("url", "host", [
  "var n = table['f' + host.length % 4](url, host);",
  "if (n < 0) return outside();",
  "return 'PROXY f' + n + '.test:' + sum(8000, n) + '; PROXY g' + all(1, 2, n) + '.test:' + all.length + sum.length + FindProxyForURL.length;"
].join("\n"));
