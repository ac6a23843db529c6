// Remembers answers in an object, bounded by a queue; what is remembered must be what is computed.
var cache = {}, queue = [], LIMIT = 16;

function slow(host) {
  for (var i = 0, h = 0; i < 200; i++) h = (h * 131 + host.charCodeAt(i % host.length)) % 1000003;
  return "PROXY m" + h % 9 + ".test:" + (8000 + h % 10);
}

function FindProxyForURL(url, host) {
  var key = "$" + host;
  if (cache[key] === undefined) {
    if (queue.length >= LIMIT) delete cache[queue.shift()];
    queue.push(key);
    cache[key] = slow(host);
  }
  return queue.length > LIMIT ? "PROXY overflow.test:1" : cache[key];
}
