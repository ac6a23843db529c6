//! The routing decision as JavaScript: proxy auto-config files for browsers.
//!
//! [`generate()`] writes a PAC from a [`crate::route::Router`]; [`answer`] is what that PAC must return
//! for a URL; [`eval`] runs a PAC, [`cage`] one of anybody's; [`verify()`] runs it over many URLs and compares;
//! [`check`](mod@check) tells what is unwise in any PAC.

mod ascii;
pub mod cage;
pub mod cases;
pub mod check;
mod compare;
mod coverage;
mod draw;
pub mod eval;
mod generate;
mod minify;
mod options;
mod prove;
mod result;
mod script;
pub mod simulate;
mod urls;
mod verify;

pub use compare::{Change, Comparison, Counts, compare};
pub use coverage::{Instrumented, Point, PointKind};
pub use generate::{GenerateError, answer, check_custom_logic, generate};
pub use options::{MemberScheme, PacOptions, Style};
pub use prove::{Certificate, Claim, Proof, Question, prove};
pub use result::{PacRoute, PacRoutes, RouteError};
pub use script::Place;
pub use urls::{Asked, LineError, UrlsError, UrlsRead, read_urls};
pub use verify::{Mismatch, VerifyError, sample_urls, shape_urls, verify};

/// What a PAC is served as.
pub const CONTENT_TYPE: &str = "application/x-ns-proxy-autoconfig";
