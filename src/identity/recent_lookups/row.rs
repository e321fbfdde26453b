//! The stored form of the look-ups of a token.

use super::{MOST, Token};
use crate::crypto::vault::Unsealable;
use crate::identity::pepper::Epoch;

/// The minimum number of hashes that a row has room for.
const LEAST: usize = 64;

/// The look-ups of a token under a pepper. Stored as hashes of four bytes, sealed with the token's
/// key; for an address book of usual size, the differences between sorted hashes would be no
/// shorter. Their number is a power of two, and at least 64, so that the length reveals little.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Sorted, without duplicates.
    hashes: Vec<u32>,
}

impl Row {
    /// Opens the token's row.
    ///
    /// # Errors
    /// [`Unsealable`] if it is not the row of this token and epoch.
    pub fn open(token: &Token, epoch: Epoch, sealed: &[u8]) -> Result<Self, Unsealable> {
        let bytes = token.keys.open(&epoch.number().to_be_bytes(), sealed)?;
        let (hashes, []) = bytes.as_chunks() else { return Err(Unsealable) };
        let mut row = Self { hashes: hashes.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect() };
        row.hashes.dedup();
        Ok(row)
    }

    /// Adds as many look-ups as fit.
    #[must_use]
    pub fn with(mut self, hashes: &[u32]) -> Self {
        self.hashes.extend(hashes);
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.truncate(MOST);
        self
    }

    /// Seals the row.
    ///
    /// # Panics
    /// If the operating system supplies no randomness.
    #[must_use]
    pub fn seal(&self, token: &Token, epoch: Epoch) -> Vec<u8> {
        let room = self.hashes.len().next_power_of_two().max(LEAST);
        let padding = self.hashes.last().into_iter().cycle();
        let bytes: Vec<u8> = self.hashes.iter().chain(padding).take(room).flat_map(|hash| hash.to_be_bytes()).collect();
        token.keys.seal(&epoch.number().to_be_bytes(), &bytes)
    }

    /// Returns the hashes.
    #[must_use]
    pub fn hashes(&self) -> &[u32] {
        &self.hashes
    }
}
