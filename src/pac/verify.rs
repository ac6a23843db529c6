//! Proof by trial: a PAC returns what the router says, URL by URL.

use crate::route::Router;

use super::draw::Draw;
use super::eval::{self, Call, EvalError};
use super::generate::answer;
use super::options::PacOptions;

/// A URL on which PAC and router differ.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("PAC and router differ on {url:?}: the PAC says {pac:?}, the router {router:?}")]
pub struct Mismatch {
    /// The URL.
    pub url: String,
    /// What the PAC returned.
    pub pac: String,
    /// What the router says.
    pub router: String,
}

/// Why a PAC is not proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The PAC could not be run.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// It returned something else than the router.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
}

/// Compares a PAC without custom logic with the router on these URLs.
///
/// # Errors
/// The first URL on which they differ, or why the PAC could not be run.
pub fn verify(
    pac: &str,
    router: &Router,
    options: &PacOptions,
    urls: &[String],
) -> Result<(), VerifyError> {
    let calls: Vec<Call> = urls.iter().map(|url| Call::of(url)).collect();
    let answers = eval::evaluate(pac, &calls)?;
    for (url, said) in urls.iter().zip(answers) {
        let router_says = answer(router, options, url);
        if said != router_says {
            let mismatch = Mismatch { url: url.clone(), pac: said, router: router_says };
            return Err(VerifyError::Mismatch(Box::new(mismatch)));
        }
    }
    Ok(())
}

/// So many URLs of many shapes: hosts of all kinds, ports, credentials, queries, odd bytes.
///
/// The same seed gives the same URLs.
pub fn sample_urls(count: usize, seed: u64) -> Vec<String> {
    let mut draw = Draw(seed);
    (0..count).map(|_| sample_url(&mut draw)).collect()
}

/// A URL of every shape: each scheme with each kind of credentials, host, port and path.
pub fn shape_urls() -> Vec<String> {
    let mut urls = Vec::new();
    for scheme in SCHEMES {
        for credentials in CREDENTIALS {
            for host in HOSTS {
                for port in PORTS {
                    for tail in TAILS {
                        urls.push(url([scheme, credentials, host, port, tail], [7, 11]));
                    }
                }
            }
        }
    }
    // Some parts stand more than once in their lists, as they are drawn more often.
    let mut known = std::collections::HashSet::new();
    urls.retain(|url: &String| known.insert(url.clone()));
    urls
}

fn sample_url(draw: &mut Draw) -> String {
    let (scheme, credentials) = (draw.pick(&SCHEMES), draw.pick(&CREDENTIALS));
    let (host, host_number) = (draw.pick(&HOSTS), draw.next());
    let (port, tail) = (draw.pick(&PORTS), draw.pick(&TAILS));
    url([scheme, credentials, host, port, tail], [host_number, draw.next()])
}

/// `#` of a host becomes the first number, below 1000; that of a tail the second, or stays, as a fragment.
fn url(parts: [&str; 5], [of_host, of_tail]: [u64; 2]) -> String {
    let [scheme, credentials, host, port, tail] = parts;
    let host = host.replace('#', &(of_host % 1000).to_string());
    let is_fragment = tail == "/a#frag";
    let tail = if is_fragment { tail.to_owned() } else { tail.replace('#', &of_tail.to_string()) };
    format!("{scheme}://{credentials}{host}{port}{tail}")
}

const SCHEMES: [&str; 8] = ["http", "http", "http", "HTTP", "https", "wss", "ws", "ftp"];
const CREDENTIALS: [&str; 4] = ["", "", "user:pw@", "a@b@"];
const HOSTS: [&str; 8] = [
    "www#.example.com",
    "HOST#.Example.ORG",
    "h#",
    "192.0.2.#",
    "[2001:db8::#]",
    "xn--#.test",
    "cdn#.example.net.",
    "b\u{fc}cher#.example",
];
const PORTS: [&str; 6] = ["", "", ":80", ":443", ":8080", ":"];
const TAILS: [&str; 8] = [
    "",
    "/",
    "/p#/index.html",
    "/p#?q=#&r=a%20b",
    "?q=#",
    "/caf\u{e9}/\u{1f600}#",
    "/a#frag",
    "/~u/!$'()*,;#",
];
