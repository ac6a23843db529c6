// UTF-8 as a string of which each char code is one byte. ASCII is its own UTF-8 and
// comes back as it is, which spares browsers (their URLs are ASCII) the loop.
function parrayBytes(s) {
  if (!/[^\x00-\x7f]/.test(s)) return s;
  var out = "", i, c, d;
  for (i = 0; i < s.length; i++) {
    c = s.charCodeAt(i);
    if (c > 55295 && c < 57344) {
      // A pair of surrogates is one character; one that stands alone becomes U+FFFD.
      d = c < 56320 ? s.charCodeAt(i + 1) : 0;
      if (d > 56319 && d < 57344) {
        c = (c - 55296) * 1024 + d + 9216;
        i++;
      } else c = 65533;
    }
    out += c < 128 ? String.fromCharCode(c) :
    c < 2048 ? String.fromCharCode(192 | c >> 6, 128 | c & 63) :
    c < 65536 ? String.fromCharCode(224 | c >> 12, 128 | c >> 6 & 63, 128 | c & 63) :
    String.fromCharCode(240 | c >> 18, 128 | c >> 12 & 63, 128 | c >> 6 & 63, 128 | c & 63);
  }
  return out;
}
