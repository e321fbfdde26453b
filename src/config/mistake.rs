//! What is wrong with a configuration, and where. The text never repeats a value: it might be a secret.

use std::fmt;
use std::path::PathBuf;

/// One mistake, displayed in one line: where, which key, what is wrong and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    pub(super) origin: Origin,
    /// `[section] key`, if it is about one.
    pub(super) key: Option<String>,
    pub(super) problem: String,
}

/// Where a setting was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// In the file, with line and column counted from 1 where they are known.
    File { path: PathBuf, position: Option<(usize, usize)> },
    /// In the environment variable of that name.
    Environment(String),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Mistake {}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, position: None } => write!(f, "{}", path.display()),
            Self::File { path, position: Some((line, column)) } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {}", name.escape_debug()),
        }
    }
}
