// Consistent hashing: forty points on a ring by Adler-32, sorted, and the next one after the host's.
function adler(text) {
  var a = 1, b = 0;
  for (var i = 0; i < text.length; i++) {
    a = (a + text.charCodeAt(i) * 251) % 65521;
    b = (b + a) % 65521;
  }
  return b * 40503 % 65536 * 65536 + a;
}

var ring = [];
for (var node = 0; node < 8; node++)
  for (var copy = 0; copy < 5; copy++)
    ring[ring.length] = { at: adler("node" + node + "#" + copy * 7919), node: node };
ring.sort(function (x, y) { return x.at < y.at ? -1 : x.at > y.at ? 1 : x.node - y.node; });

function FindProxyForURL(url, host) {
  var at = adler(host), i = 0;
  while (i < ring.length && ring[i].at < at) i++;
  var first = ring[i % ring.length].node, second;
  do { second = ring[++i % ring.length].node; } while (second == first);
  return "PROXY ring" + first + ".test:3128; PROXY ring" + second + ".test:3128";
}
