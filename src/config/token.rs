//! Bearer tokens: whoever has one may change things.

use std::path::Path;

use super::file::{ConfigError, read_text};

/// A secret that never shows itself.
#[derive(Clone)]
pub struct Token(String);

/// A shorter token could be guessed.
const SHORTEST: usize = 16;

impl Token {
    /// Reads a token's file.
    ///
    /// # Errors
    /// A file that cannot be read, or holds less than 16 printable characters.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let token = read_text(path, 4096)?.trim().to_owned();
        if token.len() < SHORTEST || !token.bytes().all(|b| b.is_ascii_graphic()) {
            let why =
                format!("must hold {SHORTEST} or more printable characters, found {}", token.len());
            return Err(ConfigError::value("token_file", why));
        }
        Ok(Self(token))
    }

    /// The text to compare with.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}
