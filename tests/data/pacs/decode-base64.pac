// A base64 decoder and encoder of its own, and a list of regular expressions that is decoded.
var B64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

function decode(text) {
  var out = "", i = 0, a, b, c, d;
  text = text.replace(/[^A-Za-z0-9+\/=]/g, "");
  while (i < text.length) {
    a = B64.indexOf(text.charAt(i++));
    b = B64.indexOf(text.charAt(i++));
    c = B64.indexOf(text.charAt(i++));
    d = B64.indexOf(text.charAt(i++));
    out += String.fromCharCode(a << 2 | b >> 4);
    if (c != 64) out += String.fromCharCode((b & 15) << 4 | c >> 2);
    if (d != 64) out += String.fromCharCode((c & 3) << 6 | d);
  }
  return out;
}

function encode(text) {
  var out = "", bits = 0, held = 0, i;
  for (i = 0; i < text.length; i++) {
    held = held << 8 | text.charCodeAt(i) & 255;
    for (bits += 8; bits >= 6;) out += B64.charAt(held >> (bits -= 6) & 63);
    held &= (1 << bits) - 1;
  }
  if (bits) out += B64.charAt(held << 6 - bits & 63);
  while (out.length % 4) out += "=";
  return out;
}

var list = decode("Xmh0dHBzPzpcL1wvKD86W15cL10rXC4pP2Jsb2NrZWRcLnRlc3QKXlx3KzpcL1wvW15cL10qXGJzaG9wXC4KWz8mXW" +
  "FkKF9pZCk/PQpeZnRwOgo6XGR7NCw1fVwvClwvXC8xMFwuCl5odHRwczpcL1wvW15cL10rXC5leGFtcGxlXC8kClwu" +
  "KD86anN8Y3NzfHBuZykk").split("\n");

function FindProxyForURL(url, host) {
  for (var i = 0; i < list.length; i++)
    if (new RegExp(list[i]).test(url)) return "PROXY list" + i + ".test:8080";
  var code = encode(host);
  if (decode(code) !== host) return "PROXY broken.test:1";
  return "PROXY " + code.replace(/[=+\/]/g, "-").toLowerCase().substring(0, 12) + ".test:80";
}
