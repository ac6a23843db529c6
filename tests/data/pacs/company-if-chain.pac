// The grown chain of a company: regions, partners, exceptions, and one proxy too many.
function FindProxyForURL(url, host) {
  var direct = "DIRECT";
  var eu = "PROXY eu-proxy.corp.test:3128; PROXY us-proxy.corp.test:3128";
  var us = "PROXY us-proxy.corp.test:3128; PROXY eu-proxy.corp.test:3128";
  var dmz = "PROXY dmz.corp.test:8080";
  url = url.toLowerCase();
  host = host.toLowerCase();

  // the intranet
  if (isPlainHostName(host)) return direct;
  if (host == "corp.test" || host == "www.corp.test") return dmz;
  if (shExpMatch(host, "*.eu.corp.test")) {
    if (shExpMatch(host, "*.lab.eu.corp.test")) return "SOCKS lab-gate.eu.corp.test:1080";
    return direct;
  }
  if (shExpMatch(host, "*.us.corp.test")) return us;
  if (shExpMatch(host, "*.ap.corp.test")) return us + "; DIRECT";
  if (dnsDomainIs(host, ".corp.test") && url.substring(0, 6) == "https:") return direct;
  if (dnsDomainIs(host, ".corp.test")) return eu;

  // partners
  if (dnsDomainIs(host, "partner1.test") || dnsDomainIs(host, "partner2.test")) return dmz;
  if (localHostOrDomainIs(host, "extranet.partner3.test")) return dmz + "; " + eu;

  // literal addresses
  if (shExpMatch(host, "10.*") || shExpMatch(host, "192.168.*")) return direct;
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return "PROXY ip-only.corp.test:3128";
  if (host.indexOf(":") >= 0) return "PROXY v6.corp.test:3128";

  // ticket 4711: the shop does not like the proxy of the EU
  if (shExpMatch(host, "*shop.example")) return us;
  // do not touch
  if (shExpMatch(url, "*.pdf?*") || shExpMatch(url, "*.exe")) return "PROXY scan.corp.test:3128";
  if (shExpMatch(url, "ftp:*")) return "PROXY ftp.corp.test:2121";
  return eu;
}
