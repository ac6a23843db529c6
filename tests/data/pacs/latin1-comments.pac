// Has Latin-1 characters in comments and strings: été, naïve, Straße, mañana.
/* «Règles du mandataire» · © § ½   ÿ */
var accents = "äöüß";
var names = { français: "fr", español: "es" }; // a no-break space is white space

function FindProxyForURL(url, host) {
  if (host == names.français + ".example.org") return "PROXY fran" + "ç".charCodeAt(0) + ".test:8080";
  if (shExpMatch(host, "*.example.org")) return "PROXY " + names["español"] + accents.length + ".test:8080";
  if (shExpMatch(host, "*.test")) return "PROXY upper" + accents.toUpperCase().length + ".test:8080";
  return /^\w+$/.test(accents) ? "PROXY word.test:80" : "DIRECT";
}
