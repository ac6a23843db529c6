// Helper functions that custom logic may call, with the meaning that Mozilla's and Chromium's
// library gives them. None of them asks DNS: here no name resolves.
function isPlainHostName(host) {
  return host.indexOf(".") < 0 && host.indexOf(":") < 0;
}
function dnsDomainIs(host, domain) {
  return host.length >= domain.length && host.substring(host.length - domain.length) == domain;
}
function dnsDomainLevels(host) {
  return host.split(".").length - 1;
}
function localHostOrDomainIs(host, full) {
  return host == full || full.indexOf(host + ".") == 0;
}
function shExpMatch(text, pattern) {
  pattern = pattern.replace(/\./g, "\\.").replace(/\*/g, ".*").replace(/\?/g, ".");
  return new RegExp("^" + pattern + "$").test(text);
}
function dnsResolve(host) {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? host : null;
}
function isResolvable(host) {
  return dnsResolve(host) != null;
}
function myIpAddress() {
  return "127.0.0.1";
}
function isInNet(host, net, mask) {
  var a = dnsResolve(host), b = dnsResolve(net), m = dnsResolve(mask), i;
  if (!a || !b || !m) return false;
  a = a.split(".");
  b = b.split(".");
  m = m.split(".");
  for (i = 0; i < 4; i++) if ((a[i] & m[i]) != (b[i] & m[i])) return false;
  return true;
}
function alert() {
}
