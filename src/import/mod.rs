//! Moving in from other identity servers: reads their data and decides which of it counts.
//! [`Importer`] compares that with the data stored here, and writes it.

pub mod conversion;
pub mod database;
pub mod losses;
pub mod ma1sd;
pub mod opening;
mod pace;
pub mod position;
pub mod report;
pub mod survey;
pub mod sydent;
pub mod synapse;
pub mod untimed;
pub mod values;
pub mod vouch;

use std::sync::Arc;

use crate::clock::Millis;
use crate::error::{Error, StartError};
use crate::service::{Importer, Mode, NAMES};
use opening::SourceError;
use report::{Done, Report};

/// The number of rows that are imported in one transaction.
const BATCH: usize = crate::store::import::BATCH;

/// The risks that the operator accepts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accepted {
    /// True if data may be lost.
    pub losses: bool,
    /// True if the file may be older than the one imported last.
    pub older: bool,
}

/// The action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Report what would be imported.
    DryRun,
    /// Import.
    Import,
    /// Report where the two servers differ.
    Verify,
}

/// Shows the progress of an import.
pub trait Progress {
    /// A step of about this many rows begins.
    fn begin(&self, step: &'static str, rows: usize);
    /// This many rows were processed.
    fn tick(&self, rows: usize);
}

/// The destination of rows from a server whose changes have no sequence.
struct Target<'a> {
    importer: &'a Arc<Importer>,
    mode: Mode,
    now: Millis,
    report: &'a mut Report,
    progress: &'a (dyn Progress + Sync),
}

impl Action {
    /// Records the action in the report. Nothing is written if the report names losses that the
    /// operator does not accept. Returns whether anything is written.
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

/// Refuses to import from a server until the import from the other kind of server has ended: each
/// import would assume that the other's invitations have been delivered.
async fn refuse_besides(importer: &Importer, other: &str) -> Result<(), ImportError> {
    let names = importer.in_progress().await?;
    if names.iter().any(|name| name.starts_with(&format!("{NAMES}{other} "))) {
        return Err(ImportError::Choice(format!(
            "an import from {other} has not ended: end it first, with `vouch import {other} … --yes --last`"
        )));
    }
    Ok(())
}

/// The reason why an import failed.
#[derive(Debug)]
pub enum ImportError {
    /// The other server's database cannot be read.
    Source(SourceError),
    /// Ours cannot be used.
    Target(Error),
    /// The options do not fit the earlier runs.
    Choice(String),
    /// Our database cannot be opened, or not filled.
    Start(StartError),
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Target(error) => error.fmt(f),
            Self::Choice(text) => f.write_str(text),
            Self::Start(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ImportError {}

impl From<SourceError> for ImportError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<StartError> for ImportError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<Error> for ImportError {
    fn from(error: Error) -> Self {
        Self::Target(error)
    }
}
