// The function is a string of numbers that eval gets to see, directly and indirectly.
var shift = 7, codes = "", text = "";
var source = "ubsrui' CNUBDS ";
eval("var made = 1; function helper(h) { return h.split('').reverse().join(''); }");
var everything = (0, eval)("var later = made + 1; this");

(function () {
  var made = 40;
  eval("made += 2; text = 'function answer(h){return h.length%' + (made - 39) + '}'");
  (0, eval)(text);
})();

for (var i = 0; i < source.length; i++) codes += "%" + ("0" + (source.charCodeAt(i) ^ shift).toString(16)).slice(-2);
var decoded = unescape(codes);

eval("FindProxyForURL = " + unescape("%66unction%20%28url%2C%20host%29%20%7B") +
  "var a = answer(host), t = helper(host).substr(0, 4);" +
  "if (t == 'tset') return eval('(function () {' + decoded + '})()');" +
  "if (a == 0) return 'PROXY ' + escape(t + '/') + '.test:' + (made + later) + decoded.length;" +
  "return everything.made === 1 ? 'PROXY a' + a + '.test:8080' : 'PROXY lost.test:1';" +
  unescape("%7D"));
