//! Certificates of a test's own, and clients that trust them.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use parray::config::file;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate for `m1.test` and 127.0.0.1 with its key, on disk.
#[derive(Debug)]
pub(crate) struct Identity {
    _folder: TempDir,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    trusted: CertificateDer<'static>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let mut identity =
            Self { _folder: folder, certificate, key, trusted: CertificateDer::from(Vec::new()) };
        identity.renew();
        identity
    }

    /// Writes a new certificate and a new key over the old ones.
    pub(crate) fn renew(&mut self) {
        let names = vec!["m1.test".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(&self.certificate, made.cert.pem()).unwrap();
        std::fs::write(&self.key, made.signing_key.serialize_pem()).unwrap();
        std::fs::set_permissions(&self.key, PermissionsExt::from_mode(0o600)).unwrap();
        self.trusted = made.cert.der().clone();
    }

    /// As a member's settings have it.
    pub(crate) fn files(&self) -> file::TlsFile {
        file::TlsFile { certificate: self.certificate.clone(), key: self.key.clone() }
    }

    /// The same as lines of TOML.
    pub(crate) fn settings(&self) -> String {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        format!("[tls]\ncertificate = '{certificate}'\nkey = '{key}'\n")
    }

    /// A client that trusts this certificate alone and offers these protocols.
    pub(crate) fn client(&self, alpn: &[&str]) -> TlsConnector {
        self.client_of(alpn, rustls::DEFAULT_VERSIONS)
    }

    /// The same for some versions of TLS.
    pub(crate) fn client_of(
        &self,
        alpn: &[&str],
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }

    /// A connection that offers these protocols.
    pub(crate) async fn connect(&self, to: SocketAddr, alpn: &[&str]) -> TlsStream<TcpStream> {
        connect(&self.client(alpn), to).await.unwrap()
    }
}

/// A connection over TLS, unless the server is not trusted or gives up.
pub(crate) async fn connect(
    client: &TlsConnector,
    to: SocketAddr,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    client.connect(ServerName::try_from("m1.test").unwrap(), stream).await
}
