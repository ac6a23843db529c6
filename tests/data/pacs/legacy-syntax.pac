// Old syntax: octal numbers, missing semicolons, odd comments, reserved words as names of properties, escapes of lines.
var oct = 010 + 0x10 + 08, str = "\7\41\x21\u0021\q".length
var o = { "class": 1, "default": 2, 3: "three", 4.50: "float", 0x10: "hex", }
var a = [1, , 3, , ]
var f = function () {
  return a.length
}
;(function () { o.more = typeof f })()
var i = 1, g = 2, text = "ab" /i/ g
if (i) ; else i = 5
var re = /[/\]]+/.exec("a]/]b")[0].length, slash = "a/b/c".split(/\//).length

function FindProxyForURL(url, host) {
  var long = "PROXY \
continued.test:80"
  if (/\.com$/.test(host)) return long
  if (/\.org$/.test(host)) return "PROXY o" + oct + "s" + str + "a" + a.length + f() + (1 in a) + ".test:80"
  if (/\.test$/.test(host)) {
    var t = o[3] + o["4.5"] + o[16] + o.more
    return "PROXY " + t + o["class"] + ".test:80"
  }
  return "PROXY r" + re + slash + isNaN(text) + (text !== text) + ".test:80"
}
