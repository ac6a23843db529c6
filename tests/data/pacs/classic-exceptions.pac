// Like the local rule, but two servers of the own domain stand outside and need the proxy.
function FindProxyForURL(url, host)
{
  if ((isPlainHostName(host) ||
       dnsDomainIs(host, ".corp.test")) &&
      !localHostOrDomainIs(host, "vpn.corp.test") &&
      !localHostOrDomainIs(host, "wiki.corp.test"))
    return "DIRECT";
  else
    return "PROXY w3proxy.corp.test:8080; PROXY backup.corp.test:8080; DIRECT";
}
