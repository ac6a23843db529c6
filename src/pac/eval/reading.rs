//! What of an answer each client takes.
//!
//! Chromium: `net/base/proxy_string_util.cc`; Firefox: `ExtractProxyInfo` of `nsProtocolProxyService.cpp`; both
//! followed by what they did of a hundred odd elements. Windows: WinINET, as far as Microsoft's pages tell.

use std::net::Ipv6Addr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::profile::Profile;
use crate::pac::PacRoute;

/// What a client makes of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What it tries, in order; never empty. `PROXY :-1` is what Firefox makes of a proxy that it cannot
    /// read: it tries it, and fails.
    pub routes: Vec<String>,
    /// What it leaves out, or cannot but fail with.
    pub dropped: Vec<Dropped>,
}

/// An element of an answer that a client makes nothing of, without a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The element.
    pub element: String,
    /// Why.
    pub why: String,
}

/// A type of proxy: how a PAC may write it, what it means, and its port.
type Kind = (&'static str, &'static str, u16);

const CHROME: &[Kind] = &[
    ("PROXY", "PROXY", 80),
    ("HTTPS", "HTTPS", 443),
    ("SOCKS", "SOCKS4", 1080),
    ("SOCKS4", "SOCKS4", 1080),
    ("SOCKS5", "SOCKS5", 1080),
];
const FIREFOX: &[Kind] = &[
    ("PROXY", "PROXY", 80),
    ("HTTP", "PROXY", 80),
    ("HTTPS", "HTTPS", 443),
    ("SOCKS", "SOCKS4", 1080),
    ("SOCKS4", "SOCKS4", 1080),
    ("SOCKS5", "SOCKS5", 1080),
];
const WININET: &[Kind] = &[("PROXY", "PROXY", 80), ("SOCKS", "SOCKS4", 1080)];

/// What Firefox has of a proxy whose text is no URL's authority.
const NOWHERE: &str = ":-1";

impl Profile {
    /// What this client makes of an answer.
    pub fn read(self, answer: &str) -> Reading {
        let mut reading = Reading::default();
        for element in self.elements(answer) {
            let (route, why) = self.element(element);
            reading.routes.extend(route.map(|route| route.to_string()));
            reading.dropped.extend(why.map(|why| Dropped { element: element.to_owned(), why }));
        }
        if reading.routes.is_empty() {
            reading.routes.push(PacRoute::Direct.to_string());
        }
        reading
    }

    /// Whether a word begins a proxy for this client.
    pub(crate) fn knows(self, word: &str) -> bool {
        self.kinds().iter().any(|(name, ..)| word.eq_ignore_ascii_case(name))
    }

    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Chrome => CHROME,
            Self::Firefox => FIREFOX,
            Self::Wininet => WININET,
        }
    }

    /// The elements, without those that are empty.
    fn elements(self, answer: &str) -> impl Iterator<Item = &str> {
        // To Firefox an answer is a C string.
        let answer = match self {
            Self::Firefox => answer.split('\0').next().unwrap_or_default(),
            Self::Chrome | Self::Wininet => answer,
        };
        answer.split(';').enumerate().filter_map(move |(number, part)| {
            // A line end is no white space to a browser; nor is to Firefox what an answer begins with.
            let keeps_start = self == Self::Firefox && number == 0;
            let part = part.trim_end_matches([' ', '\t']);
            let part = if keeps_start { part } else { part.trim_start_matches([' ', '\t']) };
            (!part.is_empty()).then_some(part)
        })
    }

    /// What is tried of an element, and why it comes to nothing.
    fn element(self, element: &str) -> (Option<PacRoute>, Option<String>) {
        let (word, rest) = element.split_once([' ', '\t']).unwrap_or((element, ""));
        let rest = rest.trim_matches([' ', '\t']);
        if word.eq_ignore_ascii_case("DIRECT") {
            return match rest {
                "" => (Some(PacRoute::Direct), None),
                _ if self == Self::Firefox => (Some(PacRoute::Direct), None),
                _ => (None, Some("nothing may follow DIRECT".to_owned())),
            };
        }
        let mut kinds = self.kinds().iter();
        let Some((_, kind, port)) = kinds.find(|(name, ..)| word.eq_ignore_ascii_case(name)) else {
            let why = match word {
                "" => format!("{self} takes no white space before the first type"),
                _ => format!("{self} knows no type {word:?}"),
            };
            return (None, Some(why));
        };
        let authority = match self {
            Self::Chrome => chrome(rest, *port),
            Self::Firefox => firefox(rest, *port),
            Self::Wininet => wininet(rest, *port),
        };
        let wrong = || format!("host:port is expected, found {rest:?}");
        match authority {
            Some(authority) => (Some(PacRoute::Through { kind, authority }), None),
            None if self == Self::Firefox => {
                let nowhere = PacRoute::Through { kind, authority: NOWHERE.to_owned() };
                (Some(nowhere), Some(format!("{}: it is tried, and fails", wrong())))
            }
            None => (None, Some(wrong())),
        }
    }
}

