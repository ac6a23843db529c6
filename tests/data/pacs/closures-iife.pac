// Closures, functions called at once, a counter per closure, a curried rule, and a function that replaces itself.
var rules = (function (make) {
  var list = [], i;
  for (i = 0; i < 4; i++) (function (n) { list.push(make(n)); })(i);
  list.push(function () { return "late" + i; });
  return list;
}(function (n) {
  var asked = 0;
  return function (host) { asked++; return "n" + n + "x" + (host.length * (n + 1)); };
}));

!function () { this.fromBang = "bang"; }.call(this);
+function (root) { root.fromPlus = typeof root; }(this);

var when = function (test) { return function (answer) { return function (host) { return test(host) ? answer : null; }; }; };
var inCorp = when(function (host) { return /corp\.test$/.test(host); })("DIRECT");
var lazy = function () {
  var table = { ".com": 1, ".org": 2 };
  lazy = function (host) { return table[host.slice(-4)]; };
  return lazy.apply(this, arguments);
};

function FindProxyForURL(url, host) {
  return inCorp(host) || (lazy(host) ? "PROXY " + fromBang + lazy(host) + ".test:80" : "PROXY " +
    rules[host.length % rules.length](host) + "." + fromPlus + ".test:8080");
}
