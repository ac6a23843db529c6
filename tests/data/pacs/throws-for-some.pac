// Throws for some URLs: errors, strings, numbers, from deep calls, and by itself without throw.
function deep(n) { return n ? deep(n - 1) : fail(); }
function fail() { throw new Error("deep"); }

function FindProxyForURL(url, host) {
  if (dnsDomainIs(host, "blocked.test")) throw "blocked";
  if (dnsDomainIs(host, ".invalid")) throw new TypeError("no such host");
  if (host == "x") throw 42;
  if (url.indexOf("ad=") > 0) return deep(20);
  if (host == "games.test") return host.nothing.length;
  if (host == "wpad") throw { toString: function () { return "object"; } };
  if (host.indexOf("::") >= 0) return shExpMatch(host, "a(b") ? "DIRECT" : "PROXY six.test:80";
  try {
    if (host.length > 30) fail();
  } finally {
    if (host.length > 60) return "PROXY long.test:80";
  }
  return "PROXY fine.test:8080";
}
