//! URLs to ask a PAC for: from a list, from an access log, or made of what stands in PACs.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead, Read};

use oxc::ast::ast::{RegExpLiteral, StringLiteral, TemplateElement};
use oxc::ast_visit::Visit;
use serde::{Deserialize, Serialize};

use super::script::Script;

/// A URL, and how much it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The URL; of a CONNECT `https://host:port/`.
    pub url: String,
    /// How many requests; 1 for each line of a list.
    pub requests: u64,
    /// Bytes that were sent for it; 0 where that is unknown.
    pub bytes: u64,
}

/// A line that has no URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} must be a URL, or of an access log (squid, combined or json), found {found:?}"
)]
pub struct LineError {
    /// 1-based.
    pub line: usize,
    /// How it begins.
    pub found: String,
}

/// Why URLs cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UrlsError {
    /// A line of something else.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The file.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UrlsRead {
    /// Each URL once, in the order of the first.
    pub asked: Vec<Asked>,
    /// A last line without an end that says nothing: one that is being written.
    pub unfinished: Option<LineError>,
}

/// Bytes of the longest line.
const LONGEST_LINE: u64 = 1 << 20;

/// Reads URLs, one a line, or an access log in Squid's native format, the combined format or JSON, of any
/// length: memory grows with its different URLs. Empty lines and those that begin with `#` count for nothing, nor do requests without a URL.
///
/// # Errors
/// The first line that is none of these, or is longer than 1 MiB.
pub fn read_urls(mut input: impl BufRead) -> Result<UrlsRead, UrlsError> {
    let mut read = UrlsRead::default();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let length = (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            break;
        }
        let is_whole = bytes.ends_with(b"\n");
        let is_last = !is_whole && input.fill_buf()?.is_empty();
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim();
        let error = || LineError { line: number, found: line.chars().take(80).collect() };
        if !is_whole && !is_last {
            return Err(error().into());
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match of_line(line) {
            Some(Some((url, bytes))) => {
                let at = *known.entry(url.clone()).or_insert(read.asked.len());
                match read.asked.get_mut(at) {
                    Some(asked) => {
                        asked.requests += 1;
                        asked.bytes = asked.bytes.saturating_add(bytes);
                    }
                    None => read.asked.push(Asked { url, requests: 1, bytes }),
                }
            }
            Some(None) => {}
            None if is_last && number > 1 => read.unfinished = Some(error()),
            None => return Err(error().into()),
        }
    }
    Ok(read)
}

/// URL and bytes of a line; inside, nothing for a request without a URL.
#[expect(clippy::option_option, reason = "no such line, and a line without a URL, are different")]
fn of_line(line: &str) -> Option<Option<(String, u64)>> {
    if line.starts_with('{') {
        return json(line);
    }
    if let Some((before, rest)) = line.split_once('"') {
        // A quote inside of the request has a backslash before it.
        let end = rest.match_indices('"').map(|(at, _)| at);
        let end =
            end.into_iter().find(|at| !rest.get(..*at).is_some_and(|it| it.ends_with('\\')))?;
        let (request, rest) = rest.split_at_checked(end)?;
        let (request, rest) = (request.replace("\\\"", "\""), rest.strip_prefix('"')?);
        let mut words = request.split(' ');
        let (method, target) = (words.next()?, words.next());
        // A log has at least client, user and time before the request.
        if before.split_ascii_whitespace().count() < 3 {
            return None;
        }
        let bytes = rest.split_ascii_whitespace().nth(1).and_then(|bytes| bytes.parse().ok());
        let Some(target) = target else { return Some(None) };
        return Some(url_of(method, target).map(|url| (url, bytes.unwrap_or(0))));
    }
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    match words.as_slice() {
        [url] => url_of("GET", url).map(|url| Some((url, 0))),
        // A line that is cut off within its URL has no word behind it.
        [time, _, _, code, bytes, method, target, _, ..]
            if time.parse::<f64>().is_ok() && code.contains('/') =>
        {
            let bytes = bytes.parse().ok()?;
            Some(url_of(method, target).map(|url| (url, bytes)))
        }
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "as above")]
fn json(line: &str) -> Option<Option<(String, u64)>> {
    #[derive(Deserialize)]
    struct Line {
        url: String,
        #[serde(default)]
        method: String,
        #[serde(default)]
        bytes: u64,
    }
    let Line { url, method, bytes } = serde_json::from_str(line).ok()?;
    Some(url_of(&method, &url).map(|url| (url, bytes)))
}

