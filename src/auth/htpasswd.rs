//! The file of users: `name:hash` a line, as `htpasswd -B` of Apache writes it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params};

use super::verdicts::Key;
use crate::net::etag::Digest;

/// Everybody who may come in.
#[derive(Debug, Default)]
pub struct Users {
    hashes: HashMap<Arc<str>, Arc<Hash>>,
    /// The same hashes in a fixed order.
    in_order: Vec<Arc<Hash>>,
    digest: Option<Digest>,
}

/// A hash of a password.
pub(super) struct Hash {
    scheme: Scheme,
    /// As it stands in the file.
    text: Box<str>,
}

#[derive(Debug, PartialEq, Eq)]
enum Scheme {
    Bcrypt,
    Argon2(Box<PasswordHash>),
}

/// Who is to be checked, and against what.
pub(super) struct Checked<'a> {
    /// `None`: there is no such user.
    pub(super) user: Option<&'a Arc<str>>,
    /// The user's, or somebody's, so that a name that is not there takes as long as one that is.
    /// `None`: there is nobody.
    pub(super) hash: Option<&'a Arc<Hash>>,
}

/// A line that cannot be used. Never shows a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {kind}")]
#[non_exhaustive]
pub struct HtpasswdError {
    /// Which file.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// What is wrong.
    pub kind: HtpasswdErrorKind,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HtpasswdErrorKind {
    /// It is no `name:hash`.
    #[error(
        "line must be name:hash in UTF-8, the name of 1 to 255 bytes without control characters"
    )]
    Shape,
    /// The user is there already.
    #[error("user {0:?} is in the file already")]
    Twice(String),
    /// The scheme of the hash is too weak, or not known.
    #[error(
        "password of {user:?} must be bcrypt ($2a$, $2b$ or $2y$, as by htpasswd -B) or argon2 ($argon2id$), found {found}"
    )]
    Scheme {
        /// Whose.
        user: String,
        /// The name of the scheme.
        found: &'static str,
    },
    /// The hash is malformed.
    #[error("hash of {user:?} must be whole, found one that is no {scheme}")]
    Malformed {
        /// Whose.
        user: String,
        /// The name of the scheme.
        scheme: &'static str,
    },
    /// Computing it would take too long, or too much memory.
    #[error("hash of {user:?} must cost no more than {most}, found {found}")]
    Cost {
        /// Whose.
        user: String,
        /// The limit.
        most: &'static str,
        /// What it costs.
        found: String,
    },
}

/// Rounds of bcrypt at most, as a power of two: about a second.
const BCRYPT_MOST: u32 = 14;

/// KiB of memory, passes and lanes of argon2 at most.
const ARGON2_MOST: (u32, u32, u32) = (256 * 1024, 16, 16);

impl Users {
    /// Reads a file; empty lines, and those that begin with `#`, are left out.
    ///
    /// # Errors
    /// The first line that cannot be used.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Self, HtpasswdError> {
        let mut users = Self { digest: Some(Digest::of(bytes)), ..Self::default() };
        for (i, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            users.add(line.trim_ascii()).map_err(|kind| HtpasswdError {
                file: file.to_owned(),
                line: i + 1,
                kind,
            })?;
        }
        Ok(users)
    }

    fn add(&mut self, line: &[u8]) -> Result<(), HtpasswdErrorKind> {
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let line = str::from_utf8(line).map_err(|_no_utf8| HtpasswdErrorKind::Shape)?;
        let (name, hash) = line.split_once(':').ok_or(HtpasswdErrorKind::Shape)?;
        if name.is_empty() || name.len() > 255 || name.chars().any(char::is_control) {
            return Err(HtpasswdErrorKind::Shape);
        }
        if self.hashes.contains_key(name) {
            return Err(HtpasswdErrorKind::Twice(name.to_owned()));
        }
        let hash = Arc::new(Hash::parse(name, hash)?);
        self.in_order.push(Arc::clone(&hash));
        self.hashes.insert(name.into(), hash);
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Of the file's content.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Who is to be checked for a name.
    pub(super) fn find(&self, key: &Key, name: &str) -> Checked<'_> {
        if let Some((user, hash)) = self.hashes.get_key_value(name) {
            return Checked { user: Some(user), hash: Some(hash) };
        }
        // Always the same for one name, or else its time would tell.
        let users = u64::try_from(self.in_order.len()).unwrap_or(u64::MAX).max(1);
        let place = usize::try_from(key.hash64(name.as_bytes()) % users).unwrap_or_default();
        Checked { user: None, hash: self.in_order.get(place) }
    }
}

impl Hash {
    fn parse(user: &str, text: &str) -> Result<Self, HtpasswdErrorKind> {
        let scheme = match text {
            _ if ["$2a$", "$2b$", "$2y$"].iter().any(|start| text.starts_with(start)) => {
                bcrypt_of(user, text)?
            }
            _ if text.starts_with("$argon2") => argon2_of(user, text)?,
            _ => {
                let found = name_of(text);
                return Err(HtpasswdErrorKind::Scheme { user: user.to_owned(), found });
            }
        };
        Ok(Self { scheme, text: text.into() })
    }

