//! Each rule finds what it is for, and not what is next to it.

use parray::pac::check::{Finding, Rule, check, fix, read};
use parray::pac::eval::{Call, EvalError, evaluate};
use proptest::prelude::*;

/// What is found in a file that an interpreter has loaded.
fn found(text: impl AsRef<[u8]>) -> Vec<Finding> {
    check(&read(text.as_ref()), |_| Ok(()))
}

/// What is found in a function with this body, that ends with an answer.
fn in_body(body: &str) -> Vec<Finding> {
    found(format!("function FindProxyForURL(url, host) {{\n{body}\nreturn \"DIRECT\";\n}}\n"))
}

fn has(findings: &[Finding], rule: Rule) -> bool {
    findings.iter().any(|finding| finding.rule == rule)
}

/// A rule, a body that breaks it, and one that is next to it and does not.
const BODIES: &[(Rule, &str, &str)] = &[
    (Rule::MayReturnUndefined, "if (host == 'a') return;", "function f() { return; }"),
    (
        Rule::MayReturnUndefined,
        "return host == 'a' ? null : 'DIRECT';",
        "return host == 'a' ? 'PROXY a:1' : 'DIRECT';",
    ),
    (Rule::BadResult, "return 'PROXY a:1, DIRECT';", "return 'PROXY a:1; DIRECT';"),
    (Rule::BadResult, "var p = 'PROXY u@a:1'; return p;", "var p = 'PROXY a:1'; return p;"),
    (Rule::BadResult, "return 'a.example:3128';", "return someVariable;"),
    (Rule::ClientResult, "return 'HTTP a:1';", "return 'PROXY a:1';"),
    (Rule::ClientResult, "return ' PROXY a:1';", "return 'PROXY A.test:1';"),
    // Firefox takes port 80 for none.
    (Rule::ClientResult, "return 'SOCKS a:80';", "return 'SOCKS a:81';"),
    (Rule::ClientResult, "return 'SOCKS5 a:1';", "return 'SOCKS a:1';"),
    (Rule::AfterDirect, "return 'DIRECT; PROXY a:1';", "return 'PROXY a:1; DIRECT';"),
    (Rule::DefaultPort, "return 'PROXY a';", "return 'PROXY [::1]:80';"),
    (
        Rule::ShexpRegexp,
        "if (shExpMatch(host, '(a|b).test')) return 'DIRECT';",
        "if (shExpMatch(host, '*.a-?.test')) return 'DIRECT';",
    ),
    (
        Rule::LooseUrl,
        "if (shExpMatch(url, '*.a.test/*')) return 'DIRECT';",
        "if (shExpMatch(url, 'http://*/a.b/*') || shExpMatch(url, '*/a.b')) return 'DIRECT';",
    ),
    (
        Rule::UndottedDomain,
        "if (dnsDomainIs(host, 'a.test')) return 'DIRECT';",
        "if (dnsDomainIs(host, '.a.test')) return 'DIRECT';",
    ),
    (
        Rule::Netmask,
        "if (isInNet(host, '10.0.0.0/8', '255.0.0.0')) return 'DIRECT';",
        "if (isInNet(host, '10.0.0.0', '255.0.0.0')) return 'DIRECT';",
    ),
    (
        Rule::Netmask,
        "if (isInNet(host, '10.0.0.0', '8')) return 'DIRECT';",
        "if (isInNet(host, '0.0.0.0', '0.0.0.0')) return 'DIRECT';",
    ),
    (
        Rule::Netmask,
        "if (isInNet(host, '10.0.0.0', '255.0.255.0')) return 'DIRECT';",
        "if (isInNet(host, '10.1.2.3', '255.255.255.255')) return 'DIRECT';",
    ),
    (
        Rule::Arguments,
        "if (isInNet(host, '10.0.0.1', '255.0.0.0')) return 'DIRECT';",
        "if (isInNet(host, '10.0.0.0', '255.0.0.0')) return 'DIRECT';",
    ),
    (
        Rule::Arguments,
        "if (shExpMatch(host)) return 'DIRECT';",
        "if (shExpMatch(host, 'a')) return 'DIRECT';",
    ),
    (
        Rule::NeverMatches,
        "if (weekdayRange('mon')) return 'DIRECT';",
        "if (weekdayRange('MON', 'FRI', 'GMT')) return 'DIRECT';",
    ),
    (
        Rule::NeverMatches,
        "if (dateRange('Jan')) return 'DIRECT';",
        "if (dateRange('JAN', 'MAR')) return 'DIRECT';",
    ),
    (
        Rule::NeverMatches,
        "if (localHostOrDomainIs(host, '.test')) return 'DIRECT';",
        "if (localHostOrDomainIs(host, 'a.test')) return 'DIRECT';",
    ),
    (
        Rule::NeverMatches,
        "if (host == 'http://a.test/') return 'DIRECT';",
        "if (url == 'http://a.test/') return 'DIRECT';",
    ),
    (
        Rule::HostCase,
        "if (host == 'A.test') return 'DIRECT';",
        "if (host == 'a.test' || url == 'A') return 'DIRECT';",
    ),
    (
        Rule::HostCase,
        "if (dnsDomainIs(host, '.A.test')) return 'DIRECT';",
        "if (weekdayRange('MON')) return 'DIRECT';",
    ),
    (
        Rule::HttpsPath,
        "if (shExpMatch(url, 'https://a.test/x/*')) return 'DIRECT';",
        "if (shExpMatch(url, 'https://a.test/*') || url == 'http://a.test/x') return 'DIRECT';",
    ),
    (
        Rule::HttpsPath,
        "if (/^https?:\\/\\/a\\.test\\/x/.test(url)) return 'DIRECT';",
        "if (/^https?:\\/\\/a\\.test/.test(url)) return 'DIRECT';",
    ),
    (
        Rule::DateRangeDayMonth,
        "if (dateRange(1, 'JAN')) return 'DIRECT';",
        "if (dateRange(1, 'JAN', 2, 'FEB') || dateRange(1, 3)) return 'DIRECT';",
    ),
    (
        Rule::TimeWrap,
        "if (timeRange(22, 6)) return 'DIRECT';",
        "if (timeRange(6, 22) || timeRange(22, 30, 6, 0)) return 'DIRECT';",
    ),
    (
        Rule::DnsOrder,
        "if (isResolvable(host) && host == 'a') return 'DIRECT';",
        "if (host == 'a' && isResolvable(host)) return 'DIRECT';",
    ),
    (
        Rule::DnsOrder,
        "var ip = dnsResolve(host); if (host == 'a') return 'DIRECT';",
        "if (host == 'a') return 'DIRECT'; var ip = dnsResolve(host);",
    ),
    (
        Rule::MyIp,
        "if (myIpAddress() == '10.0.0.1') return 'DIRECT';",
        "if (host == '10.0.0.1') return 'DIRECT';",
    ),
    (
        Rule::Random,
        "if (Math.random() > 0.5) return 'DIRECT';",
        "if (Math.abs(1) > 0.5) return 'DIRECT';",
    ),
    (Rule::GlobalState, "count = 1;", "var count = 1; count = 2;"),
    (Rule::NewSyntax, "let a = 1;", "var a = 1;"),
    (Rule::NewSyntax, "var a = [1, 2,];", "var a = [1, 2 /* , */];"),
    (
        Rule::NewSyntax,
        "if (host[0] == 'a') return 'DIRECT';",
        "if (host.charAt(0) == 'a') return 'DIRECT';",
    ),
    (
        Rule::NewSyntax,
        "if (/(?<=a)b/.test(host)) return 'DIRECT';",
        "if (/(?=a)b/i.test(host)) return 'DIRECT';",
    ),
    (
        Rule::NewBuiltin,
        "if (host.startsWith('a')) return 'DIRECT';",
        "if (host.indexOf('a') == 0) return 'DIRECT';",
    ),
    (Rule::NewBuiltin, "var a = JSON.parse('1');", "var o = { trim: function () {} }; o.trim();"),
    (Rule::NewBuiltin, "var a = Object.keys({});", "var a = {}.hasOwnProperty('a');"),
    (Rule::ForeignName, "console.log(1);", "var console = {}; console.log = 1;"),
    (
        Rule::UndefinedName,
        "if (shexpMatch(host, 'a')) return 'DIRECT';",
        "if (typeof shexpMatch != 'undefined') return 'DIRECT';",
    ),
    (
        Rule::ExUnguarded,
        "if (isInNetEx(host, '10.0.0.0/8')) return 'DIRECT';",
        "if (typeof isInNetEx == 'function' && isInNetEx(host, '10.0.0.0/8')) return 'DIRECT';",
    ),
    (Rule::AlertUnguarded, "alert(host);", "if (typeof alert == 'function') alert(host);"),
    (
        Rule::Redefined,
        "} function isInNet(a, b, c) { return true;",
        "} function isInMyNet(a, b, c) { return true;",
    ),
    (
        Rule::Redefined,
        "return 'DIRECT'; } function FindProxyForURL(url, host) {",
        "return 'DIRECT'; } function other(url, host) {",
    ),
    (Rule::Eval, "eval('1');", "var o = { eval: 1 };"),
    (Rule::Eval, "var f = new Function('return 1');", "var f = new Object('return 1');"),
    (
        Rule::AssignmentInCondition,
        "if (host = 'a') return 'DIRECT';",
        "if (host == 'a') return 'DIRECT';",
    ),
    (
        Rule::Unreachable,
        "return 'DIRECT'; host = 'a';",
        "if (host == 'a') return 'DIRECT'; host = 'a';",
    ),
    (Rule::Unreachable, "if (false) return 'DIRECT';", "if (host) return 'DIRECT';"),
    (
        Rule::Unreachable,
        "if (dnsDomainIs(host, '.test')) return 'DIRECT'; if (host == 'a.test') return 'PROXY a:1';",
        "if (dnsDomainIs(host, '.a.test')) return 'DIRECT'; if (dnsDomainIs(host, '.test')) return 'PROXY a:1';",
    ),
    (
        Rule::Unreachable,
        "if (shExpMatch(host, '*.a.test')) return 'DIRECT'; else if (dnsDomainIs(host, '.b.a.test')) return 'PROXY a:1';",
        "if (host == 'a.test') var x = 1; if (host == 'a.test') return 'DIRECT';",
    ),
    (Rule::NonAscii, "var a = '\u{e9}';", "var a = '\\u00e9';"),
    (Rule::Credentials, "return 'PROXY joe:secret@a:1';", "return 'PROXY a:1';"),
];

