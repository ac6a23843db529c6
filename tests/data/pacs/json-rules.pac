// Rules and proxies as a JSON text, parsed with a reviver, and asked in order.
var config = JSON.parse('{"proxies":{"eu":["192.0.2.1",3128],"us":["192.0.2.2",8080],"none":null},' +
  '"rules":[{"suffix":".eu.corp.test","use":"eu"},{"suffix":".us.corp.test","use":"us"},' +
  '{"prefix":"www.","use":"us","weight":1.5e1},{"contains":"\\u0061ds","use":"none"},{"suffix":".org","use":["eu","us"]}],' +
  '"default":"eu","when":"2026-11-22T00:00:00Z"}', function (key, value) {
    if (key == "when") return Date.parse(value);
    if (Array.isArray(value) && value.length == 2 && typeof value[1] == "number") return "PROXY " + value.join(":");
    return value;
  });

function matches(rule, host) {
  if (rule.suffix) return host.slice(-rule.suffix.length) === rule.suffix;
  if (rule.prefix) return host.indexOf(rule.prefix) === 0;
  return rule.contains ? host.indexOf(rule.contains) >= 0 : false;
}

function FindProxyForURL(url, host) {
  var found = config.rules.filter(function (rule) { return matches(rule, host); })[0];
  var use = [].concat(found ? found.use : config["default"]);
  var list = use.map(function (name) { return config.proxies[name] || "DIRECT"; }).join("; ");
  if (host.length % 6) return list;
  return list + "; PROXY j" + JSON.stringify([host, { a: undefined, b: [NaN, "\n"] }, config.when]).length + ".test:80";
}
