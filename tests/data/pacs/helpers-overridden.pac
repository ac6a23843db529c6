// Brings its own versions of the helper functions, which win over those of the client.
function isPlainHostName(host) { return host.indexOf(".") < 0 && host.indexOf(":") < 0; }
function dnsDomainIs(host, domain) {
  if (domain.charAt(0) != ".") domain = "." + domain;
  return ("." + host).slice(-domain.length) == domain;
}
var shExpMatch = function (text, pattern) {
  var p = 0, t = 0, star = -1, mark = 0;
  while (t < text.length) {
    if (p < pattern.length && (pattern.charAt(p) == "?" || pattern.charAt(p) == text.charAt(t) && pattern.charAt(p) != "*")) { p++; t++; }
    else if (pattern.charAt(p) == "*") { star = p++; mark = t; }
    else if (star >= 0) { p = star + 1; t = ++mark; }
    else return false;
  }
  while (pattern.charAt(p) == "*") p++;
  return p == pattern.length;
};
dnsResolve = function (host) { return /\.corp\.test$/.test(host) ? "10.0.0." + host.length : null; };

function FindProxyForURL(url, host) {
  if (isPlainHostName(host)) return "DIRECT";
  if (isInNet(host, "10.0.0.16", "255.255.255.240")) return "PROXY net.test:80";
  if (isResolvable(host)) return "PROXY resolvable.test:80";
  if (dnsDomainIs(host, "corp.test") || dnsDomainIs(host, "example.com")) return "PROXY domain.test:80";
  if (shExpMatch(url, "*?q=*+*") || shExpMatch(url, "*(x|y)*")) return "PROXY glob.test:80";
  return shExpMatch(host, "*e*a*l*") ? "PROXY letters.test:80" : "SOCKS rest.test:1080";
}
