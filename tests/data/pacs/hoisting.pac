// Uses functions and variables before their lines, the later of two functions, and names of parameters again.
var early = typeof later + "-" + typeof value + "-" + later();

function pick() { return "first"; }
var picked = pick();
function pick() { return "second"; }
var pick2 = pick;
var pick = "third";

function later() { return "l" + (value === undefined ? 0 : 1); }
var value = 5;

function shadow(host) {
  if (host.length % 2) { var host, odd = "odd"; }
  else { host = "even"; }
  return odd + host.length;
}

var named = function fact(n) { return n < 2 ? 1 : n * fact(n - 1); };

function inner(host) {
  return before(host) + typeof after;
  var after = 1;
  function before(text) { return text.length > 12 ? "long" : "short"; }
}

function FindProxyForURL(url, host) {
  if (isPlainHostName(host)) return "PROXY " + early + ".test:" + value;
  if (shExpMatch(host, "*.test")) return "PROXY " + picked + "-" + pick + "-" + typeof pick2 + ".test:80";
  if (shExpMatch(host, "*.com")) return "PROXY " + shadow(host) + ".test:80";
  return "PROXY " + inner(host) + "-" + typeof fact + ".test:" + named(host.length % 8);
}
