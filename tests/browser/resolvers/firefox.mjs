// What Firefox's resolver makes of PACs: `node firefox.mjs URLS PAC…` prints, for each PAC, an object of URLs and what
// it tries. FTP and WebSockets are left out: the first goes direct always, the second cannot be asked for alone.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { browse, folder, serve, urlsOf } from "./start.mjs";

const [urlsFile, ...pacs] = process.argv.slice(2);
const urls = urlsOf(urlsFile).filter((url) => url.startsWith("http"));
const { server, base } = await serve((number) => pacs[number]);

const home = folder();
const off = ["network.captive-portal-service.enabled", "network.connectivity-service.enabled",
  "browser.shell.checkDefaultBrowser", "app.normandy.enabled", "datareporting.policy.dataSubmissionEnabled",
  "toolkit.telemetry.enabled"];
const preferences = [...off.map((name) => [name, false]), ["marionette.port", 0]];
const lines = preferences.map(([name, value]) => `user_pref("${name}", ${value});\n`);
writeFileSync(join(home, "user.js"), lines.join(""));
const { stop } = browse(
  "firefox-esr",
  ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", home],
  { stdio: "ignore", env: { ...process.env, HOME: home } },
);

// Marionette writes its port into the profile, and speaks JSON, the length before each message.
const port = join(home, "MarionetteActivePort");
const read = () => existsSync(port) && Number(readFileSync(port, "utf8"));
while (!read()) await new Promise((done) => setTimeout(done, 20));
const socket = connect(read(), "127.0.0.1");
const waiting = [];
let rest = Buffer.alloc(0);
socket.on("data", (data) => {
  rest = Buffer.concat([rest, data]);
  for (;;) {
    const start = rest.indexOf(":") + 1;
    const end = start + Number(rest.subarray(0, start - 1));
    if (!start || rest.length < end) return;
    const message = JSON.parse(rest.subarray(start, end));
    rest = rest.subarray(end);
    // The first one is a greeting.
    if (Array.isArray(message)) waiting.shift()(message);
  }
});
function call(name, params) {
  const text = JSON.stringify([0, waiting.length, name, params]);
  socket.write(`${Buffer.byteLength(text)}:${text}`);
  return new Promise((done, fail) => {
    waiting.push(([, , error, result]) => (error ? fail(new Error(`${name}: ${error.message}`)) : done(result)));
  });
}
await call("WebDriver:NewSession", { capabilities: {} });
await call("Marionette:SetContext", { value: "chrome" });

// Runs inside of Firefox.
const ask = `
  const [pac, urls, done] = arguments;
  const service = Cc["@mozilla.org/network/protocol-proxy-service;1"].getService(Ci.nsIProtocolProxyService);
  Services.prefs.setIntPref("network.proxy.type", 2);
  Services.prefs.setStringPref("network.proxy.autoconfig_url", pac);
  const one = (url) => new Promise((found) => {
    service.asyncResolve(Services.io.newURI(url), 0, {
      onProxyAvailable(_request, _channel, first) {
        const all = [];
        for (let next = first; next; next = next.failoverProxy) all.push([next.type, next.host, next.port]);
        found(all);
      },
    });
  });
  Promise.all(urls.map(one)).then(done);`;
const TYPES = { http: "PROXY", https: "HTTPS", socks: "SOCKS5", socks4: "SOCKS4" };
const route = ([type, host, port]) =>
  type == "direct" ? "DIRECT" : `${TYPES[type]} ${host.includes(":") ? `[${host}]` : host}:${port}`;
const answers = [];
for (const number of pacs.keys()) {
  const { value } = await call("WebDriver:ExecuteAsyncScript", { args: [`${base}/${number}`, urls], script: ask });
  // Direct alone is no proxy at all.
  const routes = value.map((all) => (all.length ? all.map(route) : ["DIRECT"]));
  answers.push(Object.fromEntries(urls.map((url, i) => [url, routes[i]])));
}
await stop(() => call("Marionette:Quit", { flags: ["eForceQuit"] }));
socket.destroy();
server.close();
server.closeAllConnections();
process.stdout.write(JSON.stringify(answers));
