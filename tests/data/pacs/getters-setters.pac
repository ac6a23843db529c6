// Getters and setters: of literals, the old __defineGetter__, defineProperty, on prototypes, and frozen objects.
var counter = {
  hits: 0,
  get next() { return ++this.hits; },
  set next(value) { this.hits = value * 10; },
  "get": 3, set: 4
};
function Choice(host) { this.host = host; }
Choice.prototype.__defineGetter__("proxy", function () { return "PROXY " + this.label + ".test"; });
Choice.prototype.__defineSetter__("proxy", function (v) { this.forced = v; });
Object.defineProperty(Choice.prototype, "label", { get: function () { return this.forced || this.host.split(".")[0].length + "l"; }, configurable: true });
var frozen = Object.freeze({ port: 80 });
frozen.port = 81;
frozen.extra = 1;
var hidden = Object.defineProperty({ a: 1 }, "b", { value: 2, enumerable: false });

function FindProxyForURL(url, host) {
  var choice = new Choice(host), names = [];
  counter.next = host.length;
  if (host.length > 15) choice.proxy = "forced" + counter.next;
  for (var name in hidden) names.push(name + hidden[name]);
  var found = choice.__lookupGetter__("proxy") === Choice.prototype.__lookupGetter__("proxy");
  return choice.proxy + ":" + (frozen.port + counter.get + counter.set) + "; PROXY " + names + hidden.b + found + counter.next +
    ("extra" in frozen) + ".test:80";
}
