// Uses Date itself: day, offset of the zone, arithmetic over months, UTC and leap years.
function two(n) { return (n < 10 ? "0" : "") + n; }

function isLeap(year) { return new Date(year, 1, 29).getMonth() == 1; }

function weekOfYear(date) {
  var first = Date.UTC(date.getFullYear(), 0, 1);
  var day = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.floor((day - first) / 604800000) + 1;
}

function FindProxyForURL(url, host) {
  var now = new Date();
  var later = new Date(now.getTime() + host.length * 86400000 * 9);
  if (isPlainHostName(host)) return "PROXY day" + now.getDay() + ".test:" + (8000 + now.getHours());
  if (/\.com$/.test(host))
    return "PROXY zone" + (now.getTimezoneOffset() - later.getTimezoneOffset()) + ".test:80";
  if (/\.org$/.test(host))
    return "PROXY d" + later.getFullYear() + two(later.getMonth() + 1) + two(later.getDate()) + ".test:80";
  if (/\.test$/.test(host))
    return "PROXY week" + weekOfYear(later) + (isLeap(later.getFullYear() + 2) ? "leap" : "") + ".test:80";
  if (/\.example$/.test(host)) {
    later.setDate(0);
    return "PROXY last" + later.getUTCDate() + "of" + later.getUTCMonth() + ".test:80";
  }
  later = new Date(Date.UTC(2026, 10, 31, 25, 61, host.length));
  return "PROXY " + later.toISOString().replace(/[:.]/g, "-").toLowerCase() + ".test:80";
}
