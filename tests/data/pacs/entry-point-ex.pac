// Has both entry points: one for clients with IPv6, one for the others.
function common(url, host, ex) {
  if (isPlainHostName(host)) return "DIRECT";
  if (/^\[?[0-9a-f]*:/.test(host)) return ex ? "PROXY six-ex.test:8080" : "PROXY six.test:8080";
  if (/^[\d.]+$/.test(host)) return "PROXY four.test:8080";
  return url.substr(0, 5) == "https" ? "HTTPS tls.test:443" : "PROXY any.test:8080";
}

function FindProxyForURLEx(url, host) {
  return common(url, host, true);
}

function FindProxyForURL(url, host) {
  return common(url, host, false);
}
