//! Keys: what is sealed on the disk, and what is signed for the world.

pub mod base62;
pub mod ephemeral;
mod key_changes;
pub mod key_file;
pub mod master_key;
pub mod signing;
pub mod trust;
pub mod vault;
pub mod verifying;
