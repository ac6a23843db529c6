// Shifts, masks and their precedence over large, negative and fractional numbers.
function rotl(x, n) { return x << n | x >>> 32 - n; }
function bits(x) { for (var c = 0; x; c++) x &= x - 1; return c; }
function reverse(x) {
  x = x >>> 1 & 0x55555555 | (x & 0x55555555) << 1;
  x = x >>> 2 & 0x33333333 | (x & 0x33333333) << 2;
  x = x >>> 4 & 0x0F0F0F0F | (x & 0x0F0F0F0F) << 4;
  return (x << 24 | (x & 0xFF00) << 8 | x >>> 8 & 0xFF00 | x >>> 24) >>> 0;
}

function FindProxyForURL(url, host) {
  var x = 0x9E3779B9, i;
  for (i = 0; i < host.length; i++) x = rotl(x, 5) ^ host.charCodeAt(i) * 2654435761;
  switch (x & 7) {
    case 0: return "PROXY b" + bits(x) + ".test:80";
    case 1: return "PROXY r" + reverse(x) + ".test:80";
    case 2: return "PROXY s" + (x >> 3) + "-" + (x >>> 3) + "-" + (x << 3) + ".test:80";
    case 3: return "PROXY n" + ~x + "-" + ~~(x / 3.7) + "-" + (x ^ -1) + ".test:80";
    case 4: return "PROXY w" + (x << 33) + "-" + (x >>> 40) + "-" + (1 << -1) + ".test:80";
    case 5: return "PROXY d" + (4294967296.5 + x | 0) + "-" + (x * 1e10 >>> 0) + "-" + (NaN | 0) + ".test:80";
    case 6: return "PROXY p" + (x & 1 + 2 ^ 3 | 4 == 4) + "-" + (x >> 1 < 0) + "-" + (x % 8 & 7) + ".test:80";
  }
  return "PROXY h" + (x >>> 0).toString(16) + "-" + ("10" | "5") + "-" + ("0xff" & 15) + "-" + (null >>> 0) + ".test:80";
}
