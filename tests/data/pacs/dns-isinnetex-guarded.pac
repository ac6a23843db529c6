// Asks isInNetEx for prefixes of both families if there is one, and sorts what resolves.
var PREFIXES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "192.0.2.0/25", "2001:db8::/48", "2001:db8:0:0::/32"];

function FindProxyForURL(url, host) {
  if (typeof isInNetEx != "function" || typeof sortIpAddressList != "function")
    return isInNet(host, "10.0.0.0", "255.0.0.0") ? "DIRECT" : "PROXY old.test:8080";
  var list = dnsResolveEx(host);
  if (list == "") return sortIpAddressList(list) === false ? "PROXY unknown.test:8080" : "PROXY oops.test:8080";
  var first = sortIpAddressList(list + ";203.0.113.254").split(";")[0];
  for (var i = 0; i < PREFIXES.length; i++) {
    if (!isInNetEx(first, PREFIXES[i])) continue;
    return "PROXY net" + i + ".test:8080; PROXY " + (first.indexOf(":") < 0 ? first : "[" + first + "]") + ":8080";
  }
  return isInNetEx(first) === null ? "PROXY outside.test:8080" : "PROXY strange.test:8080";
}
