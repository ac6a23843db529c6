// An ad blocker: an array of shell patterns against the URL, another against the host.
var blackhole = "PROXY 192.0.2.254:3421";
var normal = "PROXY proxy.example.com:8080; DIRECT";

var urlPatterns = new Array(
  "*/ads/*", "*/banner*", "*/adframe.*", "*/adview.php*", "*/popup.*", "*/popunder.*",
  "*[?&]ad=*", "*/1x1.gif", "*_468x60.*", "*120x600*", "*/__utm.gif*", "*.swf"
);
var hostPatterns = ["ads.*", "ad?.example.com", "ad??.example.com", "*tracker.*", "*.stats.example", "pixel.test"];
var white = ["docs.example.org", "*.corp.test"];

function matchesAny(text, patterns) {
  for (var i in patterns)
    if (shExpMatch(text, patterns[i])) return true;
  return false;
}

function FindProxyForURL(url, host) {
  if (matchesAny(host, white)) return normal;
  if (matchesAny(host, hostPatterns)) return blackhole;
  return matchesAny(url, urlPatterns) ? blackhole + "; " + normal : normal;
}
