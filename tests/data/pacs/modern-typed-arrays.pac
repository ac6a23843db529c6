// Typed arrays, DataView, BigInt hashes, clamping, floats of 32 bits, and Math of newer engines.
const buffer = new ArrayBuffer(16), view = new DataView(buffer), bytes = new Uint8Array(buffer);

const fnv64 = (text) => {
  let h = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) h = BigInt.asUintN(64, (h ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return h;
};

function FindProxyForURL(url, host) {
  const hash = fnv64(host);
  view.setBigUint64(0, hash, false);
  view.setFloat64(8, host.length / 8, true);
  const clamped = Uint8ClampedArray.of(host.length * 10, -5, 1.5, 2.5, NaN);
  switch (host.length % 5) {
    case 0: return `PROXY ${hash.toString(36)}.test:80`;
    case 1: return `PROXY ${Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")}.test:80`;
    case 2: return `PROXY ${clamped.join("-")}-${new Int16Array([40000 + host.length])[0]}.test:80`;
    case 3: return `PROXY ${Math.fround(host.length / 10)}-${Math.clz32(Number(hash & 0xffffn))}-${Math.imul(-5, host.length)}-${Math.trunc(-4.7)}.test:80`;
  }
  const words = new Uint32Array(buffer.slice(0, 8).byteLength / 4).fill(host.length).map((n, i) => n << i);
  return `PROXY ${-hash % 97n}-${hash >> 60n}-${typeof hash}-${words.reverse()}-${bytes.subarray(0, 4).indexOf(256)}.test:80`;
}
