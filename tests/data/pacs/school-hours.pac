// A school: games and videos only after lessons, the exam server only in the morning.
var FILTER = "PROXY filter.school.test:3128";
var OPEN = "PROXY open.school.test:3128; DIRECT";
var NOWHERE = "PROXY 192.0.2.254:9";

function lessons() {
  return weekdayRange("MON", "FRI") && timeRange(8, 0, 16, 30);
}

function isIn(host, domain) {
  return host == domain || dnsDomainIs(host, "." + domain);
}

function FindProxyForURL(url, host) {
  if (isPlainHostName(host) || isIn(host, "campus.test") && !isIn(host, "lms.campus.test"))
    return "DIRECT";
  if (isIn(host, "lms.campus.test"))
    return timeRange(7, 13) ? "DIRECT" : FILTER;
  if (isIn(host, "games.test") || isIn(host, "social.test"))
    return lessons() ? NOWHERE : weekdayRange("SAT", "SUN") ? OPEN : FILTER;
  if (isIn(host, "video.test") || isIn(host, "video.example"))
    return timeRange(12, 0, 0, 13, 0, 0) || timeRange(18) ? OPEN : FILTER;
  if (isIn(host, "chat.example"))
    return weekdayRange("WED") || weekdayRange("FRI", "MON") ? OPEN : NOWHERE;
  if (isIn(host, "music.example"))
    return timeRange(22, 0, 6, 0) ? OPEN : timeRange(0, 6, "GMT") ? FILTER : "DIRECT";
  return FILTER;
}
