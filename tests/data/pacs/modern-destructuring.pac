// Destructuring with defaults, spread and rest, computed and short names, default parameters, exponents.
const config = { corp: { proxy: "c.test", ports: [8080, 8081] }, "campus": { proxy: "u.test" } };
const build = ({ proxy = "none.test", ports: [first = 80, ...others] = [] } = {}, ...tail) =>
  [`PROXY ${proxy}:${first}`, ...others.map((port) => `PROXY ${proxy}:${port}`), ...tail].join("; ");

function FindProxyForURL(url, host, [a, , b = "b"] = [..."xyz"]) {
  const [top, second, ...rest] = host.split(".").reverse();
  const { [second]: entry, ...others } = config;
  const merged = { ...others, [top]: 1, second, get size() { return Object.keys(this).length; } };
  let x = rest.length, y = host.length;
  [x, y] = [y, x];
  if (entry) return build(entry, ...(rest.length ? ["DIRECT"] : []));
  if (top === "com") return build(undefined, `PROXY ${a}${b}${x}.test:${2 ** y}`);
  if (top === "org") return build({ proxy: merged.second + merged.size + ".test" });
  for (const [key, { length = 0 } = {}] of Object.entries({ second, rest })) if (length > 4) return `PROXY ${key}${length}.test:80`;
  return `PROXY ${((p = x, q = p + 1) => p * q)()}.test:80`;
}
