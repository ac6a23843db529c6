// UTF-8 as a string of which each char code is one byte. ASCII is its own UTF-8 and
// comes back as it is, which spares browsers (their URLs are ASCII) the loop.
function parrayBytes(s) {
  if (!/[^\x00-\x7f]/.test(s)) return s;
  var chr = String.fromCharCode, out = "", i, c, d, n;
  for (i = 0; i<s.length; i++) {
    c = s.charCodeAt(i);
    d = s.charCodeAt(i+1);
    // A pair of surrogates is one character; one that stands alone becomes U+FFFD.
    if (c>>10==54&&d>>10==55) {
      c = (c-55296)*1024+d+9216;
      i++;
    } else if (c>>11==27) c = 65533;
    d = "";
    if (c>127) {
      // Six bits to a byte, from the last; n is what the first has room for.
      for (n = 64; c>=n; n>>=1) {
        d = chr(128|c&63)+d;
        c>>=6;
      }
      c|=256-n*2;
    }
    out += chr(c)+d;
  }
  return out;
}
