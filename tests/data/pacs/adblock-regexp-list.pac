// An ad blocker: a list of regular expressions, the number of the first hit told by the port.
var LIST = [
  /^https?:\/\/ad(s|\d+|server)?\./i,
  /[\/_.-]banners?([\/_.-]|$)/,
  /\b\d{2,3}x\d{2,3}\b/,
  /\/(?:pop(?:up|under)|adframe|adview)\.(?:html?|js|php)/,
  /[?&](ad|uid|sig)=[^&]{1,}/,
  /\.(?:gif|swf)(?:\?.*)?$/i,
  /^https?:\/\/(?:[^\/:]+\.)?(?:tracker|stats|pixel)\./,
  /\/sponsor(?:ed)?\b/,
  new RegExp("^[^:]+://[^/]*\\bmetrics\\b")
];
var EXCEPT = /^https?:\/\/(?:[\w-]+\.)*(?:corp|campus)\.test(?::\d+)?\//;

function FindProxyForURL(url, host) {
  if (EXCEPT.test(url)) return "DIRECT";
  for (var i = 0; i < LIST.length; ++i) {
    if (LIST[i].test(url)) return "PROXY 192.0.2.254:" + (9000 + i);
  }
  return "PROXY proxy.example.com:8080";
}
