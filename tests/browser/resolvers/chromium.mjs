// What Chromium's resolver makes of PACs: `node chromium.mjs URLS PAC…` prints, for each PAC, an object of URLs and
// what it tries; null for a failure of the script. FTP is left out, as Chromium has none.
//
// The resolver has no interface of its own: a page fetches the URLs, which all fail, and the log of the network says
// what was resolved for each.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { browse, folder, serve, urlsOf } from "./start.mjs";

const PAC_SCRIPT_FAILED = -327;

const [urlsFile, ...pacs] = process.argv.slice(2);
const urls = urlsOf(urlsFile).filter((url) => !url.startsWith("ftp:"));

// Chromium asks for one URL again and again; what is there changes.
let current = -1;
let served = () => {};
const { server, base } = await serve(() => pacs[current], () => served());

const home = folder();
const log = join(home, "network.json");
const off = ["gpu", "background-networking", "component-update", "sync"].map((name) => `--disable-${name}`);
const { browser, stop } = browse(
  "chromium",
  ["--headless", "--no-sandbox", "--no-first-run", ...off, "--remote-debugging-pipe", `--user-data-dir=${home}`,
    `--log-net-log=${log}`, `--proxy-pac-url=${base}/0`],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);

// DevTools speaks JSON through two pipes, a zero byte after each message.
const waiting = new Map();
let rest = "";
browser.stdio[4].setEncoding("utf8").on("data", (text) => {
  const parts = (rest + text).split("\0");
  rest = parts.pop();
  for (const message of parts.map((part) => JSON.parse(part))) waiting.get(message.id)?.(message);
});
let calls = 0;
function call(method, params = {}, sessionId = undefined) {
  const id = ++calls;
  browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  return new Promise((done, fail) => {
    waiting.set(id, ({ error, result }) => (error ? fail(new Error(`${method}: ${error.message}`)) : done(result)));
  });
}
async function tab(url) {
  const { targetId } = await call("Target.createTarget", { url });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  return async (expression) => {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await call("Runtime.evaluate", params, sessionId);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  };
}

const settings = await tab("chrome://net-internals/#proxy");
const page = await tab("about:blank");
while (!(await settings("typeof chrome.send == 'function'")));

const fetchAll = (all) => `(async () => {
  const one = (url) => url.startsWith("ws")
    ? new Promise((done) => { new WebSocket(url).onclose = done; })
    : fetch(url, { mode: "no-cors", cache: "no-store" }).catch(() => {});
  await Promise.all(${JSON.stringify(all)}.map(one));
})()`;
// What is resolved after a PAC's last URL is that of the next one.
const last = (number) => `http://end-${number}.invalid/`;
for (current = 0; current < pacs.length; current++) {
  const fetched = new Promise((done) => (served = done));
  await settings("chrome.send('reloadProxySettings')");
  await fetched;
  // Chromium holds WebSockets back once some have failed, so only PACs that name them are asked.
  const named = /"wss?[:"]/.test(readFileSync(pacs[current], "latin1"));
  await page(fetchAll(urls.filter((url) => named || !url.startsWith("ws"))));
  await page(fetchAll([last(current)]));
}
await stop(() => call("Browser.close"));
server.close();
server.closeAllConnections();

const { constants, events } = JSON.parse(readFileSync(log, "utf8"));
const { HTTP_STREAM_JOB_CONTROLLER: started, PROXY_RESOLUTION_SERVICE_RESOLVED_PROXY_LIST: resolved } =
  constants.logEventTypes;
const answers = pacs.map(() => ({}));
const url = new Map();
const wanted = new Set(urls);
let pac = 0;
for (const { type, source, params } of events) {
  if (type == started && params?.url) {
    url.set(source.id, params.url);
    if (params.url == last(pac)) pac++;
  } else if (type == resolved && pac < pacs.length && wanted.has(url.get(source.id))) {
    if (!params.proxy_info && params.net_error != PAC_SCRIPT_FAILED) throw new Error(JSON.stringify(params));
    answers[pac][url.get(source.id)] = params.proxy_info?.split(";") ?? null;
  }
}
process.stdout.write(JSON.stringify(answers));
