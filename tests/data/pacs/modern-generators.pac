// Generator functions: suffixes of a name, infinite sequences cut by return, delegation, values sent in.
function* suffixes(host) {
  const labels = host.split(".");
  while (labels.length) {
    yield labels.join(".");
    labels.shift();
  }
  return "end";
}

function* naturals() { for (let n = 0; ; n++) { const sent = yield n; if (sent) n = sent; } }

function* take(count, items) {
  let cleaned = false;
  try {
    for (const item of items) { if (count-- <= 0) return cleaned; yield item; }
  } finally { cleaned = true; }
}

function* both(host) { const last = yield* suffixes(host); yield last + host.length; yield* take(3, naturals()); }

const table = new Map([["example.com", "a"], ["corp.test", "b"], ["org", "c"], ["example", "d"]]);

function FindProxyForURL(url, host) {
  for (const suffix of suffixes(host)) if (table.has(suffix)) return `PROXY ${table.get(suffix)}.test:80`;
  const numbers = naturals();
  numbers.next();
  const jumped = numbers.next(host.length).value;
  return `PROXY ${[...take(2, both(host))].length}-${[...both(host)].pop()}-${jumped}-${numbers.return(7).done}.test:80; DIRECT`;
}
