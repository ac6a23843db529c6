// Walks the labels from the right with split, slice, join and a comma-framed list.
var LIST = ",example.com,org,corp.test,eu.corp.test,a.b.blocked.test,video.example,shop.example,invalid,";

function FindProxyForURL(url, host) {
  var labels = host.split("."), longest = -1, i, tail;
  for (i = labels.length - 1; i >= 0; i--) {
    tail = labels.slice(i).join(".");
    if (LIST.indexOf("," + tail + ",") != -1) longest = labels.length - i;
  }
  if (longest < 0) return "DIRECT";
  return "PROXY n" + longest + "of" + labels.length + ".example.com:8080";
}
