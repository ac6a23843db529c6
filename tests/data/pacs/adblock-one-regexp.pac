// An ad blocker: the words of a list escaped and joined to one large expression with the constructor.
var words = [
  "/ads/", "/adview.php?", "/banner", "adframe.", "popup.html", "popunder.js", "__utm.gif",
  "120x600", "468x60", "pixel.gif", "hit.gif?r=", "?t=1", "[not]a(class", "a|b", "c+d", "$^", "back\\slash"
];
var hosts = ["ads", "ad\\d+", "adserver", "tracker", "stats", "metrics", "banner", "pixel"];

function quote(text) {
  return text.replace(/[\\^$.*+?()[\]{}|\/]/g, "\\$&");
}

var quoted = [];
for (var i = 0; i < words.length; i++) quoted[quoted.length] = quote(words[i]);
var byUrl = new RegExp(quoted.join("|"));
var byHost = new RegExp("^(?:[^.]+\\.)*?(" + hosts.join("|") + ")\\.", "i");

function FindProxyForURL(url, host) {
  var found = byHost.exec(host);
  if (found) return "PROXY " + found[1].toLowerCase() + ".block.test:" + found[0].length;
  found = url.match(byUrl);
  if (found != null) return "PROXY word" + words.join("\n").indexOf(found[0]) + ".block.test:" + (found.index + 1);
  return byHost.ignoreCase && !byUrl.global ? "DIRECT" : "PROXY broken.test:1";
}
