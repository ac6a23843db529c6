// The route key of a URL: a short string, cut out of the URL as it stands. No URL
// library could do it, as each normalises in its own way; the router has the same steps.
// Data: parrayKeyKind.

// Lower case for A-Z only. toLowerCase alone would also turn the Kelvin sign into "k".
function parrayLower(s) {
  return /[A-Z]/.test(s) ? s.replace(/[A-Z]+/g, function (t) { return t.toLowerCase(); }) : s;
}

function parrayKey(url) {
  var p = url.indexOf("://"), scheme = "", tail = "", host, port, c;
  if (p >= 0) {
    scheme = parrayLower(url.substring(0, p));
    url = url.substring(p + 3);
  }
  // From here on, url is the authority alone.
  p = url.search(/[\/?#]/);
  if (p >= 0) {
    tail = url.substring(p);
    url = url.substring(0, p);
  }
  // Credentials end at the last "@".
  url = url.substring(url.lastIndexOf("@") + 1);
  // c: where the host ends. The colons inside of [ ] are no port.
  c = url.charAt(0) == "[" ? url.indexOf("]") + 1 : 0;
  if (!c) c = url.lastIndexOf(":");
  if (c < 0) c = url.length;
  host = parrayLower(url.substring(0, c));
  port = url.substring(url.charAt(c) == ":" ? c + 1 : c);
  c = host.length - 1;
  if (host.charAt(c) == ".") host = host.substring(0, c);
  if (parrayKeyKind == "host") return host;
  // A browser tells no path but for http.
  if (scheme != "http") return host + ":" + (port || (scheme == "ws" ? "80" : scheme == "ftp" ? "21" : "443"));
  p = tail.indexOf("#");
  if (p >= 0) tail = tail.substring(0, p);
  if (parrayKeyKind == "path") {
    p = tail.indexOf("?");
    if (p >= 0) tail = tail.substring(0, p);
  }
  if (tail.charAt(0) != "/") tail = "/" + tail;
  return "http://" + host + (port && port != "80" ? ":" + port : "") + tail;
}
