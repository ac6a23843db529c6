// Newer strings and expressions: named groups, lookbehind, matchAll, sticky, dotAll, padStart, raw and tagged templates, at.
const parts = /^(?<first>[a-z0-9-]+)(?:\.(?<rest>.+))?$/u;
const mark = (strings, ...values) => strings.raw.reduce((all, s, i) => all + s.replace(/\\/g, "-") + (values[i] ?? ""), "");

function FindProxyForURL(url, host) {
  const { groups: { first, rest = "none" } = {} } = parts.exec(host) ?? {};
  if (first === undefined) return `PROXY six${[...host.matchAll(/[0-9a-f]{1,4}/g)].length}.test:80`;
  const sticky = /[a-m]+/y, dots = host.replaceAll(".", "");
  if (/(?<=\.)(?:test|example)$/.test(host)) return mark`PROXY ${first}\t${rest.length}\.test:80`;
  if (/(?<!www)\.example\.org$/s.test(host)) return `PROXY ${first.padStart(8, "ab").padEnd(10, "z")}.test:80`;
  sticky.test(host);
  if (host.includes("ad") || rest.startsWith("b", 0)) return `PROXY ${"ad".repeat(sticky.lastIndex)}.test:80`;
  const swapped = host.replace(/(?<a>\w+)\.(?<b>\w+)/, "$<b>.$<a>");
  return `PROXY ${swapped}.test:${dots.codePointAt(0)}; PROXY ${String.fromCodePoint(97 + dots.length % 26)}${"\u{61}".at(-1)}${rest.trimEnd().search(/[^]$/)}.test:80`;
}
