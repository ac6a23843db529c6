//! TLS towards clients: who we are, replaced while it is used.
//!
//! TLS 1.2 and 1.3 as rustls offers them; `h2` and `http/1.1` by ALPN (RFC 7301). No 0-RTT: what a
//! client sends so could be replayed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio_rustls::TlsAcceptor;

use super::etag::Digest;
use super::published::Published;
use crate::files::read_limited;

/// Bytes of a certificate chain or a key at most.
const LARGEST: u64 = 1 << 20;

/// What HTTP/2 is called in ALPN (RFC 9113, section 3.1).
pub const H2: &[u8] = b"h2";

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {why}")]
    Read {
        /// Which file.
        path: String,
        /// What the system said.
        why: io::Error,
    },
    /// The file of the certificate has none.
    #[error("{path}: must hold the certificate and its chain as PEM, found {found}")]
    Certificate {
        /// Which file.
        path: String,
        /// What is there instead.
        found: String,
    },
    /// The file of the key has none.
    #[error("{path}: must hold one private key as PEM, found {found}")]
    Key {
        /// Which file.
        path: String,
        /// What is there instead.
        found: String,
    },
    /// Certificate and key do not fit, or are of a kind that is not known.
    #[error("{key}: must be the key of the certificate in {certificate}, found {found}")]
    Pair {
        /// The file of the certificate.
        certificate: String,
        /// The file of the key.
        key: String,
        /// What is wrong with them.
        found: String,
    },
    /// There is no randomness, or no version in common with the provider.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// A certificate with its key, in use and on disk.
#[derive(Clone)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
    /// Of the files at the last look.
    seen: Arc<Mutex<Digest>>,
}

impl std::fmt::Debug for Tls {
    /// Never shows the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The pair that new connections get; those that are open keep theirs.
#[derive(Debug)]
struct Current(Published<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load())
    }
}

impl Tls {
    /// Reads certificate chain and key, both PEM; the certificate itself comes first in its chain.
    ///
    /// # Errors
    /// A file that cannot be read or holds something else, and a key of another certificate.
    pub fn open(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let provider = Arc::new(default_provider());
        let (pair, seen) = load(&certificate, &key, &provider);
        let current = Arc::new(Current(Published::new(pair?)));
        let resolver = Arc::clone(&current);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        // Sessions are resumed without a list of them: it would have to be long.
        config.ticketer = Ticketer::new().map_err(TlsError::Setup)?;
        warn_of_readers(&key);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { certificate, key, current, acceptor, seen: Arc::new(Mutex::new(seen)) })
    }

    /// The file of the certificate chain.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The file of the key.
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// Looks at the files again, and takes what they hold for new connections; `None` if they are as
    /// they were at the last look.
    ///
    /// # Errors
    /// Those of [`open`](Self::open); what was in use stays.
    pub fn look(&self) -> Option<Result<(), TlsError>> {
        let (pair, found) = load(&self.certificate, &self.key, &default_provider());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == found {
            return None;
        }
        *seen = found;
        drop(seen);
        Some(pair.map(|pair| {
            warn_of_readers(&self.key);
            self.current.0.publish(pair);
        }))
    }

    /// Whether the certificate in use is one of this host: a DNS name or an IP address without brackets.
    pub fn is_for(&self, host: &str) -> bool {
        let current = self.current.0.load();
        let certificate = current.end_entity_cert().and_then(ParsedCertificate::try_from);
        match (certificate, ServerName::try_from(host)) {
            (Ok(certificate), Ok(name)) => verify_server_name(&certificate, &name).is_ok(),
            _ => false,
        }
    }

    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

/// What the files hold, and what tells whether they hold something else the next time.
fn load(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> (Result<CertifiedKey, TlsError>, Digest) {
    let read = |path: &Path| {
        read_limited(path, LARGEST)
            .map_err(|why| TlsError::Read { path: path.display().to_string(), why })
    };
    let (chain, secret) = (read(certificate), read(key));
    let mut all = Vec::new();
    for content in [&chain, &secret] {
        match content {
            Ok(bytes) => all.extend_from_slice(Digest::of(bytes).to_string().as_bytes()),
            Err(error) => all.extend_from_slice(error.to_string().as_bytes()),
        }
    }
    let digest = Digest::of(&all);
    let pair = chain.and_then(|chain| {
        let secret = secret?;
        let chain = certificates(certificate, &chain)?;
        let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|error| TlsError::Key {
            path: key.display().to_string(),
            found: found(&error),
        })?;
        CertifiedKey::from_der(chain, secret, provider).map_err(|why| TlsError::Pair {
            certificate: certificate.display().to_string(),
            key: key.display().to_string(),
            found: if matches!(why, rustls::Error::InconsistentKeys(_)) {
                "that of another".to_owned()
            } else {
                why.to_string()
            },
        })
    });
    (pair, digest)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |found| TlsError::Certificate { path: path.display().to_string(), found };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| wrong(found(&error)))?;
    if chain.is_empty() {
        return Err(wrong(found(&PemError::NoItemsFound)));
    }
    Ok(chain)
}

fn found(error: &PemError) -> String {
    if matches!(error, PemError::NoItemsFound) { "none".to_owned() } else { error.to_string() }
}

/// A key that everybody on the host can read is no secret.
#[cfg(unix)]
fn warn_of_readers(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(key) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        tracing::warn!(path = %key.display(), mode = format!("{mode:o}"), "private key is open to every user of this host");
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_key: &Path) {}
