// Looks names up, and checks in several ways for the null of names that do not resolve.
function FindProxyForURL(url, host) {
  var ip = dnsResolve(host);
  if (ip === null || typeof ip == "undefined") return "PROXY unresolved.test:8080";
  if (ip == host) return "PROXY literal.test:8080";
  if (!ip || ip.length < 7) return "PROXY empty.test:8080";
  var first = ip.split(".")[0] - 0;
  if (isNaN(first)) return "PROXY nan.test:8080";
  switch (true) {
    case first == 10: return "DIRECT";
    case first < 192: return "PROXY middle.test:" + first;
    default: return "PROXY " + ip.replace(/\d+$/, "1") + ":8080";
  }
}
