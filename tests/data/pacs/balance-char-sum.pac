// Balances over five proxies by the sum of the characters of the host, the others behind.
var members = ["p0.test:3128", "p1.test:3128", "p2.test:3128", "p3.test:3128", "p4.test:3128"];

function FindProxyForURL(url, host) {
  if (isPlainHostName(host)) return "DIRECT";
  var sum = 0, i, list = "";
  for (i = 0; i < host.length; i++) sum += host.charCodeAt(i);
  for (i = 0; i < members.length; i++) list += "PROXY " + members[(sum + i) % members.length] + "; ";
  return list + "DIRECT";
}
