//! Moving in from other identity servers: reading what they have stored, and deciding which of it
//! counts. [`Importer`] compares that with what is stored here and writes
//! it.

pub mod conversion;
pub mod database;
pub mod losses;
pub mod ma1sd;
pub mod opening;
pub mod position;
pub mod report;
pub mod survey;
pub mod sydent;
pub mod synapse;
pub mod untimed;
pub mod values;

use std::sync::Arc;

use crate::clock::Millis;
use crate::error::Error;
use crate::service::{Importer, Mode, NAMES};
use opening::SourceError;
use report::{Done, Report};

/// How many rows are imported in one transaction.
const BATCH: usize = crate::store::import::BATCH;

/// What the operator accepts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accepted {
    /// That something is lost.
    pub losses: bool,
    /// That the file is older than the one imported last.
    pub older: bool,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Say what would be imported.
    DryRun,
    /// Import.
    Import,
    /// Say where the two servers differ.
    Verify,
}

/// Shows how far an import is.
pub trait Progress {
    /// A step of about this many rows begins.
    fn begin(&self, step: &'static str, rows: usize);
    /// This many rows were processed.
    fn tick(&self, rows: usize);
}

/// Where the rows of a server go that has no sequence of its changes.
struct Target<'a> {
    importer: &'a Arc<Importer>,
    mode: Mode,
    now: Millis,
    report: &'a mut Report,
    progress: &'a (dyn Progress + Sync),
}

impl Action {
    /// Notes in the report what is done, which is nothing if it names losses that the operator does
    /// not accept; returns whether anything is written.
    fn begin(self, report: &mut Report, accepted: Accepted) -> Mode {
        report.done = match self {
            Self::Import if !report.losses.is_empty() && !accepted.losses => Done::Refused,
            Self::Import => Done::Imported,
            Self::DryRun => Done::DryRun,
            Self::Verify => Done::Verified,
        };
        if report.done == Done::Imported { Mode::Write } else { Mode::Look }
    }
}

/// Refuses to import from a server while an import from a server of this other kind is not ended:
/// each would take the invitations of the other for those that were delivered.
async fn refuse_besides(importer: &Importer, other: &str) -> Result<(), ImportError> {
    let names = importer.in_progress().await?;
    if names.iter().any(|name| name.starts_with(&format!("{NAMES}{other} "))) {
        return Err(ImportError::Choice(format!(
            "an import from {other} is not ended: end it first, with `vouch import {other} … --yes --last`"
        )));
    }
    Ok(())
}

/// Why an import failed.
#[derive(Debug)]
pub enum ImportError {
    /// The other server's database cannot be read.
    Source(SourceError),
    /// Ours cannot be used.
    Target(Error),
    /// The options do not fit the earlier runs.
    Choice(String),
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Target(error) => error.fmt(f),
            Self::Choice(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ImportError {}

impl From<SourceError> for ImportError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<Error> for ImportError {
    fn from(error: Error) -> Self {
        Self::Target(error)
    }
}
