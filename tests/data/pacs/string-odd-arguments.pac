// substr, substring, slice, indexOf and others with negative, missing, fractional and silly arguments.
function FindProxyForURL(url, host) {
  var s = host, out = [
    s.substr(-3), s.substr(-100, 2), s.substr(1, -1), s.substr(2.9, "2"), s.substring(3, 1), s.substring(-5, 2),
    s.substring(NaN, 1), s.substring(s.length - 2, Infinity), s.slice(-2), s.slice(2, -30), s.slice("1", null),
    s.charAt(-1), s.charAt("1"), s.charAt(), s.lastIndexOf("."), s.lastIndexOf("e", -1), s.lastIndexOf("", 2),
    s.indexOf("", 400), s.indexOf("t", 3.7), s.split("", 2).join("_"), s.split(".", -1).length, s.split().length,
    s.split("", 0).length, isNaN(s.charCodeAt(999)), s.concat(1, null, undefined).length, "b".localeCompare === undefined
  ];
  var from = s.length % 4 * 6;
  var text = out.slice(from, from + 6).join("-").replace(/[^a-z0-9.\-]/g, "");
  return "PROXY s" + text + ".test:" + (80 + out.length);
}