/// The authority as Chromium reads it: the port after the last colon, the host as in a URL, an IPv6 address
/// with brackets or without.
fn chrome(text: &str, default: u16) -> Option<String> {
    let bracketed = text.ends_with(']');
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !bracketed => (host.trim_end_matches([' ', '\t']), number(port)?),
        _ => (text, default),
    };
    if let Ok(bare) = host.parse::<Ipv6Addr>() {
        return Some(format!("[{bare}]:{port}"));
    }
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let lower = host.to_ascii_lowercase();
    // Chromium does not ask whether the names of Unicode are well made.
    let encoded = lower.split('.').any(|label| label.starts_with("xn--"));
    match Host::parse(host) {
        Ok(host) => Some(format!("{host}:{port}")),
        Err(_) if encoded && is_name(&lower) => Some(format!("{lower}:{port}")),
        Err(_) => None,
    }
}

/// The authority as Firefox reads it: that of the text as a URL, or else of one of http with this text behind;
/// the port of its scheme counts as none.
fn firefox(text: &str, default: u16) -> Option<String> {
    let itself = Url::parse(text).ok().filter(|url| url.has_host() && url.scheme() != "file");
    let url = itself.or_else(|| Url::parse(&format!("http://{text}")).ok())?;
    let host = url.host_str().filter(|host| !host.contains(['*', '"']))?;
    Some(format!("{host}:{}", url.port().unwrap_or(default)))
}

fn wininet(text: &str, default: u16) -> Option<String> {
    let after_host = match text.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at_checked(after_host)?;
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"@/\\?#\"<>".contains(&byte);
    if host.is_empty() || !host.bytes().all(fits) {
        return None;
    }
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => default,
        Some(digits) => number(digits)?,
        None => return None,
    };
    Some(format!("{}:{port}", host.to_ascii_lowercase()))
}

