// Balances by djb2 and sdbm of host and URL, once with shifts and once with doubles.
function djb2(text) {
  for (var h = 5381, i = 0; i < text.length; i++) h = (h << 5) + h + text.charCodeAt(i) | 0;
  return h;
}

function djb2Double(text) {
  for (var h = 5381, i = 0; i < text.length; i++) h = (h * 33 + text.charCodeAt(i)) % 4294967296;
  return h;
}

function sdbm(text) {
  for (var h = 0, i = 0; i < text.length; i++) h = text.charCodeAt(i) + (h << 6) + (h << 16) - h & 0x7FFFFFFF;
  return h;
}

function FindProxyForURL(url, host) {
  var a = djb2(url), b = djb2Double(url), c = sdbm(host);
  if (a >>> 0 !== b) return "PROXY differ.test:80";
  return "PROXY a" + (a % 4) + ".test:" + (8000 + Math.abs(a) % 100) + "; PROXY c" + c % 3 + ".test:8080";
}
