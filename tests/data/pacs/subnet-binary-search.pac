// Binary search of an address in sorted ranges of unsigned numbers.
var starts = [167772160, 167837696, 169083424, 176160768, 2886729728, 2886734080, 2887000000, 3221225984, 3221226112, 3232235520, 3232235776, 3232261120, 3325256704, 3325256900, 3405803776, 3405803850];
var ends = [167772200, 167903231, 169090600, 184549375, 2886729999, 2886734340, 2887778303, 3221226000, 3221226239, 3232235530, 3232236031, 3232261375, 3325256710, 3325256959, 3405803790, 3405804031];
var names = "a b c d e f g h i j k l m n o p".split(" ");

function toNumber(host) {
  var p = host.split(".");
  return ((p[0] * 256 + +p[1]) * 256 + +p[2]) * 256 + +p[3];
}

function FindProxyForURL(url, host) {
  if (!/^[0-9.]+$/.test(host)) return "DIRECT";
  var ip = toNumber(host), low = 0, high = starts.length - 1, steps = 0;
  while (low <= high) {
    var middle = (low + high) >> 1;
    steps++;
    if (ip < starts[middle]) high = middle - 1;
    else if (ip > ends[middle]) low = middle + 1;
    else return "PROXY range-" + names[middle] + ".test:" + (8000 + steps);
  }
  return "PROXY gap" + low + ".test:" + (9000 + steps);
}
