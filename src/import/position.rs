//! The position in a database whose changes have no sequence: all of it is read each time.

use serde::{Deserialize, Serialize};

use super::ImportError;
use crate::clock::Millis;
use crate::service::{Importer, NAMES};

/// The facts that are stored about a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// The time of the run.
    pub at: Millis,
    /// Numbers that only grow while the other server runs.
    pub marks: Vec<i64>,
    /// The operator's choices.
    #[serde(default)]
    pub choices: Choices,
    /// The names of this server given by the operator.
    #[serde(default)]
    pub names: Vec<String>,
}

/// The operator's choices, each of which stays in effect until it is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// True if invitations that the other server could not deliver are imported.
    pub undelivered: Option<bool>,
    /// True if its hashes are imported as bindings.
    pub hashes: Option<bool>,
}

impl Choices {
    /// Returns these choices, completed with the earlier ones.
    #[must_use]
    pub fn or(self, earlier: Self) -> Self {
        Self { undelivered: self.undelivered.or(earlier.undelivered), hashes: self.hashes.or(earlier.hashes) }
    }
}

impl Position {
    /// Returns the facts stored about the last run, if there was one.
    ///
    /// # Errors
    /// [`ImportError`] if our database is unavailable.
    pub async fn of(importer: &Importer, name: &str) -> Result<Option<Self>, ImportError> {
        let stored = importer.progress(&format!("{NAMES}{name}")).await?;
        Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Refuses a database that is older than the one read last: everything missing from it would be
    /// removed here.
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

    /// Stores the facts about this run, and records it in the audit log.
    ///
    /// # Errors
    /// [`ImportError`] if our database is unavailable.
    pub async fn store(&self, importer: &Importer, name: &str, outcomes: serde_json::Value) -> Result<(), ImportError> {
        let value = serde_json::to_vec(self).map_err(|error| ImportError::Choice(error.to_string()))?;
        Ok(importer.finish(&format!("{NAMES}{name}"), value, outcomes).await?)
    }
}
