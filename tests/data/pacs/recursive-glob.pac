// A recursive glob matcher with classes and alternatives in braces, and the depth of its recursion.
var calls = 0;
function glob(p, t) {
  calls++;
  if (p == "") return t == "";
  var c = p.charAt(0), end, i;
  if (c == "*") {
    for (i = 0; i <= t.length; i++) if (glob(p.substring(1), t.substring(i))) return true;
    return false;
  }
  if (c == "{" && (end = p.indexOf("}")) > 0) {
    var choices = p.substring(1, end).split(",");
    for (i = 0; i < choices.length; i++) if (glob(choices[i] + p.substring(end + 1), t)) return true;
    return false;
  }
  if (t == "") return false;
  if (c == "[" && (end = p.indexOf("]")) > 0) {
    var ok = t >= p.charAt(1) && t.charAt(0) <= p.charAt(3);
    return ok && glob(p.substring(end + 1), t.substring(1));
  }
  return (c == "?" || c == t.charAt(0)) && glob(p.substring(1), t.substring(1));
}

var rules = ["{www,m}.*", "*.{corp,campus}.test", "[0-9]*", "*e*e*e", "???", "*::*"];

function FindProxyForURL(url, host) {
  calls = 0;
  for (var i = 0; i < rules.length; i++)
    if (glob(rules[i], host)) return "PROXY glob" + i + ".test:" + (1000 + calls);
  return "PROXY rest" + calls + ".test:80; DIRECT";
}
