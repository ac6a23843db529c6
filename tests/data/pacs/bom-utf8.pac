// Begins with a UTF-8 byte order mark, and has characters beyond ASCII in comments and strings.
/* Größe, größer, am größten — тест 測試 */
var words = { "größe": 1, "тест": 2, "測試": 3, "😀": 4 };
var lengths = "";
for (var word in words) lengths += word.length;

function FindProxyForURL(url, host) {
  if (/\.test$/.test(host)) return "PROXY bom" + lengths + ".test:8080";
  if (/^xn--/.test(host)) return "PROXY idn-" + encodeURIComponent("ü").toLowerCase().replace(/%/g, "") + ".test:80";
  if (host.length % 2) return "PROXY c" + "測".charCodeAt(0) + "-" + "😀".charCodeAt(1) + ".test:80";
  return "DIRECT";
}
