// Direct if the name resolves to a private address, with the cheap tests of text first.
function isPrivate(ip) {
  return isInNet(ip, "10.0.0.0", "255.0.0.0") ||
    isInNet(ip, "172.16.0.0", "255.240.0.0") ||
    isInNet(ip, "192.168.0.0", "255.255.0.0");
}

function FindProxyForURL(url, host) {
  if (shExpMatch(host, "*.invalid")) return "PROXY trap.test:8080";
  if (!isResolvable(host)) return isPlainHostName(host) ? "DIRECT" : "PROXY outside.test:8080";
  var resolved = dnsResolve(host);
  if (isPrivate(resolved)) return "DIRECT; PROXY private.test:8080";
  if (isInNet(host, "198.51.100.0", "255.255.255.0")) return "SOCKS5 near.test:1080";
  if (isResolvable(host + ".corp.test")) return "PROXY both.test:8080";
  return "PROXY public.test:8080; DIRECT";
}
