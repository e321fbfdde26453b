//! Messages to people.

pub mod address;
pub mod code;
mod directory;
pub mod emails;
mod gsm;
pub mod invitation;
pub mod mail;
pub mod notice;
pub mod sms;
#[cfg(test)]
mod testing;

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why messages cannot be sent with these settings.
#[derive(Debug)]
pub enum StartError {
    /// A file or directory that a setting names cannot be used.
    File {
        /// The setting, such as `mail.ca_file`.
        setting: &'static str,
        /// What it names.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
    /// A setting makes no sense.
    Setting {
        /// The setting, such as `mail.security`.
        setting: &'static str,
        /// What is wrong and what to do.
        problem: &'static str,
    },
}

impl StartError {
    fn file(setting: &'static str, path: impl Into<PathBuf>, error: impl Into<io::Error>) -> Self {
        Self::File { setting, path: path.into(), error: error.into() }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { setting, path, error } => write!(f, "{setting}: {}: {error}", path.display()),
            Self::Setting { setting, problem } => write!(f, "{setting}: {problem}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Setting { .. } => None,
        }
    }
}
