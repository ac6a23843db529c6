// The answer for a browser: the best proxies first, then the last resort. Data: parrayDefault.
function parrayRoute(url) {
  return parrayRank(parrayKey(url)).join("; ")+(parrayDefault&&"; "+parrayDefault);
}
