// Scores each member for the host and returns the three best by a sort with ties broken by place.
var members = [["alpha", 1.5], ["beta", 1], ["gamma", 0.5], ["delta", 1], ["epsilon", 2], ["zeta", 1]];

function hash(text) {
  var h = 0;
  for (var i = 0; i < text.length; i++) {
    h = (h + (h << 19 | h >>> 13) + text.charCodeAt(i)) | 0;
  }
  h ^= h >>> 15;
  h = (h + (h << 3)) | 0;
  return (h ^ h >>> 11) >>> 0;
}

function FindProxyForURL(url, host) {
  var scored = [], best = [], i;
  for (i = 0; i < members.length; i++)
    scored.push({ place: i, name: members[i][0], score: hash(members[i][0] + "/" + host) * members[i][1] });
  scored.sort(function (a, b) { return b.score - a.score || a.place - b.place; });
  for (i = 0; i < 3; i++) best.push("PROXY " + scored[i].name + ".test:3128");
  return best.join("; ");
}
