//! How far a database was read that has no sequence of its changes: all of it, each time.

use serde::{Deserialize, Serialize};

use super::ImportError;
use crate::clock::Millis;
use crate::service::{Importer, NAMES};

/// What is remembered of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// When it was.
    pub at: Millis,
    /// Numbers that only grow while the other server runs.
    pub marks: Vec<i64>,
    /// What the operator has chosen.
    #[serde(default)]
    pub choices: Choices,
    /// The names of this server that the operator has given.
    #[serde(default)]
    pub names: Vec<String>,
}

/// What the operator has chosen, which holds until it is chosen otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// Whether invitations are taken that the other server could not deliver.
    pub undelivered: Option<bool>,
    /// Whether its hashes are taken for bindings.
    pub hashes: Option<bool>,
}

impl Choices {
    /// Returns these choices, and the earlier ones where there is none.
    #[must_use]
    pub fn or(self, earlier: Self) -> Self {
        Self { undelivered: self.undelivered.or(earlier.undelivered), hashes: self.hashes.or(earlier.hashes) }
    }
}

impl Position {
    /// Returns what is remembered of the last run, if there was one.
    ///
    /// # Errors
    /// [`ImportError`] if our database is unavailable.
    pub async fn of(importer: &Importer, name: &str) -> Result<Option<Self>, ImportError> {
        let stored = importer.progress(&format!("{NAMES}{name}")).await?;
        Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Refuses a database that is older than the one read last: what it lacks would be removed here.
    ///
    /// # Errors
    /// [`ImportError::Choice`]
    pub fn refuse_older(&self, marks: &[i64], place: &str) -> Result<(), ImportError> {
        if marks.iter().zip(&self.marks).any(|(now, last)| now < last) {
            return Err(ImportError::Choice(format!(
                "{place} seems to be older than what was imported last: what it lacks would be removed here. Use the \
                 current one, or add --accept-older if this is it"
            )));
        }
        Ok(())
    }

    /// Remembers this run, and notes what was done.
    ///
    /// # Errors
    /// [`ImportError`] if our database is unavailable.
    pub async fn store(&self, importer: &Importer, name: &str, outcomes: serde_json::Value) -> Result<(), ImportError> {
        let value = serde_json::to_vec(self).map_err(|error| ImportError::Choice(error.to_string()))?;
        Ok(importer.finish(&format!("{NAMES}{name}"), value, outcomes).await?)
    }
}
