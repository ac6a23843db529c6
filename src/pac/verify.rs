//! Proof by trial: a PAC returns what the router says, URL by URL.

use crate::route::Router;

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
    let mut draw = SplitMix(seed);
    (0..count).map(|_| sample_url(&mut draw)).collect()
}

fn sample_url(draw: &mut SplitMix) -> String {
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
    let mut url = String::new();
    url.push_str(draw.pick(&SCHEMES));
    url.push_str("://");
    url.push_str(draw.pick(&CREDENTIALS));
    // `#` of a host becomes a number; that of a tail may stay, as a fragment.
    url.push_str(&draw.pick(&HOSTS).replace('#', &(draw.next() % 1000).to_string()));
    url.push_str(draw.pick(&PORTS));
    let tail = draw.pick(&TAILS);
    let number = draw.next().to_string();
    url.push_str(&if tail == "/a#frag" { tail.to_owned() } else { tail.replace('#', &number) });
    url
}

/// Steele, Lea and Flood's generator: numbers that look random and are the same each time.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<const N: usize>(&mut self, choices: &[&'static str; N]) -> &'static str {
        let at = usize::try_from(self.next() % 1024).unwrap_or(0) % N;
        choices.get(at).copied().unwrap_or_default()
    }
}
