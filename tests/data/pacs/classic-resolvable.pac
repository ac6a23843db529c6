// What the own name server resolves is inside and goes direct.
function FindProxyForURL(url, host)
{
  if (isResolvable(host))
    return "DIRECT";
  else
    return "PROXY proxy.corp.test:8080";
}
