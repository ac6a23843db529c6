// Global expressions and their lastIndex, replace with functions and dollars, split with groups, search, multiline.
var word = /([a-z]+)(\d*)/g;

function FindProxyForURL(url, host) {
  var found, out = [], rest;
  word.lastIndex = 0;
  while ((found = word.exec(host)) !== null && out.length < 4) out.push(found[1].length + "x" + found[2] + "at" + word.lastIndex);
  if (url.search(/[?&]q=/) > 0) {
    rest = url.replace(/([?&])(\w+)=([^&]*)/g, function (all, mark, name, value, at) {
      return "[" + name + "." + value.length + "." + at + "]";
    });
    return "PROXY q" + rest.split("]").length + rest.substr(rest.indexOf("["), 9).replace(/[^a-z0-9.]/g, "") + ".test:80";
  }
  if (/\.com$/.test(host)) return "PROXY " + host.replace(/(\w+)\.(\w+)\.com/, "$2-$1-$$-$&") + ".test:80";
  if (/^\d/.test(host)) return "PROXY " + "a,b;c".split(/([,;])/).concat(host.split(/(\.)|x/)).length + ".test:" + host.split(/\D/, 2).join("");
  if (host.match(/e/g) && host.match(/e/g).length > 2) return "PROXY e" + host.match(/e/g).length + ".test:80";
  var lines = host.replace(/\./g, "\n").match(/^[a-m]\w*$/gm);
  return "PROXY " + out.join("-") + (lines ? "-" + lines.join("-") : "") + ".test:80";
}
