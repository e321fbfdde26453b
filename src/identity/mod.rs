//! The rules, with no HTTP and no SQL in them.

pub mod budget;
pub mod directory;
pub mod pepper;
pub mod phone;
pub mod policy;
pub mod session;
pub mod threepid;
