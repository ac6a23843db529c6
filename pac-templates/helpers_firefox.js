// In Chrome this one is native, and an IPv6 address is no plain name, but "a:1" is one.
function isPlainHostName(host) {
  return host.search(/\.|:/) == -1;
}
