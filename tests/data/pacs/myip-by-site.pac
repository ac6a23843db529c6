// Combines the client's own address with the name that is asked for, last octet and all.
function FindProxyForURL(url, host) {
  var me = myIpAddress(), octets = me.split(".");
  if (octets.length != 4) return "PROXY six.test:8080";
  var last = parseInt(octets[3], 10), third = +octets[2];
  if (isInNet(host, me, "255.255.255.0")) return "DIRECT";
  if (isInNet(me, "127.0.0.0", "255.0.0.0") && isPlainHostName(host)) return "PROXY loop.test:8080";
  var rank = (last + host.length) % 3;
  if (/\.corp\.test$/.test(host)) return "PROXY site" + third + ".corp.test:8080; DIRECT";
  return ["PROXY a.test:8080", "PROXY b.test:8080", "PROXY c.test:8080"].concat("DIRECT").slice(rank).join("; ");
}
