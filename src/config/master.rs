//! A master's configuration, checked.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::file::{ConfigError, MasterFile, read_text};
use crate::pac::PacOptions;

/// What a master runs by.
#[derive(Clone)]
pub struct MasterConfig {
    /// The table file.
    pub table: PathBuf,
    /// Where it listens. Default 127.0.0.1:8080.
    pub listen: SocketAddr,
    /// The bearer token that edits need; `None`: edits from loopback only.
    pub token: Option<String>,
    /// The PAC that it publishes.
    pub pac: PacOptions,
}

impl std::fmt::Debug for MasterConfig {
    /// Never shows the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, listen, token, pac } = self;
        let token = token.as_ref().map(|_| "(secret)");
        f.debug_struct("MasterConfig")
            .field("table", table)
            .field("listen", listen)
            .field("token", &token)
            .field("pac", pac)
            .finish()
    }
}

/// A shorter token could be guessed.
const SHORTEST_TOKEN: usize = 16;

impl TryFrom<MasterFile> for MasterConfig {
    type Error = ConfigError;

    fn try_from(file: MasterFile) -> Result<Self, ConfigError> {
        let table = file
            .table
            .ok_or(ConfigError::Missing("table: a master needs a table file (--table)"))?;
        let token = match file.token_file {
            Some(path) => {
                let token = read_text(&path, 4096)?.trim().to_owned();
                if token.len() < SHORTEST_TOKEN || !token.bytes().all(|b| b.is_ascii_graphic()) {
                    let why = format!(
                        "must hold {SHORTEST_TOKEN} or more printable characters, found {}",
                        token.len()
                    );
                    return Err(ConfigError::value("token_file", why));
                }
                Some(token)
            }
            None => None,
        };
        let listen = file.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
        Ok(Self { table, listen, token, pac: file.pac.options()? })
    }
}
