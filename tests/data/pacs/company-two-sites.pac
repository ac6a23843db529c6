// Picks the proxy of the site that the client's own address belongs to.
var SITES = [
  ["10.1.0.0", "255.255.0.0", "PROXY north.corp.test:8080"],
  ["10.2.0.0", "255.255.0.0", "PROXY south.corp.test:8080"],
  ["192.168.0.0", "255.255.0.0", "PROXY home.corp.test:8080"],
  ["127.0.0.0", "255.0.0.0", "PROXY loop.corp.test:8080"]
];

function siteProxy() {
  var me = myIpAddress();
  for (var i = 0; i < SITES.length; i++)
    if (isInNet(me, SITES[i][0], SITES[i][1])) return SITES[i][2];
  return "PROXY roaming.corp.test:443";
}

function FindProxyForURL(url, host) {
  var mine = siteProxy();
  if (isPlainHostName(host)) return "DIRECT";
  if (dnsDomainIs(host, ".eu.corp.test")) return "PROXY north.corp.test:8080; " + mine;
  if (dnsDomainIs(host, ".us.corp.test")) return "PROXY south.corp.test:8080; " + mine;
  if (dnsDomainIs(host, ".corp.test")) return "DIRECT";
  if (host === myIpAddress()) return "DIRECT";
  return mine + "; DIRECT";
}
