//! What each client gives to a PAC, in both engines: the meaning that Mozilla's and Chromium's library has, and
//! where the clients differ.

use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

const ENGINES: [&str; 2] = ["quickjs", "boa"];

/// What expressions come to, as text; `throws` for one that does.
fn values(expressions: &[&str], flags: &[&str]) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let pac = folder.path().join("values.pac");
    let cases: Vec<String> =
        expressions.iter().map(|expression| format!("function(){{return {expression}}}")).collect();
    let script = format!(
        "var cases=[{}];\nfunction FindProxyForURL(url, host) {{\n\
         try {{ return '' + cases[+host.substring(1)](); }} catch (error) {{ return 'throws'; }}\n}}\n",
        cases.join(",\n")
    );
    std::fs::write(&pac, script).unwrap();
    let pac = pac.display().to_string();
    let urls: Vec<String> = (0..expressions.len()).map(|n| format!("http://c{n}/")).collect();
    let arguments = ["pac", "eval", &pac].into_iter().chain(urls.iter().map(String::as_str));
    let output = run(&arguments.chain(flags.iter().copied()).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).lines().map(ToOwned::to_owned).collect()
}

#[test]
fn functions_mean_what_they_mean_in_browsers() {
    // An expression, and what it is in Chrome, Firefox and WinINET.
    const CASES: &[(&str, [&str; 3])] = &[
        ("isPlainHostName('www')", ["true"; 3]),
        ("isPlainHostName('www.a.test')", ["false"; 3]),
        ("isPlainHostName('::1')", ["false"; 3]),
        ("isPlainHostName('foopy::1')", ["true", "false", "true"]),
        ("isPlainHostName(1)", ["throws"; 3]),
        ("dnsDomainIs('www.a.test', '.a.test')", ["true"; 3]),
        ("dnsDomainIs('nota.test', 'a.test')", ["true"; 3]),
        ("dnsDomainIs('www.a.test', 'A.test')", ["false"; 3]),
        ("dnsDomainIs('a', '.a')", ["false"; 3]),
        ("localHostOrDomainIs('www', 'www.a.test')", ["true"; 3]),
        ("localHostOrDomainIs('www.a.test', 'www.a.test')", ["true"; 3]),
        ("localHostOrDomainIs('www.b.test', 'www.a.test')", ["false"; 3]),
        ("localHostOrDomainIs('dev.local', '.local')", ["false"; 3]),
        ("dnsDomainLevels('www')", ["0"; 3]),
        ("dnsDomainLevels('www.a.test')", ["2"; 3]),
        ("shExpMatch('http://a.test/b/c.html', '*/b/*')", ["true"; 3]),
        ("shExpMatch('a.test', '?.test')", ["true"; 3]),
        ("shExpMatch('axtest', 'a.test')", ["false"; 3]),
        ("shExpMatch('WWW.A.COM', 'www.*')", ["false"; 3]),
        // What means something in a regular expression leaks through.
        ("shExpMatch('foo.com', '(foo.com|bar.com)')", ["true"; 3]),
        ("shExpMatch('1+1', '1+1')", ["false"; 3]),
        ("shExpMatch('a(b', 'a(b')", ["throws"; 3]),
        ("dnsResolve('known.test')", ["192.0.2.7"; 3]),
        ("dnsResolve('unknown.test')", ["null"; 3]),
        ("dnsResolve('six.test')", ["null", "2001:db8::6", "null"]),
        ("isResolvable('known.test')", ["true"; 3]),
        ("isResolvable('unknown.test')", ["false"; 3]),
        ("isInNet('192.0.2.9', '192.0.2.0', '255.255.255.0')", ["true"; 3]),
        ("isInNet('known.test', '192.0.2.0', '255.255.255.0')", ["true"; 3]),
        ("isInNet('unknown.test', '0.0.0.0', '0.0.0.0')", ["false"; 3]),
        ("isInNet('192.0.2.9', '192.0.2.0', '24')", ["false"; 3]),
        ("isInNet('010.0.0.1', '10.0.0.0', '255.0.0.0')", ["true"; 3]),
        ("isInNet('300.0.0.1', '0.0.0.0', '0.0.0.0')", ["false"; 3]),
        ("convert_addr('104.16.41.2')", ["1745889538"; 3]),
        ("myIpAddress()", ["10.1.2.3"; 3]),
        ("alert('x')", ["undefined"; 3]),
        ("alert()", ["undefined", "throws", "undefined"]),
        ("myIpAddressEx()", ["10.1.2.3;2001:db8::1", "throws", "10.1.2.3;2001:db8::1"]),
        ("dnsResolveEx('six.test')", ["2001:db8::6", "throws", "2001:db8::6"]),
        ("'[' + dnsResolveEx('unknown.test') + ']'", ["[]", "throws", "[]"]),
        ("isResolvableEx('six.test')", ["true", "throws", "true"]),
        ("isResolvableEx('unknown.test')", ["false", "throws", "false"]),
        ("isInNetEx('198.95.6.8', '198.95.0.0/16')", ["true", "throws", "true"]),
        ("isInNetEx('3ffe:8311::1', '3ffe:8311::/32')", ["true", "throws", "true"]),
        ("isInNetEx('198.95.6.8')", ["null", "throws", "null"]),
        (
            "sortIpAddressList('10.2.3.9;::9;10.2.3.10;::1')",
            ["::1;::9;10.2.3.9;10.2.3.10", "throws", "::1;::9;10.2.3.9;10.2.3.10"],
        ),
        ("sortIpAddressList('')", ["false", "throws", "false"]),
        ("getClientVersion()", ["throws", "throws", "1.0"]),
        ("timeRange(1, 2, 3)", ["throws"; 3]),
        ("weekdayRange('mon')", ["false"; 3]),
        ("'abc'.substr(1) + escape(' ')", ["bc%20"; 3]),
    ];
    let expressions: Vec<&str> = CASES.iter().map(|(expression, _)| *expression).collect();
    for engine in ENGINES {
        for (at, profile) in ["chrome", "firefox", "wininet"].into_iter().enumerate() {
            let flags = [
                "--engine",
                engine,
                "--profile",
                profile,
                "--my-ip",
                "10.1.2.3,2001:db8::1",
                "--dns",
                "known.test=192.0.2.7,six.test=2001:db8::6",
            ];
            let found = values(&expressions, &flags);
            for ((expression, expected), found) in CASES.iter().zip(&found) {
                assert_eq!(found, expected[at], "{expression} in {profile}, {engine}");
            }
        }
    }
}

