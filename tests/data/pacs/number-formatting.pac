// Ports and names from numbers: toString with radix, toFixed, toPrecision, exponents, parseInt and parseFloat.
function FindProxyForURL(url, host) {
  var n = host.length, h = 0, i;
  for (i = 0; i < n; i++) h = h * 31 + host.charCodeAt(i) & 0xFFFFFFF;
  var list = [
    h.toString(36), h.toString(2).length, (h / 7).toFixed(2), (h / 3).toFixed(0), (n / 8).toPrecision(3), (h * 1e15).toExponential(4),
    1 / n, 0.1 + 0.2, 1e21 + n, n / 1000000, n / 10000000, -n % 4, parseInt(host, 16), parseInt("0x" + n), parseInt("08" + n),
    parseInt(n + "px", 20), parseFloat("." + n + "e1.5"), Number("0b1"), Number(" 12 "), +"", +"1,5", (25).toString(n % 35 + 2),
    (0.000001234).toString(), (n - 0.5).toFixed(0), 123456789012345680000, 5e-324, 1.7976931348623157e308, (255.5).toString(16), -0 + "", 1 / -Infinity
  ];
  var from = h % 10 * 3;
  return "PROXY f" + list.slice(from, from + 3).join("-").toLowerCase().replace(/[^a-z0-9.\-]/g, "p") + ".test:" + (1024 + h % 60000);
}
