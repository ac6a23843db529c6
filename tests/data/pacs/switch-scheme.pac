// A switch over the scheme, with a default in the middle and cases that fall through.
function FindProxyForURL(url, host) {
  var list = "", port = 8000;
  switch (url.substring(0, url.indexOf(":"))) {
    case "https":
      list += "HTTPS secure.test:443; ";
    case "wss":
      list += "PROXY tunnel.test:8443; ";
      break;
    default:
      list += "PROXY other.test:8080; ";
    case "http":
      switch (host.charAt(0)) {
        case "w": port++;
        case "a": case "c": port += 10; break;
        case "1": port += 100;
      }
      list += "PROXY plain.test:" + port + "; ";
      break;
    case "ftp":
      return "PROXY ftp.test:2121";
  }
  return list + "DIRECT";
}
