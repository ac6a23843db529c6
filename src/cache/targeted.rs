//! Which field governs a response.
//!
//! RFC 9213: a field that is meant for certain caches counts there in the place of `Cache-Control` and
//! `Expires`.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use sfv::{BareItem, Dictionary, ListEntry, Parser};

use super::control::{ResponseControl, Value};

/// What governs a response: the first of the targeted fields that is there and well-formed, else
/// `Cache-Control`.
pub fn control(headers: &HeaderMap, targets: &[HeaderName]) -> ResponseControl {
    let mut targeted = targets.iter().filter(|name| headers.contains_key(*name));
    targeted
        .find_map(|name| of_target(headers, name))
        .unwrap_or_else(|| ResponseControl::of(headers))
}

/// A targeted field: a dictionary of RFC 8941. One that is malformed, or empty, is as if it were not
/// there (RFC 9213, section 2.1).
fn of_target(headers: &HeaderMap, name: &HeaderName) -> Option<ResponseControl> {
    let lines: Option<Vec<&str>> =
        headers.get_all(name).into_iter().map(|line| line.to_str().ok()).collect();
    let text = lines?.join(",");
    let members: Dictionary = Parser::new(&text).parse().ok()?;
    if members.is_empty() {
        return None;
    }
    let mut control = ResponseControl { targeted: true, ..ResponseControl::default() };
    for (key, member) in &members {
        let ListEntry::Item(item) = member else { continue };
        match &item.bare_item {
            BareItem::Boolean(true) => control.add(key.as_str(), None),
            BareItem::Boolean(false) => {}
            BareItem::Integer(number) => {
                control.add(key.as_str(), Some(Value::Token(&number.to_string())));
            }
            BareItem::String(text) => control.add(key.as_str(), Some(Value::Quoted(text.as_str()))),
            BareItem::Token(text) => control.add(key.as_str(), Some(Value::Token(text.as_str()))),
            // A number of seconds that is none.
            BareItem::Decimal(_)
            | BareItem::ByteSequence(_)
            | BareItem::Date(_)
            | BareItem::DisplayString(_) => control.add(key.as_str(), Some(Value::Token(""))),
        }
    }
    Some(control)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use hyper::header::{CACHE_CONTROL, HeaderValue};

    fn of(field: &'static str) -> ResponseControl {
        let name = HeaderName::from_static("our-cache-control");
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(&name, HeaderValue::from_static(field));
        control(&headers, &[HeaderName::from_static("absent"), name])
    }

    #[test]
    fn a_field_for_this_cache_counts_alone() {
        let control = of("max-age=60, must-revalidate, x=(1 2), no-cache=?0");
        assert!(
            control.targeted && control.must_revalidate && !control.no_store && !control.no_cache
        );
        assert_eq!(control.max_age, Some(Duration::from_mins(1)));
        assert_eq!(of("max-age=1.5").max_age, Some(Duration::ZERO));
    }

    #[test]
    fn a_malformed_one_is_as_if_it_were_not_there() {
        for field in ["", "max-age=60,", "MAX AGE", "max-age=\"60"] {
            assert!(of(field).no_store, "{field}");
        }
    }
}
