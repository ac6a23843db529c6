// A switch over true with calls as cases, strict comparison, and a switch over lengths.
var calls = 0;
function yes(value) { calls++; return value; }

function FindProxyForURL(url, host) {
  calls = 0;
  var answer;
  switch (true) {
    case yes(isPlainHostName(host)): answer = "DIRECT"; break;
    case yes(1): answer = "PROXY loose.test:80"; break;
    case yes(dnsDomainIs(host, ".corp.test")): answer = "PROXY corp.test:80"; break;
    case yes(dnsDomainIs(host, ".example.com")): { answer = "PROXY com.test:80"; break; }
    case yes(/\d$/.test(host)): answer = "PROXY digit.test:80"; break;
    default: switch (host.length) { case 10 + 2: answer = "PROXY twelve.test:80"; break; case "13": answer = "PROXY text.test:80"; }
  }
  return (answer || "PROXY none.test:80") + "; PROXY calls" + calls + ".test:80";
}
