// Map, Set, WeakMap, Symbol.iterator, Proxy and Reflect, flat and flatMap, fromEntries, stable sort.
const proxies = new Map(Object.entries({ a: 1, b: 2, c: 3 }));
const seen = new WeakMap();
const tag = Symbol("tag");

class Labels {
  constructor(host) { this.host = host; seen.set(this, host.length); }
  *[Symbol.iterator]() { yield* this.host.split("."); }
  get [Symbol.toStringTag]() { return "Labels"; }
  static [Symbol.hasInstance](value) { return typeof value === "string" && value.includes("."); }
  [Symbol.toPrimitive](hint) { return hint === "number" ? this.host.length : "L" + hint[0]; }
}

const fallback = new Proxy({ [tag]: "t" }, {
  get: (target, name) => Reflect.has(target, name) ? target[name] : `p${String(name).length}`,
  has: (target, name) => name.startsWith?.("x")
});

function FindProxyForURL(url, host) {
  const labels = new Labels(host), unique = new Set(labels);
  if (!(host instanceof Labels)) return `PROXY ${fallback[host]}${fallback[tag]}${"xa" in fallback}.test:80`;
  const counts = Object.fromEntries([...unique].map((label) => [label, label.length]));
  const sorted = [...unique].sort((a, b) => counts[a] - counts[b]);
  if (unique.size !== [...labels].length) return `PROXY twice${unique.size}.test:80`;
  const flat = [[1, [2, [host.length]]], [...proxies.values()]].flat(Infinity).flatMap((n) => n % 2 ? [n] : []);
  return `PROXY ${sorted[0]}-${flat.join("")}-${+labels}${labels}${String(labels)}.test:${seen.get(labels)}; PROXY ${Object.prototype.toString.call(labels).length}.test:80`;
}
