// The answer for a browser: the best proxies first, then the last resort. Put together from
// the end, as join() takes longer. Data: parrayDefault.
function parrayRoute(url) {
  var list = parrayRank(parrayKey(url)), out = parrayDefault, i = list.length;
  while (i--) out = list[i] + (out && "; " + out);
  return out;
}
