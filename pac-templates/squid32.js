// CARP as Squid 3.2 and later compute it: nothing resets the URL hash between members, so
// the member at place i is scored with the hash of the key i + 1 times over. Needs carp.js.
function parrayRank(key) {
  var h = 0, scores = [], i, j;
  for (i = 0; i < parrayMembers.length; i += 3) {
    for (j = 0; j < key.length; j++) h = h + (h << 19 | h >>> 13) + key.charCodeAt(j) | 0;
    // A member that is off has no proxy here: it is hashed, and comes after everybody.
    scores.push(parrayMembers[i] ? parrayScore(h ^ parrayMembers[i + 2], parrayMembers[i + 1]) : -1);
  }
  return parrayBest(scores);
}
