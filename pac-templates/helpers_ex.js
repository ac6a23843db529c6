// What Chrome and Windows add for IPv6; the rest of it is native.
function isResolvableEx(host) {
  return dnsResolveEx(host) != "";
}
