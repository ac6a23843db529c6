// CARP v1.0 (the draft's hash). Needs carp.js.
function parrayRank(key) {
  var h = 0, scores = [], i;
  for (i = 0; i < key.length; i++) h = h + (h << 19 | h >>> 13) + key.charCodeAt(i) | 0;
  for (i = 0; i < parrayMembers.length; i += 3) scores.push(parrayScore(h ^ parrayMembers[i + 2], parrayMembers[i + 1]));
  return parrayBest(scores);
}
