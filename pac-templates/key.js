// The route key of a URL: a short string, cut out of the URL as it stands, as bytes. No URL
// library could do it, as each normalises in its own way; the router has the same steps.
// Data: parrayKeyKind.

// Lower case for A-Z only. toLowerCase alone would also turn the Kelvin sign into "k"; but
// what it leaves as it is has no A-Z.
function parrayLower(s) {
  return s==s.toLowerCase() ? s : s.replace(/[A-Z]+/g, function (t) { return t.toLowerCase(); });
}

// What stands before the first c.
function parrayCut(s, c) {
  var p = s.indexOf(c);
  return p<0 ? s : s.substring(0, p);
}

function parrayKey(url) {
  var k=parrayKeyKind;
  // Most URLs that browsers give to a PAC are plain http ones: ASCII in normal form, without
  // credentials, port and fragment.
  if (!/^http:\/\/[a-z\d.-]*[a-z\d-]\/[!"$-~]*$/.test(url)) return parrayBytes(parrayAny(url));
  return k=="url" ? url : k=="path" ? parrayCut(url, "?") : parrayCut(url.substring(7), "/");
}

// The key of any URL, as text.
function parrayAny(url) {
  var p = url.indexOf("://"), scheme = "", tail = "", port;
  if (p>=0) {
    scheme = parrayLower(url.substring(0, p));
    url = url.substring(p+3);
  }
  p = url.search(/[\/?#]/);
  if (p>=0) {
    tail = url.substring(p);
    url = url.substring(0, p);
  }
  // Credentials end at the last "@".
  url = url.substring(url.lastIndexOf("@")+1);
  // p: where the host ends. The colons inside of [ ] are no port.
  p = url.charAt(0)=="[" ? url.indexOf("]")+1 : 0;
  if (!p) p = url.lastIndexOf(":");
  if (p<0) p = url.length;
  port = url.substring(url.charAt(p)==":" ? p+1 : p);
  // From here on, url is the host alone.
  url = parrayLower(url.substring(0, p));
  p = url.length-1;
  if (url.charAt(p)==".") url = url.substring(0, p);
  if (parrayKeyKind=="host") return url;
  // For other schemes than http a browser tells no path, nor does CONNECT.
  if (scheme!="http") return url+":"+(port||(scheme=="ws" ? 80 : scheme=="ftp" ? 21 : 443));
  tail = parrayCut(tail, "#");
  if (parrayKeyKind=="path") tail = parrayCut(tail, "?");
  return "http://"+url+(port&&port!="80" ? ":"+port : "")+(tail.charAt(0)=="/" ? "" : "/")+tail;
}
