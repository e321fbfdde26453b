//! Moving in from other identity servers: reading what they have stored, and deciding which of it
//! counts. [`Importer`](crate::service::Importer) compares that with what is stored here and writes
//! it.

pub mod report;
pub mod sydent;
