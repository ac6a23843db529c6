//! A master's configuration, checked.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::file::{ConfigError, MasterFile};
use super::token::Token;
use crate::pac::PacOptions;

/// What a master runs by.
#[derive(Debug, Clone)]
pub struct MasterConfig {
    /// The table file.
    pub table: PathBuf,
    /// Where it listens. Default 127.0.0.1:8080.
    pub listen: SocketAddr,
    /// The bearer token that edits need; `None`: edits from loopback only.
    pub token: Option<Token>,
    /// The PAC that it publishes.
    pub pac: PacOptions,
}

impl TryFrom<MasterFile> for MasterConfig {
    type Error = ConfigError;

    fn try_from(file: MasterFile) -> Result<Self, ConfigError> {
        let table = file
            .table
            .ok_or(ConfigError::Missing("table: a master needs a table file (--table)"))?;
        let token = file.token_file.as_deref().map(Token::read).transpose()?;
        let listen = file.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
        Ok(Self { table, listen, token, pac: file.pac.options()? })
    }
}