#[test]
fn each_rule_finds_what_it_is_for_and_not_what_is_next_to_it() {
    for (rule, bad, good) in BODIES {
        assert!(has(&in_body(bad), *rule), "{rule} misses {bad}: {:?}", in_body(bad));
        assert!(!has(&in_body(good), *rule), "{rule} finds {good}: {:?}", in_body(good));
    }
}

#[test]
fn a_function_that_clients_call_may_be_an_arrow_or_a_property() {
    let late = "{ if (host == 'a.test') return 'DIRECT'; }";
    for text in [
        format!("var FindProxyForURL = (url, host) => {late};"),
        format!("globalThis.FindProxyForURL = function (url, host) {late};"),
        "var FindProxyForURL = (url, host) => null;".to_owned(),
        "var FindProxyForURL = async (url, host) => 'DIRECT';".to_owned(),
    ] {
        assert!(has(&found(&text), Rule::MayReturnUndefined), "{text}");
    }
    let upper =
        found("var FindProxyForURL = (url, host) => host == 'A.test' ? 'DIRECT' : 'PROXY a:1';");
    assert!(has(&upper, Rule::HostCase) && !has(&upper, Rule::MayReturnUndefined));
}

#[test]
fn what_a_script_defines_for_old_clients_is_no_news_to_them() {
    let own = "if (!Object.keys) Object.keys = function (o) { return []; };";
    assert!(!has(&found(format!("{own} Object.keys({{}});")), Rule::NewBuiltin));
    assert!(has(&found(format!("{own} Object.values({{}});")), Rule::NewBuiltin));
}

