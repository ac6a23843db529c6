// Tries a plain name in each domain of a search list, and tells which one knew it.
var domains = ["corp.test", "campus.test", "example.com", "example.org"];

function FindProxyForURL(url, host) {
  var label = host.split(".", 1)[0], found = [];
  if (host.indexOf(":") > -1 || isValidIpAddress(host)) return "DIRECT";
  for (var i = 0; i < domains.length; i++) {
    var name = label + "." + domains[i];
    if (dnsResolve(name)) found.push(name);
  }
  return found.length ? "PROXY " + found.join(":80; PROXY ") + ":80" : "PROXY unknown.test:80";
}
