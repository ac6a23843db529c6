// The answer for a browser: the best proxies first, then what the array says of last resort.
// Data: parrayFailover, parrayDefault.
function parrayRoute(url) {
  var list = parrayRank(parrayKey(url)).slice(0, parrayFailover);
  if (parrayDefault) list.push(parrayDefault);
  return list.join("; ");
}