    /// Whether a password is right. Slow.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        match &self.scheme {
            // bcrypt looks at 72 bytes; so does `htpasswd`.
            Scheme::Bcrypt => bcrypt::verify(password, &self.text).unwrap_or(false),
            Scheme::Argon2(hash) => Argon2::default().verify_password(password, &**hash).is_ok(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Hash {
    /// Shows nothing of the hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hash").finish_non_exhaustive()
    }
}

fn bcrypt_of(user: &str, text: &str) -> Result<Scheme, HtpasswdErrorKind> {
    let malformed = || HtpasswdErrorKind::Malformed { user: user.to_owned(), scheme: "bcrypt" };
    let parts: bcrypt::HashParts = text.parse().map_err(|_malformed| malformed())?;
    match parts.get_cost() {
        0..4 => Err(malformed()),
        4..=BCRYPT_MOST => Ok(Scheme::Bcrypt),
        cost => Err(HtpasswdErrorKind::Cost {
            user: user.to_owned(),
            most: "14",
            found: cost.to_string(),
        }),
    }
}

fn argon2_of(user: &str, text: &str) -> Result<Scheme, HtpasswdErrorKind> {
    let malformed = || HtpasswdErrorKind::Malformed { user: user.to_owned(), scheme: "argon2" };
    let hash = PasswordHash::new(text).map_err(|_malformed| malformed())?;
    let params = Params::try_from(&hash).map_err(|_malformed| malformed())?;
    let known = ["argon2id", "argon2i", "argon2d"].contains(&hash.algorithm.as_str());
    if !known || hash.salt.is_none() || hash.hash.is_none() {
        return Err(malformed());
    }
    let (memory, passes, lanes) = ARGON2_MOST;
    if params.m_cost() > memory || params.t_cost() > passes || params.p_cost() > lanes {
        return Err(HtpasswdErrorKind::Cost {
            user: user.to_owned(),
            most: "m=262144,t=16,p=16",
            found: format!("m={},t={},p={}", params.m_cost(), params.t_cost(), params.p_cost()),
        });
    }
    Ok(Scheme::Argon2(Box::new(hash)))
}

/// The name of a scheme that is not taken.
fn name_of(text: &str) -> &'static str {
    const NAMES: [(&str, &str); 9] = [
        ("{SHA}", "{SHA}"),
        ("{SSHA", "{SSHA}"),
        ("$apr1$", "$apr1$ (MD5)"),
        ("$1$", "$1$ (MD5 crypt)"),
        ("$5$", "$5$ (SHA-256 crypt)"),
        ("$6$", "$6$ (SHA-512 crypt)"),
        ("$2x$", "$2x$ (broken bcrypt)"),
        ("$y$", "$y$ (yescrypt)"),
        ("$", "an unknown scheme"),
    ];
    let name = NAMES.iter().find(|(start, _)| text.starts_with(start));
    name.map_or("no scheme: DES crypt or plain text", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Users::parse(text.as_bytes(), "users").unwrap_err().to_string()
    }

    fn bcrypt(password: &str) -> String {
        let parts = bcrypt::hash_with_salt(password, 4, *b"0123456789abcdef").unwrap();
        parts.format_for_version(bcrypt::Version::TwoY)
    }

    #[test]
    fn users_are_found_and_their_passwords_verified() {
        // By argon2(1), of `hunter2`.
        let argon2 = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzYWx0$fBXr36pc5MtUn8E1/yB6eArYUl5oXEN27K0Jw5O4q3c";
        let text = format!("# people\r\nann:{}\r\n\nb\u{f6}b:{argon2}\n", bcrypt("pass:word"));
        let users = Users::parse(text.as_bytes(), "users").unwrap();
        let key = Key::random().unwrap();
        assert_eq!(users.len(), 2);
        let verify = |name: &str, password: &str| {
            let checked = users.find(&key, name);
            (checked.user.is_some(), checked.hash.unwrap().verify(password.as_bytes()))
        };
        assert_eq!(verify("ann", "pass:word"), (true, true));
        assert_eq!(verify("ann", "pass"), (true, false));
        assert_eq!(verify("b\u{f6}b", "hunter2"), (true, true));
        assert_eq!(verify("b\u{f6}b", "hunter3"), (true, false));
        assert!(!verify("carl", "x").0);
        assert!(Users::default().find(&key, "ann").hash.is_none());
    }

    #[test]
    fn weak_hashes_are_refused_by_line_and_never_shown() {
        for (hash, found) in [
            ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "{SHA}"),
            ("$apr1$x$y", "$apr1$ (MD5)"),
            ("$6$x$y", "$6$ (SHA-512 crypt)"),
            ("rqXexS6ZhobKA", "no scheme: DES crypt or plain text"),
            ("", "no scheme: DES crypt or plain text"),
            ("$2x$04$x", "$2x$ (broken bcrypt)"),
        ] {
            let text = error(&format!("ann:{}\nbob:{hash}\n", bcrypt("x")));
            assert_eq!(
                text,
                format!(
                    "users:2: password of \"bob\" must be bcrypt ($2a$, $2b$ or $2y$, as by htpasswd -B) or argon2 ($argon2id$), found {found}"
                )
            );
        }
    }

    #[test]
    fn malformed_lines_are_refused() {
        let good = bcrypt("x");
        assert!(error("ann").contains("users:1: line must be name:hash"));
        assert!(error(&format!("\n:{good}")).contains("users:2: line must be"));
        assert!(error(&format!("a\tb:{good}")).contains("line must be"));
        assert!(error(&format!("ann:{good}\nann:{good}")).contains("users:2: user \"ann\" is in"));
        assert!(error("ann:$2y$04$short").contains("hash of \"ann\" must be whole"));
        assert!(error("ann:$argon2id$v=19$x").contains("hash of \"ann\" must be whole"));
        let dear = good.replace("$04$", "$31$");
        assert!(error(&format!("ann:{dear}")).contains("no more than 14, found 31"));
        let dear = "$argon2id$v=19$m=4194304,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno";
        assert!(error(&format!("ann:{dear}")).contains("found m=4194304,t=2,p=1"));
    }

    #[test]
    fn nothing_of_a_hash_is_printed() {
        let users = Users::parse(format!("ann:{}", bcrypt("x")).as_bytes(), "users").unwrap();
        assert!(!format!("{users:?}").contains("$2y$"));
    }
}
