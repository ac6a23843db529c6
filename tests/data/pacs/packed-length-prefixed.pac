// Second-level names of one length stand in one string, per top-level domain; cut up by substr when asked.
var domains = {
  "test": { 3: "adslab", 4: "corpxenogood", 5: "gamesvideosmalloften", 6: "campussocialsystem", 7: "blockedtrackerpartner", 8: "partner1partner2xexample" },
  "example": { 4: "chatshopbanknewsmaps", 5: "musicvideostats", 6: "searchbanner", 10: "aaaaaaaaaa", 13: "xn--bcher-kva" },
  "com": { 7: "example" },
  "org": {}
};

for (var top in domains)
  for (var size in domains[top])
    domains[top][size] = domains[top][size].match(new RegExp(".{" + size + "}", "g"));

function FindProxyForURL(url, host) {
  var cut = /([^.]+)\.([^.]+)\.?$/.exec(host);
  if (!cut) return "DIRECT";
  var names = (domains[cut[2]] || {})[cut[1].length];
  if (!names) return domains.hasOwnProperty(cut[2]) ? "PROXY size" + cut[1].length + ".test:80" : "DIRECT";
  for (var i = 0; i < names.length; i++)
    if (names[i] === cut[1]) return "HTTPS " + cut[2] + i + ".test:" + (443 + cut[1].length);
  return "PROXY unlisted.test:80";
}
