// Takes the URL apart by itself: scheme, user, port, path, query as an object, decoded and escaped.
function parse(url) {
  var m = /^([a-z][a-z0-9+.\-]*):\/\/(?:([^\/?#@]*)@)?(\[[^\]]+\]|[^\/?#:]*)(?::(\d*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i.exec(url);
  if (!m) return null;
  var query = {}, n = 0;
  if (m[6]) {
    var pairs = m[6].split(/[&;]/);
    for (var i = 0; i < pairs.length; i++) {
      var at = pairs[i].indexOf("="), name = at < 0 ? pairs[i] : pairs[i].slice(0, at);
      query[decodeURIComponent(name)] = at < 0 ? null : decodeURIComponent(pairs[i].slice(at + 1).replace(/\+/g, " "));
      n++;
    }
  }
  return { scheme: m[1], user: m[2], host: m[3], port: m[4], path: m[5], query: query, n: n, fragment: m[7] };
}

function FindProxyForURL(url, host) {
  var u = parse(url);
  if (!u) return "PROXY unparsed.test:80";
  if (u.host.replace(/[\[\]]/g, "") != host) return "PROXY host.test:80";
  if (u.query.q) return "PROXY q" + u.query.q.length + "-" + escape(u.query.q).length + "-" + encodeURI(u.query.q).length + ".test:80";
  if (u.n) return "PROXY n" + u.n + ".test:80";
  if (u.port) return "PROXY port.test:" + u.port;
  var depth = u.path.split("/").length - 1, ext = /\.([a-z0-9]+)$/.exec(u.path);
  return "PROXY " + u.scheme + depth + (ext ? "-" + ext[1] : "") + ".test:80" + (u.user === undefined ? "" : "; DIRECT");
}
