//! The rules, with no HTTP and no SQL in them.

pub mod budget;
pub mod directory;
pub mod pepper;
pub mod policy;
pub mod redaction;
pub mod session;
pub mod threepid;
