// Subnets as integers with masks, signed and unsigned, by convert_addr.
var NETS = [
  0x0A000000, 0xFF000000, 0xAC100000, 0xFFF00000, 0xC0A80000, 0xFFFF0000,
  3221225984, 4294967040, -971217408, -256, 0xCB007100 | 0, ~127
];

function FindProxyForURL(url, host) {
  if (!isValidIpAddress(host)) return "DIRECT";
  var ip = convert_addr(host), out = [];
  for (var i = 0; i < NETS.length; i += 2)
    if ((ip & NETS[i + 1]) == (NETS[i] & NETS[i + 1])) out.push(i / 2);
  if (out.length == 0) return "PROXY none-" + (ip >>> 24) + ".test:" + (ip & 0xFF);
  return "PROXY net" + out.join("-") + (ip < 0 ? "-high" : "-low") + ".test:" + ((ip >>> 16 & 255) + 1000);
}
