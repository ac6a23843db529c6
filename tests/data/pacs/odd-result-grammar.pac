// Result lists that clients read differently or not at all.
var results = [
  "proxy lower.test:80;direct", "PROXY\tTAB.test:80 ;;; DIRECT ;", "PROXY no-port.test", "DIRECT; PROXY after.test:80", "HTTP http.test:80",
  " PROXY  spaces.test:80 ", "PROXY a.test:80, PROXY b.test:80", "PROXY a.test:80 DIRECT", "PROXY", "", ";", "PROXY [2001:db8::1]:8080",
  "PROXY 2001:db8::1:8080", "PROXY port.test:99999", "PROXY port.test:", "PROXY user@host.test:80", "PROXY http://url.test:80/",
  "SOCKS5 s.test; SOCKS4 s4.test:1081; socks s.test:1082", "QUIC q.test:443; PROXY p.test:80", "BLOCK", "PROXY line.test:80;\nDIRECT",
  "DIRECT 1", "PROXY a.test:80; PROXY a.test:80", "PROXY a.test:080", "HTTPS h.test", "PROXY a.test:80\0; DIRECT"
];

function FindProxyForURL(url, host) {
  var sum = 0;
  for (var i = 0; i < url.length; i++) sum = (sum * 17 + url.charCodeAt(i)) % 1009;
  return results[sum % results.length];
}
