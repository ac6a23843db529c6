//! The `Date` of responses that have none (RFC 9110, section 6.6.1).

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::HeaderValue;

thread_local! {
    /// The second that it was made for, and what it says.
    static LAST: RefCell<(u64, HeaderValue)> =
        const { RefCell::new((u64::MAX, HeaderValue::from_static(""))) };
}

/// The time now, as it stands in a field.
#[expect(clippy::disallowed_methods, reason = "what is sent is dated when it is sent")]
pub(super) fn date() -> HeaderValue {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    LAST.with_borrow_mut(|(second, text)| {
        if *second != seconds {
            let now = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
            if let Ok(now) = HeaderValue::try_from(now) {
                (*second, *text) = (seconds, now);
            }
        }
        text.clone()
    })
}
