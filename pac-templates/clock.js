// A Date whose time stands still at now (none: it goes on), and that reads the dates that every
// browser reads: "Mar 3, 2009 10:00 GMT", "3 March 2009", "2009/3/3", "3/3/2009".
(function (now) {
  var Native = Date;
  var names = "janfebmaraprmayjunjulaugsepoctnovdec";

  function legacy(text) {
    var words = text.replace(/\([^)]*\)/g, " ").match(/[+\-]\d{4}\b|\d+(?:[:\/]\d+)+|\d+|[a-z]+/gi);
    var numbers = [], time = [0, 0, 0], month = -1, zone = null, i, word, place, date;
    for (i = 0; words && i < words.length; i++) {
      word = words[i].toLowerCase();
      if (/^[+\-]\d{4}$/.test(word) && (zone !== null || numbers.length > 1)) {
        zone = (word.charAt(0) == "-" ? 1 : -1) * (word.substr(1, 2) * 60 + +word.substr(3, 2));
      } else if (word.indexOf(":") > 0) {
        time = word.split(":");
      } else if (word.indexOf("/") > 0) {
        date = word.split("/");
        if (date[0].length < 3) date = [date[2], date[0], date[1]];
        numbers = [date[2], date[0]];
        month = date[1] - 1;
      } else if (/^[+\-]?\d/.test(word)) {
        numbers.push(word.replace(/^[+\-]/, ""));
      } else if (word == "gmt" || word == "utc" || word == "z") {
        zone = 0;
      } else if (word == "pm" || word == "am") {
        time[0] = time[0] % 12 + (word == "pm" ? 12 : 0);
      } else {
        place = word.length > 2 ? names.indexOf(word.substr(0, 3)) : -1;
        if (place >= 0 && place % 3 == 0) month = place / 3;
      }
    }
    if (month < 0 || numbers.length < 2) return NaN;
    if (numbers[0].length > 2) numbers.reverse();
    date = [+numbers[1], month, +numbers[0], +time[0], +time[1], +(time[2] || 0)];
    if (date[0] < 50) date[0] += 2000;
    return zone === null
      ? new Native(date[0], date[1], date[2], date[3], date[4], date[5]).getTime()
      : Native.UTC(date[0], date[1], date[2], date[3], date[4], date[5]) + zone * 60000;
  }

  function parse(text) {
    var time = Native.parse(text);
    return isNaN(time) ? legacy(String(text)) : time;
  }

  function current() {
    return now === null ? Native.now() : now;
  }

  function Clock(year, month, day, hour, minute, second, millisecond) {
    var count = arguments.length;
    if (!(this instanceof Clock)) return new Native(current()).toString();
    if (count == 0) return new Native(current());
    if (count == 1) return new Native(typeof year == "string" ? parse(year) : year);
    return new Native(
      year, month, count > 2 ? day : 1, count > 3 ? hour : 0, count > 4 ? minute : 0,
      count > 5 ? second : 0, count > 6 ? millisecond : 0
    );
  }

  Clock.prototype = Native.prototype;
  Clock.prototype.constructor = Clock;
  Clock.now = current;
  Clock.parse = parse;
  Clock.UTC = Native.UTC;
  Date = Clock;
})
