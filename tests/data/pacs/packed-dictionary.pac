// Names compressed with a dictionary of pairs, a capital letter for each, unpacked from the last to the first.
var text = "FO mailGO apiGO adQO FZg dWQZg cXY euMrY RMrY cBRK librPyLBRK gAHK sWialK vVeoK vVeoG shopG UkG " +
  "onliN.UkG NwQ mRicG blWkedK trackerK pPtS1K pPtS2K sePchG chatG statQ USG goN.invalV";
var pairs = "amApBlCeexED.Fes.tHtIJ.cLoneMmarsGusNranbTidocorpK.X";

for (var i = pairs.length / 2; i > 0; i--) {
  text = text.split(String.fromCharCode(64 + i)).join(pairs.substr(i * 2 - 2, 2));
}
var count = 0, names = {};
text.replace(/([^ ]+) ?/g, function (whole, name, at) {
  names[name] = ++count * 1000 + at;
  return whole;
});

function FindProxyForURL(url, host) {
  var rest = host, hops = 0;
  do {
    if (names.hasOwnProperty(rest)) return "PROXY n" + names[rest] + ".test:" + (8000 + hops);
    rest = rest.replace(/^[^.]*\.?/, "");
    hops++;
  } while (rest);
  return "DIRECT";
}
