// Decides by the number of dots in the name.
function FindProxyForURL(url, host) {
  var levels = dnsDomainLevels(host);
  if (levels == 0) return "DIRECT";
  if (levels > 8) return "PROXY deep.corp.test:8080";
  if (levels == 3 && isValidIpAddress(host)) return "PROXY address.corp.test:8080";
  return "PROXY level" + levels + ".corp.test:" + (8000 + levels);
}
