// Asks each helper for corner cases and writes the answers as letters into a proxy's name.
function letter(f) {
  try {
    var v = f();
    return v === true ? "t" : v === false ? "f" : v === null ? "n" : typeof v == "undefined" ? "u" : "x" + v;
  } catch (e) {
    return "e";
  }
}

function cases(host, url) {
  return [
    function () { return dnsDomainIs(host, "corp.test"); }, function () { return dnsDomainIs(host, ""); }, function () { return dnsDomainIs("a", "." + host); },
    function () { return localHostOrDomainIs(host, "www.example.com"); }, function () { return localHostOrDomainIs(host, host + ".more"); },
    function () { return shExpMatch(host, "(www|mail).*"); }, function () { return shExpMatch(host, "[a-m]*"); }, function () { return shExpMatch(host, "a(b"); },
    function () { return shExpMatch(url, "http?://*"); }, function () { return shExpMatch(host, "WWW.*"); }, function () { return shExpMatch(host, "*.*.*"); },
    function () { return isInNet(host, "10.0.0.0", "255.0.0.0"); }, function () { return isInNet(host, "0.0.0.0", "0.0.0.0"); }, function () { return isInNet(host, "10.0.0.0", "8"); },
    function () { return isInNet(host, "300.0.0.0", "255.0.0.0"); }, function () { return isInNet("010.0.0.1", "10.0.0.0", "255.0.0.0"); },
    function () { return isPlainHostName(host); }, function () { return isPlainHostName("foopy::1"); }, function () { return isPlainHostName(7); },
    function () { return dnsDomainLevels(host); }, function () { return dnsDomainLevels(host + "."); }, function () { return isValidIpAddress(host); },
    function () { return convert_addr("192.0.2.4"); }, function () { return convert_addr(host) === (convert_addr(host) | 0); }, function () { return isResolvable(host); },
    function () { return dnsResolve(null); }, function () { return typeof alert; }, function () { return weekdayRange("NOPE"); }, function () { return timeRange(25); }
  ];
}

function FindProxyForURL(url, host) {
  var list = cases(host, url), out = "", i;
  for (i = host.length % 2; i < list.length; i += 2) out += letter(list[i]);
  return "PROXY " + out + ".test:80";
}
