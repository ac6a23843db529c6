// Optional chaining, nullish coalescing, logical assignment, separators in numbers, optional catch.
const rules = {
  com: { example: { www: { proxy: () => "PROXY www.test:80" }, mail: {}, ads: { proxy: null } } },
  test: { corp: { eu: { proxy(host) { return `PROXY eu${host.length}.test:80`; } } }, blocked: { port: 0 } },
  example: { shop: { port: 8_081 }, bank: { port: undefined } }
};

function FindProxyForURL(url, host) {
  const [top, second, third] = host.split(".").reverse();
  const rule = rules[top]?.[second]?.[third] ?? rules[top]?.[second];
  let port = rule?.port ?? 3_128;
  let name = null;
  name ??= rule?.proxy?.(host);
  port ||= 1;
  name &&= name + "; DIRECT";
  try { if (third?.length > 5) null.fail(); } catch { port += 1_000; }
  const gone = delete rules?.[top]?.nothing;
  return name ?? `PROXY ${second?.at?.(-1) ?? "plain"}${gone}.test:${port}`;
}
