//! Messages to people.

pub mod code;
pub mod letters;
pub mod mail;
