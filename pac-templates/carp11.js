// CARP v1.1: the key in lower case, another URL hash, a plain product. Needs carp.js.
function parrayRank(key) {
  var h = 0, scores = [], i;
  key = parrayLower(key);
  for (i = 0; i < key.length; i++) h = h + (h << 9) + key.charCodeAt(i) | 0;
  for (i = 0; i < parrayMembers.length; i += 3) scores.push((parrayTimes(h ^ parrayMembers[i + 2]) >>> 0) * parrayMembers[i + 1]);
  return parrayBest(scores);
}
