//! How clients differ in what they pass to a PAC, and in how they read its text.
//!
//! Chromium: `net/proxy_resolution` and `services/proxy_resolver`; Firefox: `ProxyAutoConfig.cpp`;
//! Windows: WinINET, as far as Microsoft's pages tell.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Call;

/// A client whose ways are followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Chrome, Edge and whatever else is made of Chromium.
    #[default]
    Chrome,
    /// Firefox.
    Firefox,
    /// WinINET and WinHTTP of Windows.
    Wininet,
}

/// Why a text is no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("profile must be chrome, firefox or wininet, found {0:?}")]
pub struct ProfileError(String);

/// Why a URL cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("URL must be absolute, such as http://www.example.com/, found {url:?}: {why}")]
pub struct UrlError {
    /// The URL.
    pub url: String,
    /// What is wrong with it.
    pub why: String,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chrome, Self::Firefox, Self::Wininet];

    /// The name of the function that is called, best first.
    pub(super) fn entry_points(self) -> &'static [&'static str] {
        match self {
            Self::Chrome | Self::Firefox => &["FindProxyForURL"],
            Self::Wininet => &["FindProxyForURLEx", "FindProxyForURL"],
        }
    }

    /// Whether the functions for IPv6 are there.
    pub(super) fn has_ex(self) -> bool {
        matches!(self, Self::Chrome | Self::Wininet)
    }

    /// What this client passes for a URL: Chrome cuts credentials and fragment off, and path and query of
    /// https and wss; Firefox cuts every URL at its path. The host has no brackets.
    ///
    /// # Errors
    /// What is not an absolute URL.
    pub fn call(self, url: &str) -> Result<Call, UrlError> {
        let wrong = |why: String| UrlError { url: url.to_owned(), why };
        let mut parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let host = parsed.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(wrong("it has no host".to_owned()));
        }
        let host = host.to_owned();
        parsed.set_fragment(None);
        let secret = matches!(parsed.scheme(), "https" | "wss");
        match self {
            Self::Chrome => {
                // Neither fails where there is a host, and elsewhere there are none.
                parsed.set_username("").ok();
                parsed.set_password(None).ok();
                if secret {
                    cut(&mut parsed);
                }
            }
            Self::Firefox => cut(&mut parsed),
            Self::Wininet => {}
        }
        Ok(Call { url: parsed.into(), host })
    }

    /// The text of a PAC that came without a charset: as its byte order mark says; else Firefox takes it for
    /// UTF-8 if it is that, and all others for ISO-8859-1.
    pub fn decode(self, bytes: &[u8]) -> String {
        if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
            return String::from_utf8_lossy(rest).into_owned();
        }
        match (self, std::str::from_utf8(bytes)) {
            (Self::Firefox, Ok(text)) => text.to_owned(),
            _ => bytes.iter().copied().map(char::from).collect(),
        }
    }
}

/// Cuts a URL at its path.
fn cut(url: &mut Url) {
    if !url.cannot_be_a_base() {
        url.set_path("/");
    }
    url.set_query(None);
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let found = Self::ALL.into_iter().find(|profile| profile.to_string() == text);
        found.ok_or_else(|| ProfileError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chrome => "chrome",
            Self::Firefox => "firefox",
            Self::Wininet => "wininet",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_pass_what_they_cut() {
        let url = "https://u:p@WWW.Example.com:443/path?q#f";
        let call = |profile: Profile, url: &str| {
            let Call { url, host } = profile.call(url).unwrap();
            (url, host)
        };
        let host = "www.example.com".to_owned();
        assert_eq!(
            call(Profile::Chrome, url),
            ("https://www.example.com/".to_owned(), host.clone())
        );
        assert_eq!(
            call(Profile::Firefox, url),
            ("https://u:p@www.example.com/".to_owned(), host.clone())
        );
        assert_eq!(
            call(Profile::Wininet, url),
            ("https://u:p@www.example.com/path?q".to_owned(), host)
        );
        for (profile, passed) in [
            (Profile::Chrome, "http://[::1]:8080/a?b"),
            (Profile::Firefox, "http://[::1]:8080/"),
            (Profile::Wininet, "http://[::1]:8080/a?b"),
        ] {
            let expected = (passed.to_owned(), "::1".to_owned());
            assert_eq!(call(profile, "http://[0:0::1]:8080/a?b#c"), expected);
        }
        assert!(Profile::Chrome.call("www.example.com").is_err());
        assert!(Profile::Chrome.call("www.example.com:8080").is_err());
        assert_eq!(call(Profile::Chrome, "http://b\u{fc}cher.test/").1, "xn--bcher-kva.test");
    }
}
