// Walks the labels of a name from the left until the rest is a key of the table.
var proxies = { a: "PROXY a.example.com:8080", b: "SOCKS5 b.example.com:1080", d: "DIRECT" };
var domains = {
  "com": "a", "example.com": "b", "mail.example.com": "d",
  "test": "a", "corp.test": "d", "eu.corp.test": "b", "campus.test": "d",
  "example": "b", "shop.example": "a", "org": "d", "cdn.example.org": "a",
  "blocked.test": "b", "constructor": "a"
};
var own = Object.hasOwnProperty;

function FindProxyForURL(url, host) {
  var suffix = host, pos = host.lastIndexOf("."), depth = 0;
  if (pos == host.length - 1) suffix = host.slice(0, -1);
  for (;;) {
    if (own.call(domains, suffix)) return proxies[domains[suffix]] + (depth > 1 ? "; DIRECT" : "");
    pos = suffix.indexOf(".");
    if (pos < 0) break;
    suffix = suffix.substr(pos + 1);
    depth++;
  }
  return "PROXY depth" + depth + ".example.com:8080";
}
