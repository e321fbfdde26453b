//! The secret that protects everything in the database.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::base62;
use super::key_file::{self, KeyFileError};
use super::signing::LENIENT;

/// The 32 random bytes from which every other key is derived.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl MasterKey {
    /// Generates a key.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(base62::random_bytes()))
    }

    /// Returns the key with these bytes.
    #[cfg(test)]
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Parses 32 bytes in standard base64, with or without padding.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(LENIENT.decode(text.trim()).ok()?);
        Some(Self(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?)))
    }

    /// Reads the key from its file, or returns `None` if the file does not exist.
    ///
    /// # Errors
    /// If the file cannot be read or contains no valid key.
    pub fn read(path: &Path) -> Result<Option<Self>, KeyFileError> {
        key_file::read(path)?.map(|text| Self::parse_file(path, &text)).transpose()
    }

    /// Creates the key file, or reads it if another process created it first.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn make(path: &Path) -> Result<Self, KeyFileError> {
        let text = key_file::create(path, Self::generate().to_text())?;
        Self::parse_file(path, &text)
    }

    /// Returns the text of a file with this key.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_STANDARD.encode(*self.0) + "\n")
    }

    fn parse_file(path: &Path, text: &str) -> Result<Self, KeyFileError> {
        Self::parse(text).ok_or_else(|| KeyFileError::new(path, "contains no master key (32 bytes in base64)"))
    }

    /// Returns the value by which a database recognises this key.
    #[must_use]
    pub fn check_value(&self) -> [u8; 32] {
        *self.derive("check")
    }

    /// Derives the key for one purpose.
    pub(super) fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, self.0.as_slice())
            .expand(label.as_bytes(), key.as_mut_slice())
            .expect("32 bytes are a valid length for HKDF-SHA256");
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_with_or_without_padding() {
        let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
        for text in [key, key.trim_end_matches('='), &format!("{key}\n")] {
            assert_eq!(*MasterKey::parse(text).unwrap().0, *b"0123456789abcdef0123456789abcdef", "{text}");
        }
        for text in ["", "hunter2", "MDEyMzQ1Njc4OWFiY2RlZg==", &key[4..]] {
            assert!(MasterKey::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_file_is_created_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(MasterKey::read(&path).unwrap().is_none());
        let made = MasterKey::make(&path).unwrap().derive("x");
        let read = MasterKey::read(&path).unwrap().unwrap().derive("x");
        assert_eq!(made, read);
        std::fs::write(&path, "not a key").unwrap();
        assert!(MasterKey::read(&path).is_err());
    }
}