#[test]
fn time_is_what_the_flags_say() {
    // An expression, the time, the zone, and what it is then. 2026-11-22 is a Sunday.
    const CASES: &[(&str, &str, &str, &str)] = &[
        ("weekdayRange('SUN')", "2026-11-22T09:30", "UTC", "true"),
        ("weekdayRange('MON', 'FRI')", "2026-11-22T09:30", "UTC", "false"),
        ("weekdayRange('SAT', 'MON')", "2026-11-22T09:30", "UTC", "true"),
        ("weekdayRange('FRI', 'MON')", "2026-11-22T09:30", "UTC", "true"),
        ("weekdayRange('SUN')", "2026-11-22T23:30Z", "Europe/Berlin", "false"),
        ("weekdayRange('SUN', 'GMT')", "2026-11-22T23:30Z", "Europe/Berlin", "true"),
        ("timeRange(9)", "2026-11-22T09:30", "America/New_York", "true"),
        ("timeRange(9, 'GMT')", "2026-11-22T09:30", "America/New_York", "false"),
        ("timeRange(14, 'GMT')", "2026-11-22T09:30", "America/New_York", "true"),
        ("timeRange(9, 9)", "2026-11-22T09:30", "UTC", "true"),
        ("timeRange(10, 12)", "2026-11-22T09:30", "UTC", "false"),
        ("timeRange(9, 0, 9, 30)", "2026-11-22T09:30:59", "UTC", "true"),
        ("timeRange(9, 0, 9, 29)", "2026-11-22T09:30:00", "UTC", "false"),
        ("timeRange(22, 0, 10, 0)", "2026-11-22T09:30", "UTC", "true"),
        ("timeRange(9, 30, 10, 9, 30, 20)", "2026-11-22T09:30:15", "UTC", "true"),
        ("timeRange(9, 30, 10, 9, 30, 20)", "2026-11-22T09:30:25", "UTC", "false"),
        ("dateRange(22)", "2026-11-22T09:30", "UTC", "true"),
        ("dateRange('NOV')", "2026-11-22T09:30", "UTC", "true"),
        ("dateRange(2026)", "2026-11-22T09:30", "UTC", "true"),
        ("dateRange(20, 23)", "2026-11-22T09:30", "UTC", "true"),
        ("dateRange('OCT', 'DEC')", "2026-11-22T09:30", "UTC", "true"),
        ("dateRange('DEC', 'FEB')", "2026-11-22T09:30", "UTC", "false"),
        ("dateRange(1, 'JUN', 15, 'AUG')", "2026-11-22T09:30", "UTC", "false"),
        ("dateRange(1, 'NOV', 2026, 30, 'NOV', 2026)", "2026-11-22T09:30", "UTC", "true"),
        ("dateRange(2027, 2028)", "2026-11-22T09:30", "UTC", "false"),
        ("dateRange('MAR', 5)", "2026-06-15T12:00", "UTC", "true"),
        // One day of one month is not what people think.
        ("dateRange(1, 'JAN')", "2026-11-22T09:30", "UTC", "true"),
        ("new Date().getHours()", "2026-07-01T12:00Z", "Asia/Kolkata", "17"),
        (
            "Date.parse('Mar 03 2009') == new Date(2009, 2, 3).getTime()",
            "2026-11-22T00:00",
            "UTC",
            "true",
        ),
        (
            "Date.parse('3 March 2009 10:00 GMT')",
            "2026-11-22T00:00",
            "Asia/Kolkata",
            "1236074400000",
        ),
        ("new Date('2009/03/03 10:00:00').getTime()", "2026-11-22T00:00", "UTC", "1236074400000"),
        (
            "Date.parse('Tue, 03 Mar 2009 10:00:00 +0100')",
            "2026-11-22T00:00",
            "UTC",
            "1236070800000",
        ),
        ("Date.parse('no date')", "2026-11-22T00:00", "UTC", "NaN"),
    ];
    for engine in ENGINES {
        for (expression, now, zone, expected) in CASES {
            let found = values(&[expression], &["--engine", engine, "--now", now, "--tz", zone]);
            assert_eq!(found, [*expected], "{expression} at {now} in {zone}, {engine}");
        }
    }
}
