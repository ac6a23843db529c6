// Upper and lower case beyond ASCII, comparison of strings, surrogates, and code points in names.
var samples = ["Stra\u00dfe", "\u0130stanbul", "\u03a3\u0391\u03a3", "\ufb01le", "\ud83d\ude00", "\u212a", "\u01c5"];

function codes(text) {
  for (var out = [], i = 0; i < text.length; i++) out.push(text.charCodeAt(i).toString(16));
  return out.join("");
}

function FindProxyForURL(url, host) {
  var s = samples[host.length % samples.length], i, best = "";
  if (host.toUpperCase().toLowerCase() !== host.toLowerCase()) return "PROXY case.test:80";
  if (/^[a-m]/i.test(host)) return "PROXY l" + codes(s.toLowerCase()) + ".test:80";
  if (/^[N-Z]/i.test(host)) return "PROXY u" + codes(s.toUpperCase()) + ".test:80";
  for (i = 0; i < samples.length; i++) if (samples[i] > best && samples[i] < "\uff00") best = samples[i];
  return "PROXY m" + codes(best) + codes(encodeURIComponent(s).substr(-3)) + ("b" > "B" && "10" < "9" && 10 > "9") + ".test:80";
}
