// Looks a name up in a nested object, one level per label from the right.
var tree = {
  com: { example: { "*": 1, mail: 2, ads: { "": 9 }, a: {}, api: 3, e: { d: { c: { b: { a: 4 } } } } } },
  org: { example: { "": 5, www: 5, cdn: 1, "*": 6 } },
  test: { corp: { "": 7, eu: { "*": 2, lab: { "*": 8 } }, us: { "*": 3 } }, campus: { "*": 1, cs: { "*": 2 } }, "*": 9 },
  example: { "*": { "": 3, www: 4, "*": 5 } }
};

function lookUp(node, labels) {
  var label = labels.pop();
  if (label === undefined) return typeof node == "number" ? node : node[""] || 0;
  if (typeof node != "object") return node;
  var next = Object.prototype.hasOwnProperty.call(node, label) ? node[label] : node["*"];
  return next === undefined ? 0 : lookUp(next, labels);
}

function FindProxyForURL(url, host) {
  var found = lookUp(tree, host.split("."));
  return found ? "PROXY node" + found + ".test:" + (8080 + found) : "DIRECT";
}
