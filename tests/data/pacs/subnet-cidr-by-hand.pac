// CIDR arithmetic by hand: prefix lengths, network and broadcast addresses, size of the block.
var BLOCKS = "10.0.0.0/9,10.128.0.0/10,172.16.0.0/14,172.28.0.0/14,192.168.0.0/23,192.168.100.0/25," +
  "192.0.2.0/25,192.0.2.128/26,198.51.100.0/29,203.0.113.64/28,203.0.113.248/29,0.0.0.0/0";

function parse(text) {
  var slash = text.indexOf("/"), parts = text.substring(0, slash < 0 ? text.length : slash).split("."), value = 0;
  for (var i = 0; i < 4; i++) value = value * 256 + parseInt(parts[i], 10);
  return { value: value, bits: slash < 0 ? 32 : Number(text.substring(slash + 1)) };
}

function format(value) {
  return [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255].join(".");
}

function maskOf(bits) {
  return bits == 0 ? 0 : -1 << 32 - bits;
}

var table = [];
BLOCKS.replace(/[^,]+/g, function (text) { table.push(parse(text)); return ""; });

function FindProxyForURL(url, host) {
  if (!/^(?:\d+\.){3}\d+$/.test(host)) return "DIRECT";
  var ip = parse(host).value;
  for (var i = 0; i < table.length; i++) {
    var mask = maskOf(table[i].bits), first = (ip & mask) >>> 0;
    if (first === (table[i].value & mask) >>> 0) {
      var size = Math.pow(2, 32 - table[i].bits), last = first + size - 1;
      return "PROXY " + format(first) + ":" + table[i].bits + "; PROXY " + format(last) + ":" + (ip - first) % 65536;
    }
  }
  return "PROXY none.test:1";
}
