// Exceptions of all kinds within: finally that overrides, rethrown, nested, names of the kinds, catch that shadows.
function kind(f) {
  try { f(); return "none"; }
  catch (e) { return e instanceof Error ? e.name : typeof e; }
}

function overrides(n) {
  try { if (n % 2) throw n; return "try"; }
  catch (e) { return "catch" + e; }
  finally { if (n % 3 == 0) return "finally"; }
}

function nested(host) {
  var log = "", e = "outer";
  try {
    try { log += "a"; if (host.length > 12) throw { code: host.length }; log += "b"; }
    catch (e) { log += "c" + e.code; if (e.code > 18) throw e; }
    finally { log += "f"; }
    log += "g";
  } catch (again) { log += "r" + (again.code - 1); }
  return log + e;
}

var kinds = [
  function () { return nothingOfThatName; }, function () { null.length; }, function () { (void 0)(); },
  function () { new RegExp("("); }, function () { throw "text"; }, function () { throw 5; }, function () { decodeURIComponent("%"); },
  function () { new Array(-1); }, function () { eval("var ="); }, function () { (1).toString(99); }, function () { throw null; },
  function () { "x" in "y"; }, function () { ({}) instanceof 3; }, function () { return 1; }
];

function FindProxyForURL(url, host) {
  if (isPlainHostName(host)) return "PROXY " + overrides(host.length) + ".test:80";
  if (/test$/.test(host)) return "PROXY " + nested(host) + ".test:80";
  return "PROXY " + kind(kinds[host.length % kinds.length]) + ".test:80; DIRECT";
}
