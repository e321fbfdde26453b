//! Keys: sealing and indexing values in the database, signing, verifying, and trust in TLS
//! certificates.

pub(crate) mod base62;
pub(crate) mod certificate;
pub mod ephemeral;
mod key_changes;
pub(crate) mod key_file;
pub mod master_key;
pub mod signing;
pub(crate) mod trust;
pub mod vault;
pub(crate) mod verifying;
