// Loose and strict equality, truth of values, conversions by valueOf and toString, and typeof.
var odd = { valueOf: function () { return 3; }, toString: function () { return "odd"; } };
var pairs = [
  [null, undefined], [0, ""], ["0", false], [NaN, NaN], [[1], 1], [[1, 2], "1,2"], [odd, 3], [odd, "odd"], [{}, "[object Object]"],
  ["1e1", 10], [" \t\n", 0], [null, 0], [undefined, 0], [true, "1"], [true, "true"], [-0, 0], [new String("a"), "a"], [[], []], [[[]], 0]
];

function FindProxyForURL(url, host) {
  var bits = "", i, n = host.length % 4;
  for (i = n; i < pairs.length; i += 4) {
    var a = pairs[i][0], b = pairs[i][1];
    bits += (a == b ? 1 : 0) + (a === b ? 2 : 0) + (a <= b ? 4 : 0) + (!a == !b ? 8 : 0);
  }
  return "PROXY " + typeof pairs[i % pairs.length][0] + "-" + (odd + 1) + [odd] + (host > "m") + ("a" + +odd) + "-" + bits + ".test:80";
}
