// Uses dnsResolveEx and its kin where they are, else the old functions.
var hasEx = typeof dnsResolveEx == "function" && typeof isResolvableEx == "function";

function addresses(host) {
  if (hasEx) {
    var list = dnsResolveEx(host);
    return list === "" ? [] : list.split(/\s*;\s*/);
  }
  var one = dnsResolve(host);
  return one ? [one] : [];
}

function FindProxyForURL(url, host) {
  var all = addresses(host), six = 0;
  if (!all.length) return hasEx && isResolvableEx(host) ? "PROXY odd.test:80" : "PROXY none.test:80";
  for (var i = 0; i < all.length; i++) if (all[i].indexOf(":") != -1) six++;
  return "PROXY four" + (all.length - six) + "six" + six + ".test:80; DIRECT";
}
