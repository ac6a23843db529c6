// What the CARP family shares. Data: parrayMembers (proxy, multiplier, hash, ...), parrayFailover.

// h * 0x62531965 modulo 2^32, by halves of the constant: both products are below 2^53.
function parrayTimes(h) {
  return h * 6501 + (h * 25171 << 16) | 0;
}

// The score of v1.0: URL hash and member hash combined, times the multiplier.
function parrayScore(h, multiplier) {
  h = h + parrayTimes(h) | 0;
  return ((h << 21 | h >>> 11) >>> 0) * multiplier;
}

// The best parrayFailover members (all, if there are fewer), highest score first, equal
// scores in the order of the data. sort() is not stable
// everywhere, and slower than this when the list is short.
function parrayBest(scores) {
  var best = [], tops = [], count = 0, i, j, x;
  for (i = 0; i < scores.length; i++) {
    x = scores[i];
    if (count < parrayFailover || x > tops[count - 1]) {
      for (j = count; j && x > tops[j - 1]; j--) {
        best[j] = best[j - 1];
        tops[j] = tops[j - 1];
      }
      best[j] = parrayMembers[i * 3];
      tops[j] = x;
      if (count < parrayFailover) count++;
    }
  }
  return best.slice(0, count);
}
