// Names and strings hide in hex, octal and unicode escapes and in fromCharCode.
var \u0070roxy = "\x50\x52\x4f\x58\x59\x20", d\u0069rect = "\104\111\122\105\103\124";
var key = ["\x6c\x65\x6e\x67\x74\x68", "\u0074\u0065\u0073\u0074", "\x63\x68\x61\x72\x43\x6f\x64\x65\x41\x74"];
var suffix = String.fromCharCode(46, 0x63, 0157, 114, 112, 46) + key[1];

function FindProxyForURL(\u0075rl, h\u006fst) {
  var n = host[key[0]], c = host[key[2]](n - 1), r = /\x2e\u0065xample$/;
  if (host["\x73ubstr\u0069ng"](n - 10) === suffix) return direct;
  if (r[key[1]](host)) return proxy + "\x65\x78\56\164\145\163\164:" + (0x1F90 + 017);
  if (c >= 0x30 && c < 072) return proxy + "\0".length + String.fromCharCode(0x174 & 0xff, 0x65, 0x73 | 0, 116) + ":" + c;
  return proxy + String["fromCharCode"]["apply"](null, [0x67, 0x61, 0x74, 0x65, 0x2e, 0x74, 0x65, 0x73, 0x74]) + ":\x38\x30; " + direct;
}