fn url_of(method: &str, target: &str) -> Option<String> {
    let is_authority = || {
        target
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    };
    // A list may name a CONNECT, too.
    let names_a_port = !target.contains('/') && is_authority();
    let tunnel = names_a_port && (method == "CONNECT" || !target.contains("://"));
    let text = if tunnel { format!("https://{target}/") } else { target.to_owned() };
    // What no client could ask for is none, whoever has sent it.
    url::Url::parse(&text).is_ok_and(|url| url.has_host()).then_some(text)
}

/// What a script speaks of, as URLs that its tests may take for theirs, and near misses; in a fixed order.
pub(super) fn literals(script: &Script<'_>) -> Vec<String> {
    let mut texts = Texts(BTreeSet::new());
    texts.visit_program(script.program);
    let mut urls: BTreeSet<String> = EVERYBODYS.into_iter().map(ToOwned::to_owned).collect();
    for text in &texts.0 {
        of_text(text, &mut urls);
    }
    urls.into_iter().collect()
}

/// What every PAC has an opinion of.
const EVERYBODYS: [&str; 12] = [
    "ftp://ftp.example.com/",
    "http://10.1.2.3/",
    "http://127.0.0.1/",
    "http://172.16.1.2/",
    "http://192.168.1.2/",
    "http://203.0.113.1/",
    "http://[2001:db8::1]/",
    "http://intranet/",
    "http://www.example.com/",
    "http://www.example.com:8080/",
    "https://www.example.com/",
    "ws://www.example.com/",
];

/// Most texts of a script that URLs are made of.
const MOST_TEXTS: usize = 200_000;

struct Texts(BTreeSet<String>);

impl Texts {
    fn add(&mut self, text: &str) {
        // Longer ones are data, in which names stand between something else.
        for part in text.split(|c: char| c.is_whitespace() || ",;|\"'`\\^$()[]{}".contains(c)) {
            if self.0.len() < MOST_TEXTS && (2..=200).contains(&part.len()) {
                self.0.insert(part.to_ascii_lowercase());
            }
        }
    }
}

impl<'a> Visit<'a> for Texts {
    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        let first = it.value.split([' ', ':']).next().unwrap_or_default();
        // Proxies are answers and no questions.
        if !matches!(first, "PROXY" | "SOCKS" | "SOCKS4" | "SOCKS5" | "HTTPS" | "HTTP" | "DIRECT") {
            self.add(&it.value);
        }
    }

    fn visit_template_element(&mut self, it: &TemplateElement<'a>) {
        self.add(&it.value.raw);
    }

    fn visit_reg_exp_literal(&mut self, it: &RegExpLiteral<'a>) {
        self.add(&it.regex.pattern.text.replace("\\.", ".").replace("\\/", "/").replace(".*", ""));
    }
}

fn of_text(text: &str, urls: &mut BTreeSet<String>) {
    let fill = |pattern: &str| pattern.replace("**", "*").replace('*', "x").replace('?', "q");
    if let Some((scheme, rest)) = text.split_once("://") {
        let scheme = if scheme.contains('*') || scheme.is_empty() { "http" } else { scheme };
        add(&format!("{scheme}://{}", fill(rest)), urls);
        return;
    }
    if text.starts_with('/') || text.contains('=') {
        add(&format!("http://www.example.com/{}", fill(text.trim_start_matches(['/', '*']))), urls);
        return;
    }
    let (host, path) = text.split_once('/').map_or((text, ""), |(host, path)| (host, path));
    let bare = host.trim_start_matches(['*', '.']).trim_end_matches(['*', ':']);
    if bare.is_empty() || !bare.chars().all(|c| c.is_ascii_alphanumeric() || "-._*?:".contains(c)) {
        return;
    }
    let bare = fill(bare);
    for host in
        [bare.clone(), format!("www.{bare}"), format!("not{bare}"), format!("{bare}.example")]
    {
        add(&format!("http://{host}/{}", fill(path)), urls);
    }
    add(&format!("https://{bare}/"), urls);
}

