// What a browser gives to a PAC, with the meaning that Mozilla's and Chromium's library has; what asks
// the network or the clock is native: dnsResolve, myIpAddress, alert.
var wdays = { SUN: 0, MON: 1, TUE: 2, WED: 3, THU: 4, FRI: 5, SAT: 6 };
var months = {
  JAN: 0, FEB: 1, MAR: 2, APR: 3, MAY: 4, JUN: 5, JUL: 6, AUG: 7, SEP: 8, OCT: 9, NOV: 10, DEC: 11
};

// No dot boundary: "notexample.com" is in "example.com".
function dnsDomainIs(host, domain) {
  return host.length >= domain.length && host.substring(host.length - domain.length) == domain;
}

function dnsDomainLevels(host) {
  return host.split(".").length - 1;
}

function isValidIpAddress(text) {
  var parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text), i;
  if (!parts) return false;
  for (i = 1; i <= 4; i++) if (parts[i] > 255) return false;
  return true;
}

function convert_addr(text) {
  var parts = text.split(".");
  return (parts[0] & 255) << 24 | (parts[1] & 255) << 16 | (parts[2] & 255) << 8 | parts[3] & 255;
}

function isInNet(host, net, mask) {
  if (!isValidIpAddress(net) || !isValidIpAddress(mask)) return false;
  if (!isValidIpAddress(host)) {
    host = dnsResolve(host);
    if (host == null) return false;
  }
  mask = convert_addr(mask);
  return (convert_addr(host) & mask) == (convert_addr(net) & mask);
}

function isResolvable(host) {
  return dnsResolve(host) != null;
}

function localHostOrDomainIs(host, full) {
  return host == full || full.lastIndexOf(host + ".", 0) == 0;
}

// A glob; what else means something in a regular expression leaks through.
function shExpMatch(text, glob) {
  glob = glob.replace(/\./g, "\\.").replace(/\*/g, ".*").replace(/\?/g, ".");
  return new RegExp("^" + glob + "$").test(text);
}

var weekdayRange, dateRange, timeRange;

// Nothing but these three is seen from outside.
(function () {
  function number(names, name) {
    return name in names ? names[name] : -1;
  }

  // The time of now in UTC, as a local time.
  function asUtc(now) {
    now.setFullYear(now.getUTCFullYear());
    now.setMonth(now.getUTCMonth());
    now.setDate(now.getUTCDate());
    now.setHours(now.getUTCHours());
    now.setMinutes(now.getUTCMinutes());
    now.setSeconds(now.getUTCSeconds());
  }

  function isBetween(from, now, to) {
    return from <= to ? from <= now && now <= to : now <= to || from <= now;
  }

  weekdayRange = function () {
    var now = new Date(), count = arguments.length, today = now.getDay(), first, last;
    if (count < 1) return false;
    if (arguments[count - 1] == "GMT") {
      count--;
      today = now.getUTCDay();
    }
    first = number(wdays, arguments[0]);
    last = count == 2 ? number(wdays, arguments[1]) : first;
    if (first < 0 || last < 0) return false;
    return first <= last ? first <= today && today <= last : today <= last || first <= today;
  };

  // Days, months and years, each alone or all that are given of a first and of a last date.
  dateRange = function () {
    var now = new Date(), count = arguments.length, utc, only, year, from, to, date, i, value;
    var thisMonth = false;
    if (count < 1) return false;
    utc = arguments[count - 1] == "GMT";
    if (utc) count--;
    if (count == 1) {
      only = parseInt(arguments[0]);
      if (isNaN(only)) {
        return (utc ? now.getUTCMonth() : now.getMonth()) == number(months, arguments[0]);
      }
      if (only < 32) return (utc ? now.getUTCDate() : now.getDate()) == only;
      return (utc ? now.getUTCFullYear() : now.getFullYear()) == only;
    }
    year = now.getFullYear();
    from = new Date(year, 0, 1, 0, 0, 0);
    to = new Date(year, 11, 31, 23, 59, 59);
    for (i = 0; i < count; i++) {
      date = i < count >> 1 ? from : to;
      value = parseInt(arguments[i]);
      if (isNaN(value)) {
        date.setMonth(number(months, arguments[i]));
      } else if (value < 32) {
        // Of the first date only, in all libraries.
        if (date === from) thisMonth = count <= 2;
        date.setDate(value);
      } else {
        date.setFullYear(value);
      }
    }
    if (thisMonth) {
      from.setMonth(now.getMonth());
      to.setMonth(now.getMonth());
    }
    if (utc) asUtc(now);
    return isBetween(from, now, to);
  };

  // Hours, hours and minutes, or all three, of a first and a last time; the last minute is whole.
  timeRange = function () {
    var now = new Date(), count = arguments.length, utc, hour, from, to, half;
    if (count < 1) return false;
    utc = arguments[count - 1] == "GMT";
    if (utc) count--;
    hour = utc ? now.getUTCHours() : now.getHours();
    if (count == 1) return hour == arguments[0];
    if (count == 2) return arguments[0] <= hour && hour <= arguments[1];
    if (count != 4 && count != 6) throw "timeRange: bad number of arguments";
    from = new Date();
    to = new Date();
    half = count >> 1;
    if (count == 6) {
      from.setSeconds(arguments[2]);
      to.setSeconds(arguments[5]);
    }
    from.setHours(arguments[0]);
    from.setMinutes(arguments[1]);
    to.setHours(arguments[half]);
    to.setMinutes(arguments[half + 1]);
    if (half == 2) to.setSeconds(59);
    if (utc) asUtc(now);
    return isBetween(from, now, to);
  };
})();
