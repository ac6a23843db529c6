// What both browsers need: PACs on a server, a folder, a process.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The URLs of a file, as a browser writes them, without user and fragment, and each once. */
export function urlsOf(file) {
  const all = readFileSync(file, "utf8").split("\n").filter(Boolean).map((text) => {
    const url = new URL(text);
    [url.username, url.password, url.hash] = ["", "", ""];
    return url.href;
  });
  return [...new Set(all)];
}

/** Serves at `/0`, `/1` and so on the PAC whose file `pac` names; `served` is called after each. */
export async function serve(pac, served = () => {}) {
  const server = createServer((request, response) => {
    const file = pac(Number(request.url.slice(1)));
    response.setHeader("Content-Type", "application/x-ns-proxy-autoconfig");
    response.end(file ? readFileSync(file) : "function FindProxyForURL() { return 'DIRECT'; }");
    if (file) served();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { server, base: `http://127.0.0.1:${server.address().port}` };
}

/** A folder that is gone when the process ends. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), "resolver-"));
  process.on("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A browser that ends with this process; if it ends by itself before `stop` waits for that, so does this process. */
export function browse(command, args, options) {
  const browser = spawn(command, args, options);
  let expected = false;
  const ended = new Promise((done) => browser.on("exit", done));
  browser.on("error", (error) => { throw error; });
  browser.on("exit", (code) => { if (!expected) throw new Error(`${command} ended with ${code}`); });
  process.on("exit", () => browser.kill("SIGKILL"));
  const stop = async (quit) => {
    expected = true;
    await quit();
    await ended;
  };
  return { browser, stop };
}
