// Balances by FNV-1a with Math.imul and with a replacement of it, which must agree.
function mul(a, b) {
  var ah = a >>> 16 & 0xffff, al = a & 0xffff, bh = b >>> 16 & 0xffff, bl = b & 0xffff;
  return al * bl + (ah * bl + al * bh << 16 >>> 0) | 0;
}
var imul = typeof Math.imul === "function" ? Math.imul : mul;

function fnv(text, times) {
  var h = 0x811c9dc5;
  for (var i = 0; i < text.length; i++) h = times(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

function FindProxyForURL(url, host) {
  var one = fnv(host, imul), two = fnv(host, mul);
  if (one !== two) return "PROXY imul-differs.test:1";
  return "PROXY n" + (one % 16) + ".test:3128; PROXY h" + one.toString(36) + ".test:3128";
}
