//! Messages to people.

pub mod letters;
pub mod mail;
