// The terms of a school year by dates, local and GMT; every form that dateRange has.
var TERMS = [
  ["autumn", function () { return dateRange(1, "SEP", 20, "DEC"); }],
  ["spring", function () { return dateRange(7, "JAN", 31, "MAR"); }],
  ["summer", function () { return dateRange("APR", "JUL"); }],
  ["winter", function () { return dateRange(20, "DEC", 7, "JAN"); }]
];

function term() {
  for (var i = 0; i < TERMS.length; i++) if (TERMS[i][1]()) return TERMS[i][0];
  return "break";
}

function FindProxyForURL(url, host) {
  if (dnsDomainIs(host, "library.campus.test"))
    return dateRange("NOV") ? "PROXY november.school.test:80" : "DIRECT";
  if (dnsDomainIs(host, ".campus.test"))
    return dateRange(2026) ? "PROXY y2026.school.test:80" : "PROXY other-year.school.test:80";
  if (dnsDomainIs(host, "games.test"))
    return dateRange(20, 25) ? "PROXY late.school.test:80" : "PROXY early.school.test:80";
  if (dnsDomainIs(host, ".example.com"))
    return dateRange(1, "JAN", 2020, 31, "DEC", 2030, "GMT") ? "DIRECT" : "PROXY no.school.test:80";
  if (dnsDomainIs(host, ".example.org"))
    return dateRange("OCT", 2026, "FEB", 2027) ? "PROXY half.school.test:80" : "DIRECT";
  if (dnsDomainIs(host, ".example"))
    return dateRange(22, "GMT") ? "PROXY day.school.test:80" : "PROXY any.school.test:80";
  return "PROXY " + term() + ".school.test:3128";
}
