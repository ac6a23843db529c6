// Direct for plain names and the own domain, else a proxy and then direct.
function FindProxyForURL(url, host)
{
  if (isPlainHostName(host) || dnsDomainIs(host, ".corp.test"))
    return "DIRECT";
  else
    return "PROXY w3proxy.corp.test:8080; DIRECT";
}
