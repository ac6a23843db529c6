// Has CRLF line ends, also in a continued string and within a comment of several lines.
/* one
   two
*/
var list = "PROXY first.test:8080; \
PROXY second.test:8080";
var lines = 0
var other = lines
++lines

function FindProxyForURL(url, host)
{
	if (isPlainHostName(host)) // direct
		return "DIRECT";
	if (shExpMatch(host, "*.test") ||
	    shExpMatch(host, "*.example"))
		return list;
	return "PROXY lines" + other + lines + ".test:80";	
}
