// Splits the load of three proxies by the top-level domain, each with the next one behind it.
function FindProxyForURL(url, host)
{
  if (isPlainHostName(host) || dnsDomainIs(host, ".corp.test"))
    return "DIRECT";

  else if (shExpMatch(host, "*.com"))
    return "PROXY proxy1.corp.test:8080; " +
           "PROXY proxy4.corp.test:8080";

  else if (shExpMatch(host, "*.org"))
    return "PROXY proxy2.corp.test:8080; " +
           "PROXY proxy4.corp.test:8080";

  else
    return "PROXY proxy3.corp.test:8080; " +
           "PROXY proxy4.corp.test:8080";
}
