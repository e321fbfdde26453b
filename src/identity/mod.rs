//! The domain rules, without HTTP or SQL.

pub(crate) mod calling_code;
pub mod directory;
mod domain;
pub mod homeserver_group;
pub(crate) mod mask;
pub mod network;
pub mod pepper;
pub(crate) mod phone;
pub(crate) mod policy;
pub mod rate_limit;
pub mod recent_lookups;
pub(crate) mod redaction;
pub(crate) mod session;
pub mod threepid;
pub(crate) mod typed;
