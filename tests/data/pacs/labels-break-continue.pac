// Labelled loops and blocks, continue in do-while, break out of finally and switch, empty loops, loops without parts.
var grid = ["abc", "def", "ghi", "wxy"];

function FindProxyForURL(url, host) {
  var steps = 0, found = "none", i = 0, n = 0;
  outer:
  for (var row = 0; ; row++) {
    if (row >= grid.length) break;
    for (var col = 0; col < 3; col++) {
      steps++;
      if (col == 1 && host.length % 2) continue outer;
      if (grid[row].charAt(col) == host.charAt(0)) { found = row + "-" + col; break outer; }
    }
  }
  block: {
    if (host.indexOf(".") < 0) break block;
    steps += 100;
    inner: if (/test$/.test(host)) { steps += 1000; break inner; }
  }
  do { if (++i % 3) continue; n += i; } while (i < host.length && n < 20);
  loop: while (true) {
    try { if (n++ > 25) break loop; }
    finally { switch (n % 4) { case 1: continue loop; case 2: break; default: steps++; } }
  }
  for (i = host.length; i-- && host.charAt(i) != "."; );
  a: b: c: for (;;) { break b; }
  return "PROXY " + found + "-" + steps + ".test:" + (1000 + n) + "; PROXY dot" + i + ".test:80";
}
