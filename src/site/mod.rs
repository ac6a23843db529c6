//! What a master and every member publish of a table: `/pat`, `/proxy.pac` and `/wpad.dat`.
//!
//! A member that is polled in the master's place answers the same bytes.

mod authorize;
mod documents;

use std::sync::Arc;

use bytes::Bytes;
use pat::{Dialect, Table};

use crate::net::etag::Digest;
use crate::pac::{GenerateError, PacOptions, generate};
use crate::route::Router;

pub use authorize::{Denied, authorize};
pub use documents::{Publisher, own_page};

/// A table, ready to route by and to publish. Requests take it once and see one table to their end.
#[derive(Debug)]
pub struct Site {
    router: Router,
    digest: Digest,
    pat: Document,
    pac: Document,
}

#[derive(Debug)]
struct Document {
    bytes: Bytes,
    etag: String,
}

impl Site {
    /// Prints the table and generates its PAC.
    ///
    /// # Errors
    /// Those of [`generate`].
    pub fn of(table: Arc<Table>, options: &PacOptions) -> Result<Self, GenerateError> {
        let pat = table.print(Dialect::Draft);
        let digest = Digest::of(pat.as_bytes());
        let etag = format!("\"{}-{}\"", table.header().config_id, digest.short());
        let router = Router::new(table);
        let pac = generate(&router, options)?;
        let pac_etag = format!("\"{}\"", Digest::of(pac.as_bytes()));
        Ok(Self {
            router,
            digest,
            pat: Document { bytes: pat.into(), etag },
            pac: Document { bytes: pac.into(), etag: pac_etag },
        })
    }

    /// Ranks by this table.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The table.
    pub fn table(&self) -> &Arc<Table> {
        self.router.table()
    }

    /// Digest of the table's text in the draft's dialect.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The table's text in the draft's dialect.
    pub fn pat(&self) -> &Bytes {
        &self.pat.bytes
    }

    /// Entity tag of the table: `"<ConfigID>-<digest>"`.
    pub fn etag(&self) -> &str {
        &self.pat.etag
    }

    /// The PAC.
    pub fn pac(&self) -> &Bytes {
        &self.pac.bytes
    }
}

/// Something that may have a site to publish; a member has none before its first table.
pub trait HasSite {
    /// The site.
    fn site(&self) -> Option<&Site>;
}

impl HasSite for Site {
    fn site(&self) -> Option<&Site> {
        Some(self)
    }
}
