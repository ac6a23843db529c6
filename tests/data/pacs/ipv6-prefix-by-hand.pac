// Expands IPv6 literals by hand, and compares prefixes bit by bit.
function expand(text) {
  var halves = text.split("::"), head = halves[0] ? halves[0].split(":") : [];
  var tail = halves.length > 1 && halves[1] ? halves[1].split(":") : [], groups = head.slice(0), i;
  for (i = head.length + tail.length; i < 8; i++) groups.push("0");
  groups = groups.concat(tail);
  for (i = 0; i < 8; i++) groups[i] = parseInt(groups[i], 16);
  return groups;
}

function common(a, b) {
  for (var i = 0; i < 128; i++) {
    var shift = 15 - i % 16;
    if ((a[i >> 4] >> shift & 1) != (b[i >> 4] >> shift & 1)) break;
  }
  return i;
}

var nets = ["2001:db8::", "2001:db8:1::20", "2001:db8:8000::", "2001:db8:a:b:c:d:e:0"];

function FindProxyForURL(url, host) {
  if (host.indexOf(":") < 0) return "DIRECT";
  var mine = expand(host), best = 0, length = -1;
  for (var i = 0; i < nets.length; i++) {
    var n = common(mine, expand(nets[i]));
    if (n > length) { length = n; best = i; }
  }
  return "PROXY six" + best + "-" + length + ".test:" + (mine[7] % 1000 + 8000);
}
