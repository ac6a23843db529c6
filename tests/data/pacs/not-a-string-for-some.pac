// Returns other things than strings for some URLs: null, numbers, booleans, arrays, objects, functions, string objects.
function FindProxyForURL(url, host) {
  if (isPlainHostName(host)) return null;
  for (var i = 0, sum = 0; i < host.length; i++) sum += host.charCodeAt(i);
  switch (sum % 40) {
    case 0: return 42;
    case 1: return ["PROXY array.test:80"];
    case 2: return new String("PROXY object.test:80");
    case 3: return { toString: function () { return "PROXY to-string.test:80"; } };
    case 4: return true;
    case 5: return FindProxyForURL;
    case 6: return "";
    case 7: return NaN;
    case 8: return /PROXY/;
  }
  return "PROXY text.test:80";
}
