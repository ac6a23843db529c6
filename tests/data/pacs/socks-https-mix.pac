// A mix of SOCKS, SOCKS5, HTTPS and PROXY by scheme, port and domain.
function FindProxyForURL(url, host) {
  var port = /^[a-z]+:\/\/(?:[^\/@]*@)?(?:\[[^\]]*\]|[^\/:]*):(\d+)/.exec(url);
  if (/^(ws|wss):/.test(url)) return "SOCKS5 192.0.2.108:1080; SOCKS 192.0.2.108:1080";
  if (port && +port[1] > 8000) return "SOCKS4 high.test:" + port[1] + "; DIRECT";
  if (port) return "SOCKS low.test:" + (1000 + port[1] % 1000);
  if (url.substring(0, 6) == "https:") return "HTTPS tls.test:443; HTTPS tls2.test:8443; PROXY plain.test:8080";
  if (host.indexOf(".corp.") > 0) return "HTTPS corp.test:443; DIRECT";
  if (/bank|shop/.test(host)) return "PROXY pay.test:8080; SOCKS5 pay.test:1080; DIRECT";
  return "SOCKS5 [2001:db8::1080]:1080";
}
