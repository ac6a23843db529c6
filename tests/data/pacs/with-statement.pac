// Reads and writes variables through with, nested, with a shadowed name, a missing one and an array.
var table = { proxy: "PROXY with.test:8080", length: 3, own: "x", toString: function () { return "table"; } };
var inner = { own: "y", depth: 2 };
var outside = 7;

function FindProxyForURL(url, host) {
  var answer = "DIRECT", count = 0, f;
  with (table) {
    if (host.length > 14) answer = proxy;
    with (inner) {
      count = length + depth;
      own = host.charAt(0);
      outside = count;
      f = function () { return own + depth; };
    }
    if (typeof nothing != "undefined") answer = nothing;
  }
  with (["PROXY list.test:1", "PROXY list.test:2"]) {
    if (/\.org$/.test(host)) answer = slice(host.length % length).join("; ");
    push("more");
    count += length;
  }
  with (Math) with (host) if (charAt(0) == "w") answer = "PROXY w" + max(length, 5, floor(9.5)) + ".test:80";
  return answer + "; PROXY c" + count + f().replace(/[^a-z0-9]/gi, "") + outside + table + ".test:80";
}
