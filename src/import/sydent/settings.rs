//! The configuration of a Sydent.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use configparser::ini::Ini;
use ruma_common::ServerName;
use zeroize::Zeroizing;

use crate::crypto::signing::SigningKeys;
use crate::import::opening::SourceError;

/// The settings in a `sydent.conf`.
pub struct Settings(pub(super) Ini);

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read or parsed.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let problem = |text: String| SourceError(format!("{}: {text}", path.display()));
        Self::parse(&std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?).map_err(problem)
    }

    /// Parses the text of a file like Python's `configparser`: comments are separate lines, and
    /// continuation lines of a value are indented.
    ///
    /// # Errors
    /// The problem.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut ini = Ini::new();
        ini.set_inline_comment_symbols(Some(&[]));
        ini.set_multiline(true);
        ini.read(text.to_owned())?;
        Ok(Self(ini))
    }

    /// Returns a setting of a section or, failing that, of all sections; `None` if it is empty.
    #[must_use]
    pub fn get(&self, section: &str, key: &str) -> Option<String> {
        let set = |section| self.0.get(section, key).filter(|value| !value.trim().is_empty());
        set(section).or_else(|| set("default")).map(|value| value.trim().replace("%%", "%"))
    }

    /// Returns the id and public half of the signing key. Early versions wrote only its seed, in
    /// hexadecimal digits.
    #[must_use]
    pub fn signing_key(&self) -> Option<(String, String)> {
        let mut line = Zeroizing::new(self.get("crypto", "ed25519.signingkey")?);
        if !line.contains(char::is_whitespace) {
            let digits = |at| u8::from_str_radix(line.get(at..at + 2)?, 16).ok();
            let seed: Option<Vec<u8>> = (0..line.len()).step_by(2).map(digits).collect();
            line = Zeroizing::new(format!("ed25519 0 {}", BASE64_STANDARD_NO_PAD.encode(Zeroizing::new(seed?))));
        }
        // The name matters only for signing.
        let keys = SigningKeys::parse(&line, <&ServerName>::try_from("localhost").ok()?).ok()?;
        let (id, public) = keys.current();
        Some((id.to_owned(), public))
    }
}
