//! Errors in a configuration, with their location. Messages never repeat a value, which may be a
//! secret.

use std::fmt;
use std::path::PathBuf;

/// An error in the configuration. Displays as one line: the location, the affected key, and what is
/// expected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigError {
    pub(super) origin: Origin,
    /// `[section] key`, if the error is about a key.
    pub(super) key: Option<String>,
    pub(super) problem: String,
}

/// The source of a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The file, with line and column, counted from 1, if they are known.
    File { path: PathBuf, position: Option<(usize, usize)> },
    /// The environment variable of this name.
    Environment(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, position: None } => write!(f, "{}", path.display()),
            Self::File { path, position: Some((line, column)) } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {}", name.escape_debug()),
        }
    }
}