/// A port in digits alone; 0 is one.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(profile: Profile, answer: &str) -> String {
        profile.read(answer).routes.join("; ")
    }

    #[test]
    fn clients_take_what_they_know_and_drop_the_rest() {
        for (answer, chrome, firefox, wininet) in [
            ("PROXY a:1", "PROXY a:1", "PROXY a:1", "PROXY a:1"),
            (
                "proxy\ta ; direct;",
                "PROXY a:80; DIRECT",
                "PROXY a:80; DIRECT",
                "PROXY a:80; DIRECT",
            ),
            (" PROXY a:1; PROXY b:2", "PROXY a:1; PROXY b:2", "PROXY b:2", "PROXY a:1; PROXY b:2"),
            ("HTTP a:1", "DIRECT", "PROXY a:1", "DIRECT"),
            (
                "HTTPS a; SOCKS b",
                "HTTPS a:443; SOCKS4 b:1080",
                "HTTPS a:443; SOCKS4 b:1080",
                "SOCKS4 b:1080",
            ),
            ("SOCKS5 [::1]", "SOCKS5 [::1]:1080", "SOCKS5 [::1]:1080", "DIRECT"),
            ("QUIC a; PROXY b", "PROXY b:80", "PROXY b:80", "PROXY b:80"),
            ("DIRECT x; PROXY a:1", "PROXY a:1", "DIRECT; PROXY a:1", "PROXY a:1"),
            ("PROXY a:1;\nPROXY b:2", "PROXY a:1", "PROXY a:1", "PROXY a:1"),
            ("PROXY a:1\0; PROXY b:2", "PROXY b:2", "PROXY a:1", "PROXY b:2"),
            ("", "DIRECT", "DIRECT", "DIRECT"),
        ] {
            assert_eq!(read(Profile::Chrome, answer), chrome, "{answer:?}");
            assert_eq!(read(Profile::Firefox, answer), firefox, "{answer:?}");
            assert_eq!(read(Profile::Wininet, answer), wininet, "{answer:?}");
        }
        let dropped = Profile::Chrome.read("HTTP a:1;PROXY b:2").dropped;
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].element, "HTTP a:1");
    }

    #[test]
    fn browsers_read_an_authority_each_in_its_way() {
        for (text, chrome, firefox) in [
            ("http://a:3128", None, Some("a:3128")),
            ("https://a:443", None, Some("a:80")),
            ("//a:81", None, Some("a:81")),
            ("http:a:81", None, Some("a:81")),
            ("http://", None, Some("http:80")),
            ("https:83", Some("https:83"), Some("0.0.0.83:80")),
            ("a:81/x://y", None, Some("a:81")),
            ("file://a/b", None, Some("file:80")),
            ("mailto:x", None, None),
            ("u:p@a:1", None, Some("a:1")),
            ("a:", None, Some("a:80")),
            ("a:81/path", None, Some("a:81")),
            ("a#b:81", None, Some("a:80")),
            ("a :81", Some("a:81"), None),
            ("A.Test:81", Some("a.test:81"), Some("a.test:81")),
            ("::1:81", Some("[::1]:81"), None),
            ("::1", None, None),
            ("[2001:DB8::1]:81", Some("[2001:db8::1]:81"), Some("[2001:db8::1]:81")),
            ("[::1", None, None),
            ("127.1:81", Some("127.0.0.1:81"), Some("127.0.0.1:81")),
            ("1.2.3.256:81", None, None),
            ("a%2eb:81", Some("a.b:81"), Some("a.b:81")),
            ("xn--a:81", Some("xn--a:81"), None),
            ("xn--bcher-kva.test:81", Some("xn--bcher-kva.test:81"), Some("xn--bcher-kva.test:81")),
            ("a..b_-:0", Some("a..b_-:0"), Some("a..b_-:0")),
            ("a:00081", Some("a:81"), Some("a:81")),
            ("a:65536", None, None),
            ("a:+1", None, None),
            ("a:1, PROXY b", None, None),
            ("a|b:81", None, None),
            ("", None, None),
        ] {
            let element = format!("PROXY {text}");
            let direct = || "DIRECT".to_owned();
            let expected = chrome.map_or_else(direct, |found| format!("PROXY {found}"));
            assert_eq!(read(Profile::Chrome, &element), expected, "{element:?} in Chrome");
            let expected = format!("PROXY {}", firefox.unwrap_or(NOWHERE));
            assert_eq!(read(Profile::Firefox, &element), expected, "{element:?} in Firefox");
        }
        // Port 80 is that of http, so Firefox takes it for none.
        assert_eq!(read(Profile::Firefox, "SOCKS a:80; HTTPS b:80"), "SOCKS4 a:1080; HTTPS b:443");
        assert_eq!(read(Profile::Chrome, "SOCKS a:80; HTTPS b:80"), "SOCKS4 a:80; HTTPS b:80");
    }

    #[test]
    fn what_fails_without_being_left_out_is_told() {
        let reading = Profile::Firefox.read("PROXY; DIRECT");
        assert_eq!(reading.routes, ["PROXY :-1", "DIRECT"]);
        assert_eq!(reading.dropped[0].element, "PROXY");
        assert!(reading.dropped[0].why.ends_with("it is tried, and fails"));
    }
}
