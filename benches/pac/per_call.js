// Prints what PACs cost for each URL, as a ratio to a script that adds up the URL's character codes. Both run by
// turns in the same process, so that whatever else the machine does meets both.
const fs = require("fs");
const vm = require("vm");
const ROUNDS = 25;

const words = ["news", "images", "static", "assets", "article", "video", "index", "2026", "thumb", "main"];
let state = 1;
const draw = (below) => (state = (state * 48271) % 2147483647) % below;
const url = (length) => {
  let text = `http://www${draw(500)}.example.com/`;
  while (text.length < length + draw(9) - 4) text += `${words[draw(words.length)]}${draw(1000)}/`;
  return text.slice(0, Math.max(length - 8 + draw(17), 26));
};
const nanoseconds = (call, urls) => {
  const start = process.hrtime.bigint();
  for (let i = 0; i < urls.length; i++) call(urls[i], "");
  return Number(process.hrtime.bigint() - start) / urls.length;
};
const load = (text) => vm.runInThisContext(`(function () {${text}\nreturn FindProxyForURL;})()`);
const base = load("function FindProxyForURL(url, host) { var s = 0, i; for (i = 0; i < url.length; i++) s += url.charCodeAt(i); return '' + s; }");

for (const mean of [38, 60]) {
  const urls = Array.from({ length: 2000 }, () => url(mean));
  const length = urls.reduce((sum, url) => sum + url.length, 0) / urls.length;
  for (const path of process.argv.slice(2)) {
    const text = fs.readFileSync(path, "utf8");
    const pac = load(text);
    let [least, most] = [Infinity, Infinity];
    for (let round = 0; round < ROUNDS; round++) {
      least = Math.min(least, nanoseconds(base, urls));
      most = Math.min(most, nanoseconds(pac, urls));
    }
    const name = path.replace(/^.*\/|\.pac$/g, "");
    console.log(`   ${name} loads, ${length.toFixed(0)} characters, ${text.length} bytes: ${(most / 1000).toFixed(1)} us against ${(least / 1000).toFixed(1)} us, ${(most / least).toFixed(1)} x`);
  }
}
