//! The state of the audit log, as far as it can be seen at a glance.

use std::fmt;

use serde::Serialize;

use super::{ANCHOR, Audit, BATCH, Checkpoints, HEAD};
use crate::clock::{InWords, Millis};
use crate::error::Error;
use crate::store::meta;

/// The state of the log; times in milliseconds since the epoch.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// How many entries are linked.
    pub entries: i64,
    /// How many of them were verified: the newest ones.
    pub verified: usize,
    /// How many entries are not linked yet.
    pub waiting: usize,
    /// When the first of these was written.
    pub waiting_since: Option<Millis>,
    /// The last checkpoint that a node has made, if it was signed by a key of this server.
    pub checkpoint: Option<LastCheckpoint>,
    /// What is wrong with what was verified.
    pub problems: Vec<String>,
}

/// A checkpoint that a node has made.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LastCheckpoint {
    /// When, in milliseconds since the epoch.
    pub at: Millis,
    /// The number of the last entry at that time.
    pub sequence: i64,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, verified, waiting, .. } = self;
        if let Some((first, others)) = self.problems.split_first() {
            write!(f, "altered: {first}")?;
            return if others.is_empty() { Ok(()) } else { write!(f, ", and {} more problems", others.len()) };
        }
        write!(f, "{entries} entries, of which the newest {verified} verify, and {waiting} not linked yet")?;
        if let Some(since) = self.waiting_since {
            write!(f, ", the first of {}", InWords(since))?;
        }
        match self.checkpoint {
            Some(LastCheckpoint { at, sequence }) => {
                write!(f, "; last checkpoint at {}, up to entry {sequence}", InWords(at))
            }
            None => f.write_str("; no checkpoint"),
        }
    }
}

impl Audit {
    /// Returns the state of the log. Of the entries only the newest are verified, unless something
    /// is wrong with where these begin.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn state(&self) -> Result<State, Error> {
        let mut conn = self.store.read_much().await?;
        let logged = meta::get(&mut conn, meta::LAST_CHECKPOINT).await?.unwrap_or_default();
        let checkpoints = Checkpoints::read(&String::from_utf8_lossy(&logged), &self.signing).unwrap_or_default();
        let verified = self.verify_newest(&mut conn, &checkpoints, BATCH).await?;
        let anchor = self.stored_end(&mut conn, ANCHOR, meta::AUDIT_ANCHOR).await?;
        let head = self.stored_end(&mut conn, HEAD, meta::AUDIT_HEAD).await?;
        let counted = anchor.zip(head).map(|(anchor, head)| head.sequence - anchor.sequence);
        let checkpoint = checkpoints.0.values().flatten().next();
        Ok(State {
            entries: counted.unwrap_or(verified.entries.try_into().unwrap_or(i64::MAX)),
            verified: verified.entries,
            waiting: verified.waiting,
            waiting_since: verified.waiting_since,
            checkpoint: checkpoint.map(|one| LastCheckpoint { at: one.at, sequence: one.place.sequence }),
            problems: verified.problems,
        })
    }
}
