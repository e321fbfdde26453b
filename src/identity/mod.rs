//! The rules, with no HTTP and no SQL in them.

pub mod budget;
pub mod calling_code;
pub mod directory;
pub mod pepper;
pub mod phone;
pub mod policy;
pub mod redaction;
pub mod session;
pub mod threepid;
pub mod typed;
