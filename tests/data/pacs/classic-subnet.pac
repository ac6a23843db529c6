// Direct for the own subnet, by name or by address, else a proxy.
function FindProxyForURL(url, host)
{
  if (isPlainHostName(host) ||
      isInNet(host, "10.0.0.0", "255.0.0.0") ||
      isInNet(host, "172.16.0.0", "255.240.0.0"))
    return "DIRECT";
  if (isInNet(dnsResolve(host) || "192.0.2.254", "198.51.100.0", "255.255.255.0"))
    return "PROXY near.corp.test:8080; DIRECT";
  return "PROXY proxy.corp.test:8080";
}