#[test]
fn a_failure_of_loading_is_told_where_it_was() {
    let error = EvalError::Load("no (at <eval> (pac:2:3))".to_owned());
    let text = "var a = 1;\n  fail();\nfunction FindProxyForURL(url, host) { return 'DIRECT'; }";
    let findings = check(&read(text.as_bytes()), |_| Err(error));
    let failed = findings.iter().find(|it| it.rule == Rule::DoesNotLoad).unwrap();
    assert_eq!((failed.place.line, failed.place.column), (2, 3));
}

#[test]
fn rules_about_a_whole_file_find_what_they_are_for() {
    let whole = |text: &str, load: Result<(), EvalError>| check(&read(text.as_bytes()), |_| load);
    let load = || EvalError::Load("no".to_owned());
    assert!(has(&whole("function (", Err(load())), Rule::Syntax));
    assert!(has(&whole("function (", Ok(())), Rule::NotAnalysed));
    assert!(has(&whole("x.y", Err(load())), Rule::DoesNotLoad));
    assert!(has(&whole("var a;", Err(EvalError::NoEntryPoint)), Rule::NoEntryPoint));
    assert!(has(&found("function FindProxyForURL(url, host) { }"), Rule::MayReturnUndefined));
    assert!(has(
        &found("var FindProxyForURL = function (url, host) { };"),
        Rule::MayReturnUndefined
    ));
    assert!(has(&found("\u{feff}var a;"), Rule::ByteOrderMark));
    assert!(has(&found("/".repeat(300 << 10)), Rule::Large));
    assert!(has(&found("/".repeat(2 << 20)), Rule::TooLarge));
    let names = |count: usize| {
        let tests: Vec<String> = (0..count).map(|i| format!("isResolvable('{i}.test')")).collect();
        in_body(&format!("if ({}) return 'DIRECT';", tests.join(" || ")))
    };
    assert!(has(&names(21), Rule::DnsCount) && !has(&names(20), Rule::DnsCount));
    let terms = |count: usize| {
        let tests: Vec<String> = (0..count).map(|i| format!("host == '{i}.test'")).collect();
        in_body(&format!("if ({}) return 'DIRECT';", tests.join(" || ")))
    };
    assert!(has(&terms(101), Rule::LongCondition) && !has(&terms(100), Rule::LongCondition));
}

