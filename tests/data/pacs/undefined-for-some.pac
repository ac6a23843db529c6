// Forgets a return on some paths, and returns nothing on others.
function choose(host) {
  if (shExpMatch(host, "a*.com")) "PROXY a.test:80";
  else if (shExpMatch(host, "*.com") || shExpMatch(host, "*.example")) return "PROXY com.test:80";
  else if (shExpMatch(host, "*.org")) {
    return
    "PROXY org.test:80";
  }
  else if (shExpMatch(host, "*.test")) return "PROXY test.test:80";
  else if (shExpMatch(host, "*.invalid")) return void "PROXY invalid.test:80";
}

function FindProxyForURL(url, host) {
  if (isPlainHostName(host)) return;
  if (/^\d/.test(host)) return [][0];
  if (shExpMatch(url, "*:*/*s*") && choose(host) === undefined && host.length % 2) return "PROXY rest.test:80";
  return choose(host);
}
