// An ad blocker: names of hosts as the keys of an object, asked with and without www.
var blocked = {
  "ads.example.com": 1, "ad1.example.com": 1, "ad22.example.com": 1, "adserver.example.com": 1,
  "tracker.example.com": 1, "ads.test": 1, "ad.ads.test": 1, "tracker.test": 1,
  "stats.example": 1, "metrics.stats.example": 1, "pixel.test": 1, "banner.example": 1,
  "blocked.test": 2, "social.test": 3, "games.test": 3
};
var answers = { 1: "PROXY 192.0.2.254:1", 2: "PROXY warn.example.com:8080", 3: "PROXY later.example.com:8080" };

function FindProxyForURL(url, host) {
  var name = host.replace(/^(?:www|m)\./, "").replace(/\.$/, "");
  if (blocked.hasOwnProperty(name)) return answers[blocked[name]];
  // Names of what every object has are no hosts.
  if (name in blocked || typeof blocked[name] != "undefined") return "PROXY odd.example.com:8080";
  if ("toString" in blocked && !blocked.hasOwnProperty("toString") && name.length == 9) return "SOCKS s.example.com";
  return "DIRECT";
}
