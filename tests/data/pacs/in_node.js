// Runs a PAC in node as Chromium would: `node in_node.js PAC URLS HOSTS HELPERS CLOCK NOW MY_IP`, where HELPERS and
// CLOCK are files of pac-templates, prints a JSON array: what is returned, or null for a failure.
const fs = require("fs");
const vm = require("vm");
const net = require("net");
const [pac, urls, hosts, helpers, clock, now, myIp] = process.argv.slice(2);
const read = (path) => fs.readFileSync(path, "utf8");
const names = {};
for (const line of read(hosts).split("\n")) {
  const [address, ...all] = line.split("#")[0].trim().split(/\s+/);
  for (const name of all) (names[name.toLowerCase()] ||= []).push(address);
}
const lookUp = (name) => (net.isIP(name) ? [name] : names[name.toLowerCase()] || []);
const context = vm.createContext({
  alert() {},
  dnsResolve: (host) => (typeof host == "string" && lookUp(host).find((ip) => net.isIPv4(ip))) || null,
  dnsResolveEx: (host) => (typeof host == "string" ? lookUp(host).join(";") : ""),
  isPlainHostName(host) {
    if (typeof host != "string") throw new TypeError("Requires 1 string parameter");
    return !host.includes(".") && !net.isIP(host);
  },
  myIpAddress: () => myIp,
  myIpAddressEx: () => myIp,
  // Addresses in order, IPv6 first, as they are written.
  sortIpAddressList(text) {
    if (typeof text != "string") return null;
    const all = text.replace(/\s/g, "").split(";").filter(Boolean);
    if (!all.length || !all.every((ip) => net.isIP(ip))) return false;
    const value = (ip) => {
      if (net.isIPv4(ip)) return ip.split(".").map((part) => part.padStart(3, "0")).join(".");
      const [head, tail] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split("::").map((part) => part.split(":").filter(Boolean));
      const middle = tail ? Array(8 - head.length - tail.length).fill("0") : [];
      return [...head, ...middle, ...(tail || [])].map((part) => part.padStart(4, "0")).join(":");
    };
    const key = (ip) => `${net.isIPv4(ip) ? 4 : 0}${value(ip)}`;
    return all.sort((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0)).join(";");
  },
  isInNetEx(ip, prefix) {
    if (typeof ip != "string" || typeof prefix != "string") return null;
    const [base, bits, more] = prefix.split("/");
    const kind = (text) => ({ 4: "ipv4", 6: "ipv6" })[net.isIP(text)];
    if (more !== undefined || !/^\d+$/.test(bits || "") || !kind(ip) || !kind(base)) return false;
    const list = new net.BlockList();
    try {
      list.addSubnet(base, Number(bits), kind(base));
    } catch {
      return false;
    }
    return list.check(ip, kind(ip));
  },
});
vm.runInContext(`${read(clock)}(${now});`, context);
for (const path of helpers.split(",")) vm.runInContext(read(path), context);
const bytes = fs.readFileSync(pac);
// Without a charset: a byte order mark says UTF-8, all else is ISO-8859-1.
const marked = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]));
vm.runInContext(marked ? bytes.toString("utf8", 3) : bytes.toString("latin1"), context);
const answers = read(urls)
  .split("\n")
  .filter(Boolean)
  .map((text) => {
    const url = new URL(text);
    [url.hash, url.username, url.password] = ["", "", ""];
    if (["https:", "wss:"].includes(url.protocol)) [url.pathname, url.search] = ["/", ""];
    const host = url.hostname.replace(/^\[|\]$/g, "");
    try {
      const answer = context.FindProxyForURL(url.href, host);
      return typeof answer == "string" && /^[\0-\x7f]*$/.test(answer) ? answer : null;
    } catch {
      return null;
    }
  });
process.stdout.write(JSON.stringify(answers));
