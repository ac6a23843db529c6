// Domains as a trie of reversed names in one string, walked with a stack: a letter goes down, < up, ! ends a name.
var TRIE = "dilavni.enog!<<<<<<<<<<<<elpmaxe.knab!<<<<oediv!<<<<<pohs!<<<<swen!<<<<<<<<<<<<gro.elpmaxe.citat" +
  "s!<<<<<<ndc!<<<<<<<<<<<<<<<moc.elpmaxe!<<<<<<<<<<<tset.1rentrap!<<<<<<<<2rentrap!<<<<<<<<dekcolb" +
  "!<<<<<<<laicos!<<<<<<oediv!<<<<<proc!.ue!<<<<<<<semag!<<<<upmac!";

function build(text) {
  var root = {}, node = root, stack = [];
  for (var i = 0; i < text.length; i++) {
    var c = text.charAt(i);
    if (c == "<") node = stack.pop();
    else if (c == "!") node.end = true;
    else { stack.push(node); node = node["_" + c] || (node["_" + c] = {}); }
  }
  return root;
}

var root = build(TRIE);

function FindProxyForURL(url, host) {
  var node = root, i = host.length, matched = 0;
  if (host.charAt(i - 1) == ".") i--;
  while (i-- > 0) {
    node = node["_" + host.charAt(i)];
    if (!node) break;
    if (node.end && (i == 0 || host.charAt(i - 1) == ".")) matched = host.length - i;
  }
  return matched ? "SOCKS5 trie" + matched + ".test:1080; PROXY trie.test:3128" : "DIRECT";
}
