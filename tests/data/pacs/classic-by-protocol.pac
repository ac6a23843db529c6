// One proxy for each protocol, as in the days of FTP and Gopher.
function FindProxyForURL(url, host)
{
  if (url.substring(0, 5) == "http:") {
    return "PROXY http-proxy.corp.test:8080";
  }
  else if (url.substring(0, 4) == "ftp:") {
    return "PROXY ftp-proxy.corp.test:8080";
  }
  else if (url.substring(0, 7) == "gopher:") {
    return "PROXY gopher-proxy.corp.test:8080";
  }
  else if (url.substring(0, 6) == "https:" || url.substring(0, 6) == "snews:") {
    return "PROXY security-proxy.corp.test:8080";
  }
  else {
    return "DIRECT";
  }
}
