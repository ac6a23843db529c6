// The arguments object, apply, call, bind, callee, lengths of functions, this of plain calls, and new with returns.
function count() { return arguments.length; }
function alias(a, b) { arguments[0] = "x"; b = 2; return a + arguments[1] + arguments.length; }
function sum() { var t = 0, i = arguments.length; while (i--) t += +arguments[i]; return t; }
function rest(first) { return Array.prototype.slice.call(arguments, 1).concat(first); }
function down(n) { return n <= 0 ? "" : n + arguments.callee(n - 2); }
function whose() { return this === whose.root ? "global" : typeof this; }
whose.root = this;
function Maker(n) { this.n = n; if (n % 2) return { n: "object" }; return n; }
var bound = sum.bind(null, 100, 20);

function FindProxyForURL(url, host) {
  if (arguments.length != 2 || FindProxyForURL.length != 2) return "PROXY arity.test:1";
  var codes = host.split("").map(function (c) { return c.charCodeAt(0) % 10; });
  switch (host.length % 7) {
    case 0: return "PROXY " + alias(host.charAt(0), 1) + ".test:80";
    case 1: return "PROXY " + sum.apply(null, codes) + ".test:" + Math.max.apply(Math, codes);
    case 2: return "PROXY " + rest.apply(this, codes).join("") + ".test:80";
    case 3: return "PROXY " + down(host.length) + ".test:80";
    case 4: return "PROXY " + whose() + whose.call("x") + whose.apply(5) + whose.call(null) + ".test:80";
    case 5: return "PROXY " + new Maker(host.length).n + count.call.apply(count, [1, 2, 3]) + ".test:80";
  }
  return "PROXY " + bound(codes[0], codes[1]) + ({}).toString.call(arguments).slice(8, -1) + typeof arguments[2] + ".test:80";
}
