// Expressions with lookahead, backreferences, lazy quantifiers, nested groups that take no part, and empty matches.
var tests = [
  [/^(?!.*\.(?:test|invalid)$)(?=.*\d)[\w.:\-]+$/, "digit"],
  [/(.)\1(?!\1)/, "double"],
  [/^(?:(a|ad)(s|serv)?(er)?\d*|(www))\.(?=e)/, "group"],
  [/^(\w+?)(?:\.(\w+?))?\.test$/, "lazy"],
  [/^(?:([a-c])|([d-f])|([g-z]))+?\b(?!-)/, "class"],
  [/(?:)$|never/, "empty"]
];

function FindProxyForURL(url, host) {
  for (var i = 0; i < tests.length; i++) {
    var m = tests[i][0].exec(host);
    if (!m) continue;
    var parts = [];
    for (var j = 1; j < m.length; j++) parts.push(m[j] === undefined ? "u" : m[j].length);
    return "PROXY " + tests[i][1] + "-" + m.index + "-" + m[0].length + (parts.length ? "-" + parts.join("-") : "") + ".test:80";
  }
  return "DIRECT";
}
