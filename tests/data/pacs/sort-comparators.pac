// Sorts names by several comparators, searches the sorted list, and sorts numbers as text and as numbers.
var names = ["www", "mail", "ads", "cdn", "img10", "img9", "img1", "api", "a", "intranet", "wiki", "de", "fr"];

function byLengthThenText(a, b) {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

function naturally(a, b) {
  var x = /^(\D*)(\d*)$/.exec(a), y = /^(\D*)(\d*)$/.exec(b);
  return x[1] == y[1] ? x[2] - y[2] : x[1] < y[1] ? -1 : 1;
}

var byText = names.slice().sort(), byLength = names.slice().sort(byLengthThenText);
var natural = names.concat().sort(naturally).reverse();
var numbers = [80, 8080, 443, 1080, 9, 3128, 21].sort(), real = numbers.slice(0).sort(function (a, b) { return a - b; });
var holes = [3, undefined, 1, , 2].sort();

function FindProxyForURL(url, host) {
  var label = host.split(".")[0], low = 0, high = byText.length;
  while (low < high) {
    var mid = low + (high - low >> 1);
    if (byText[mid] < label) low = mid + 1; else high = mid;
  }
  var hit = byText[low] === label;
  return "PROXY " + (hit ? byLength.join().indexOf(label) : "near" + low) + "-" + natural[low % natural.length] + ".test:" +
    numbers[label.length % 7] + "; PROXY " + holes.length + "-" + holes[1] + ".test:" + real[label.length % 7];
}
