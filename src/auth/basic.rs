//! `Proxy-Authorization: Basic …` (RFC 7617, section 2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::PROXY_AUTHORIZATION;

/// Bytes of a name and its password at most, with the colon between them.
const LONGEST: usize = 512;

/// A name and a password as a client gives them. Is never printed, and allocates nothing.
pub(super) struct Credentials {
    bytes: [u8; LONGEST],
    length: usize,
    colon: usize,
}

impl Credentials {
    /// Those of a request; `None` if it has none, more than one, or other ones than Basic.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(PROXY_AUTHORIZATION).into_iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        // RFC 9110, section 11.1: the scheme in any case, then one or more spaces.
        let (scheme, rest) = value.as_bytes().split_at_checked("Basic ".len())?;
        let encoded = rest.trim_ascii();
        // What is longer does not fit, however it is padded.
        if !scheme.eq_ignore_ascii_case(b"Basic ") || encoded.len() > LONGEST / 3 * 4 {
            return None;
        }
        let mut bytes = [0; LONGEST];
        let length = STANDARD.decode_slice(encoded, &mut bytes).ok()?;
        let decoded = bytes.get(..length)?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        str::from_utf8(decoded.get(..colon)?).ok()?;
        Some(Self { bytes, length, colon })
    }

    /// The name; without a colon.
    pub(super) fn user(&self) -> &str {
        let name = self.bytes.get(..self.colon).unwrap_or_default();
        str::from_utf8(name).unwrap_or_default() // it was checked
    }

    /// The password.
    pub(super) fn password(&self) -> &[u8] {
        self.bytes.get(self.colon + 1..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn read(values: &[&str]) -> Option<(String, Vec<u8>)> {
        let rows = values.iter().map(|v| (PROXY_AUTHORIZATION, HeaderValue::try_from(*v).unwrap()));
        let credentials = Credentials::of(&rows.collect::<HeaderMap>())?;
        Some((credentials.user().to_owned(), credentials.password().to_vec()))
    }

    #[test]
    fn the_first_colon_divides_name_and_password() {
        let expected = Some(("Aladdin".to_owned(), b"open sesame".to_vec()));
        assert_eq!(read(&["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]), expected);
        assert_eq!(read(&["basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ== "]), expected);
        assert_eq!(read(&["Basic YTpiOmM="]), Some(("a".to_owned(), b"b:c".to_vec())));
        assert_eq!(read(&["Basic Og=="]), Some((String::new(), Vec::new())));
        // RFC 7617, section 2.1: UTF-8.
        let expected = Some(("test".to_owned(), "123\u{a3}".as_bytes().to_vec()));
        assert_eq!(read(&["Basic dGVzdDoxMjPCow=="]), expected);
    }

    proptest::proptest! {
        #[test]
        fn any_name_and_password_come_back(
            name in "[^:]{0,60}",
            password in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60),
        ) {
            let bytes = [name.as_bytes(), b":", &password].concat();
            let value = format!("Basic {}", STANDARD.encode(bytes));
            proptest::prop_assert_eq!(read(&[&value]), Some((name, password)));
        }
    }

    #[test]
    fn what_is_not_basic_is_nothing() {
        let long = format!("Basic {}", STANDARD.encode([b':'; 600]));
        for values in [
            &[][..],
            &["Basic"],
            &["Basic "],
            &["Bearer QTpC"],
            &["Basic QQ=="],
            &["Basic Q*=="],
            &["Basic /zpC"],
            &["Basic YTpi", "Basic YTpi"],
            &[&long],
        ] {
            assert_eq!(read(values), None, "{values:?}");
        }
    }
}
