//! Vouch, a standalone Matrix identity server: it vouches, by its signature, that an address
//! belongs to a Matrix user, and lets people find each other without revealing who looks for whom
//! to the server's disk, its logs or strangers.
//!
//! Imports run only downwards: [`api`] → [`pages`] → `http` → [`service`] → [`identity`],
//! `federation`, `notify` → [`crypto`], `store`. All of them may use [`clock`] and [`metrics`].

pub mod api;
mod backup;
mod brand;
pub mod cli;
pub mod clock;
pub mod config;
mod content;
pub mod crypto;
pub mod doctor;
pub mod error;
mod federation;
mod http;
pub mod identity;
pub mod import;
pub mod logging;
pub mod metrics;
mod notify;
pub mod pages;
pub mod server;
pub mod service;
pub(crate) mod store;
mod texts;