fn add(url: &str, urls: &mut BTreeSet<String>) {
    if url::Url::parse(url).is_ok_and(|parsed| parsed.has_host()) {
        urls.insert(url.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> (String, u64) {
        let mut all = read_urls(line.as_bytes()).unwrap();
        let Asked { url, bytes, .. } = all.asked.pop().unwrap();
        (url, bytes)
    }

    #[test]
    fn lists_and_logs_are_read() {
        let url = "http://a.test/x?y".to_owned();
        assert_eq!(one("a.test:443"), ("https://a.test:443/".to_owned(), 0));
        assert_eq!(one("  http://a.test/x?y "), (url.clone(), 0));
        let squid = "1286536309.075    180 192.0.2.1 TCP_MISS/200 411 GET http://a.test/x?y - HIER_DIRECT/a text/html";
        assert_eq!(one(squid), (url.clone(), 411));
        let tunnel = "1286536309.075    180 192.0.2.1 TCP_TUNNEL/200 99 CONNECT a.test:443 - HIER_DIRECT/a -";
        assert_eq!(one(tunnel), ("https://a.test:443/".to_owned(), 99));
        let combined = "192.0.2.1 - - [22/Nov/2026:09:30:00 +0000] \"GET http://a.test/x?y HTTP/1.1\" 200 411 \"-\" \"x\"";
        assert_eq!(one(combined), (url.clone(), 411));
        assert_eq!(
            one("{\"url\":\"http://a.test/x?y\",\"method\":\"GET\",\"bytes\":5,\"other\":[]}"),
            (url, 5)
        );
    }

    #[test]
    fn a_url_that_comes_again_is_counted() {
        let list = "# list\nhttp://a.test/\n\nhttp://b.test/\nhttp://a.test/\n";
        let all = read_urls(list.as_bytes()).unwrap().asked;
        let counts: Vec<_> = all.iter().map(|asked| (asked.url.as_str(), asked.requests)).collect();
        assert_eq!(counts, [("http://a.test/", 2), ("http://b.test/", 1)]);
    }

    #[test]
    fn what_is_no_url_is_told_by_its_line_and_requests_without_one_are_left_out() {
        let line = |text: &str| match read_urls(text.as_bytes()) {
            Err(UrlsError::Line(error)) => error.line,
            other => panic!("{text:?}: {other:?}"),
        };
        assert_eq!(line("http://a.test/\nwhat is this\n"), 2);
        assert_eq!(line("{\"url\":1}"), 1);
        assert_eq!(line(&"a".repeat(1 << 21)), 1);
        assert_eq!(line(&format!("http://a.test/\n# {}\nhttp://b.test/", "a".repeat(1 << 21))), 2);
        let none =
            |text: &str| assert_eq!(read_urls(text.as_bytes()).unwrap(), UrlsRead::default());
        none("192.0.2.1 - - [22/Nov/2026:09:30:00 +0000] \"GET /pat HTTP/1.1\" 200 411");
        none("192.0.2.1 - - [x] \"-\" 400 0");
        none("1286536309.075 1 192.0.2.1 TCP_DENIED/403 9 CONNECT 1.2.3.999:443 - HIER_NONE/- -");
        let many = "{\"url\":\"http://a/\",\"bytes\":18446744073709551615}\n".repeat(2);
        assert_eq!(read_urls(many.as_bytes()).unwrap().asked[0].bytes, u64::MAX);
    }

    #[test]
    fn a_line_that_is_being_written_is_told_of_and_does_not_refuse_the_others() {
        let line = "1286536309.075 1 192.0.2.1 TCP_MISS/200 4 GET http://a.test/ - - -\n";
        for length in [12, 50, line.len() - 8] {
            let log = format!("{line}{}", line.split_at(length).0);
            let read = read_urls(log.as_bytes()).unwrap();
            assert_eq!(read.asked[0].requests, 1, "{log}");
            assert_eq!(read.unfinished.unwrap().line, 2, "{log}");
        }
        let whole = read_urls("http://a.test/\nhttp://b.test/".as_bytes()).unwrap();
        assert_eq!((whole.asked.len(), whole.unfinished), (2, None));
    }

    #[test]
    fn a_quote_inside_of_a_request_does_not_end_it() {
        let combined = r#"192.0.2.1 - - [x] "GET http://a.test/?q=\"b\" HTTP/1.1" 200 7 "-" "x""#;
        assert_eq!(one(combined), ("http://a.test/?q=\"b\"".to_owned(), 7));
    }
}