#[test]
fn each_rule_has_a_case() {
    let elsewhere = [
        Rule::Syntax,
        Rule::NotAnalysed,
        Rule::DoesNotLoad,
        Rule::NoEntryPoint,
        Rule::ByteOrderMark,
        Rule::NonAsciiComment,
        Rule::Large,
        Rule::TooLarge,
        Rule::DnsCount,
        Rule::LongCondition,
    ];
    for rule in Rule::ALL {
        let tested = elsewhere.contains(rule) || BODIES.iter().any(|(tested, ..)| tested == rule);
        assert!(tested, "{rule}");
        assert_eq!(rule.name().parse(), Ok(*rule));
    }
}

#[test]
fn a_file_without_fault_is_passed() {
    let good = "function FindProxyForURL(url, host) {
  if (isPlainHostName(host) || dnsDomainIs(host, \".intra.example\")) return \"DIRECT\";
  if (shExpMatch(host, \"*.video.example\")) return \"PROXY video.example:3128; DIRECT\";
  switch (host) {
    case \"a.example\": return \"PROXY a.example:3128\";
    default: return \"PROXY b.example:3128; DIRECT\";
  }
}
";
    assert_eq!(found(good), []);
}

#[test]
fn a_place_counts_lines_and_characters_from_one() {
    let findings = found(
        "var a = 1;\r\nvar b = '\u{1f600}'; var c = `x`;\nfunction FindProxyForURL() { return 'DIRECT'; }",
    );
    let place = |rule| findings.iter().find(|finding| finding.rule == rule).unwrap().place;
    assert_eq!((place(Rule::NonAscii).line, place(Rule::NonAscii).column), (2, 9));
    let template = place(Rule::NewSyntax);
    assert_eq!((template.line, template.column, template.end_column), (2, 22, 25));
}

#[test]
fn what_is_fixed_is_gone_and_answers_as_before() {
    let text = "\u{feff}// B\u{fc}ro\nvar list = ['\u{e9}.test', 'b.test',];\nfunction FindProxyForURL(url, host) {\n  if (host == list[0] || list.length != 2) return 'PROXY a:1';\n}\n";
    let source = read(text.as_bytes());
    let (fixed, done) = fix(&source, &check(&source, |_| Ok(())));
    assert_eq!(done, 2);
    let left = found(&fixed);
    assert!(left.iter().all(|finding| finding.fix.is_none()), "{left:?}");
    let calls =
        [Call { url: String::new(), host: "\u{e9}.test".to_owned() }, Call::of("http://b.test/")];
    let fixed = String::from_utf8(fixed).unwrap();
    // A comment still needs the byte order mark.
    let fixed = fixed.strip_prefix('\u{feff}').unwrap();
    assert_eq!(evaluate(fixed, &calls).unwrap(), ["PROXY a:1", "DIRECT"]);
}

#[test]
fn nothing_is_fixed_that_could_change_an_answer_or_lose_a_byte() {
    let fixes = |text: &[u8]| {
        let source = read(text);
        fix(&source, &check(&source, |_| Ok(()))).1
    };
    // Somebody else sees what it returns.
    for text in [
        "function FindProxyForURL(u, h) { }\nvar first = FindProxyForURL;",
        "function FindProxyForURL(u, h) { }\nFindProxyForURL = function (u, h) { return 'DIRECT'; };",
        "function f() { function FindProxyForURL() { } return FindProxyForURL; }",
        "function FindProxyForURL(u, h) { return 'DIRECT'; } // \u{e9}",
        "var s = '\\\u{e9}';",
        "var s = `\u{e9}`, r = /\u{e9}/;",
        "var a = [1, 2,];",
    ] {
        assert_eq!(fixes(text.as_bytes()), 0, "{text}");
    }
    // What is no script is not touched.
    let source = read(b"\xff\xd8\xe9");
    let broken = check(&source, |_| Err(EvalError::Load("no".to_owned())));
    assert_eq!(fix(&source, &broken), (b"\xff\xd8\xe9".to_vec(), 0));
    let source = read(b"// \xe9\nfunction FindProxyForURL(u, h) { if (h) return 'DIRECT' }");
    let (fixed, done) = fix(&source, &check(&source, |_| Ok(())));
    let expected = b"// \xe9\nfunction FindProxyForURL(u, h) { if (h) return 'DIRECT' \n  return \"DIRECT\";\n}";
    assert_eq!((fixed, done), (expected.to_vec(), 1), "in the bytes that it had");
}

#[test]
fn usual_files_are_not_blamed() {
    for (rule, body) in [
        (Rule::HttpsPath, r"if (/^https?:\/\/([^\/]+\.)*a\.test/.test(url)) return 'DIRECT';"),
        (Rule::HttpsPath, r"if (/^https:\/\/a\.test(\/|:|$)/.test(url)) return 'DIRECT';"),
        (
            Rule::Unreachable,
            "var p; if (host == 'a') p = 1; else if (url) return 'DIRECT'; if (url) return 'PROXY a:1';",
        ),
        (
            Rule::Unreachable,
            "var i = 0; if (i++ == 1) return 'DIRECT'; if (i++ == 1) return 'PROXY a:1';",
        ),
        (
            Rule::Unreachable,
            "var h = host; if (h == 'a') return 'DIRECT'; h = 'a'; if (h == 'a') return 'PROXY a:1';",
        ),
        (Rule::HostCase, "host = host.toUpperCase(); if (host == 'A.TEST') return 'DIRECT';"),
        (Rule::BadResult, "var p = 'PROXY '; if (url == ['http', 'https'][0]) return p + host;"),
        (Rule::BadResult, "switch (url) { case 'http': break; }"),
        (Rule::ClientResult, "return 'SOCKS5 a:1; SOCKS a:1; DIRECT';"),
        (Rule::UndefinedName, "if (isValidIpAddress(host)) return 'DIRECT';"),
        (Rule::UndefinedName, "with (String) { return fromCharCode(65); }"),
        (
            Rule::ExUnguarded,
            "if (typeof isInNetEx != 'function') return 'DIRECT'; isInNetEx(host, '10.0.0.0/8');",
        ),
        (
            Rule::DnsOrder,
            "if (host == 'a' && isInNet(host, '10.0.0.0', '255.0.0.0')) return 'DIRECT'; if (host == 'b') return 'DIRECT';",
        ),
        (Rule::DnsOrder, "var ip = dnsResolve(host); if (ip == host) return 'DIRECT';"),
        (
            Rule::GlobalState,
            "} (function () { FindProxyForURL = function () { return 'DIRECT'; }; })(); function g() {",
        ),
        (
            Rule::MayReturnUndefined,
            "return 'DIRECT'; } function FindProxyForURLEx(url, host) { switch (host) { case 'a': for (;;) { break; } return 'DIRECT'; default: return 'DIRECT'; }",
        ),
        (Rule::NonAscii, "// B\u{fc}ro"),
    ] {
        assert!(!has(&in_body(body), rule), "{rule} finds {body}: {:?}", in_body(body));
    }
    assert!(has(
        &in_body(
            "if (shExpMatch(host, '*')) return 'DIRECT'; if (host == 'a') return 'PROXY a:1';"
        ),
        Rule::Unreachable
    ));
    assert!(has(
        &found("function FindProxyForURL(u, h) { return h == 'A' ? 'DIRECT' : 'PROXY a:1'; }"),
        Rule::HostCase
    ));
}

#[test]
fn large_conditions_are_looked_at_in_time() {
    let terms = |term: &str, count: usize| vec![term; count].join(" || ");
    for term in
        ["isInNet(host, '10.0.0.0', '255.0.0.0')", "typeof alert != 'x' && alert(1)", "host == 'a'"]
    {
        let body = format!("if ({}) return 'DIRECT';", terms(term, 2000));
        assert!(has(&in_body(&body), Rule::LongCondition));
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s)[ -~\\n\u{e9}\u{1f600}]{0,200}") {
        found(text);
    }

    #[test]
    fn no_arrangement_of_what_pacs_are_made_of_makes_it_panic(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "function FindProxyForURL(url, host) {", "}", "{", "if (", ")", "return", "'PROXY a:1'", ";",
            "shExpMatch(host, '*.a')", "||", "&&", "host ==", "'A'", "dnsResolve(host)", "else", "var a =",
            "for (;;)", "while (true)", "break", "switch (host) {", "case 'a':", "default:", "try {",
            "} catch (e) {", "[1,]", "`a`", "isInNet(host,", "'10.0.0.0',", "/a/.test(url)", "x.y =", "(", "=>",
        ]), 0..40)
    ) {
        let text = words.join(" ");
        let findings = found(&text);
        let (fixed, _) = fix(&read(text.as_bytes()), &findings);
        prop_assert!(findings.iter().any(|it| it.rule == Rule::NotAnalysed) || !has(&found(fixed), Rule::NotAnalysed));
    }
}
