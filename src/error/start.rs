//! The error that prevents the server from starting.

use std::fmt;

/// The reason why the server does not start, for the operator.
#[derive(Debug)]
pub struct StartError(pub String);

impl StartError {
    /// Joins several errors, one per line.
    #[must_use]
    pub fn all(problems: &[Self]) -> Self {
        Self(problems.iter().map(|problem| problem.0.as_str()).collect::<Vec<_>>().join("\n"))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}
