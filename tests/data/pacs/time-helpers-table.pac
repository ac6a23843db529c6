// Writes what the time helpers say about one table of ranges as zeros and ones into a proxy's name.
var RANGES = [
  function () { return weekdayRange("SUN"); },
  function () { return weekdayRange("MON", "FRI", "GMT"); },
  function () { return weekdayRange("FRI", "TUE"); },
  function () { return weekdayRange("mon"); },
  function () { return weekdayRange(); },
  function () { return dateRange(22); },
  function () { return dateRange(1, 15); },
  function () { return dateRange("NOV"); },
  function () { return dateRange("NOV", "FEB"); },
  function () { return dateRange(2026); },
  function () { return dateRange(2027, 2030); },
  function () { return dateRange(1, "NOV", 30, "NOV", "GMT"); },
  function () { return dateRange("JAN", 2026, "JUN", 2026); },
  function () { return dateRange(24, "DEC", 2025, 2, "JAN", 2027); },
  function () { return timeRange(9); },
  function () { return timeRange(9, 17); },
  function () { return timeRange(9, 17, "GMT"); },
  function () { return timeRange(23, 4); },
  function () { return timeRange(8, 30, 17, 0); },
  function () { return timeRange(23, 0, 4, 30); },
  function () { return timeRange(0, 0, 0, 12, 0, 0, "GMT"); }
];

function FindProxyForURL(url, host) {
  var from = host.length % 3, bits = "";
  for (var i = from; i < RANGES.length; i += 3) bits += RANGES[i]() ? "1" : "0";
  if (host.length > 40) {
    try {
      timeRange(1, 2, 3);
    } catch (problem) {
      bits += "-" + typeof problem;
    }
  }
  return "PROXY t" + from + "-" + bits + ".test:80";
}
