//! Verifying the audit log.

use std::collections::HashSet;

use serde::Serialize;

use super::checkpoint::{Checkpoint, Checkpoints};
use super::{ANCHOR, Audit, BATCH, HEAD, Record};
use crate::clock::{InWords, Millis};
use crate::crypto::vault::{AuditKeys, Place};
use crate::error::Error;
use crate::store::audit::{self, Linked};
use crate::store::{Conn, meta};

/// The result of verifying the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The number of linked entries.
    pub entries: usize,
    /// The number of the first one, or of the one that comes next.
    pub first: i64,
    /// The number of entries that are not linked yet.
    pub waiting: usize,
    /// When the first of these was written, in milliseconds since the epoch.
    pub waiting_since: Option<Millis>,
    /// The number of checkpoints that were compared with it.
    pub checkpoints: usize,
    /// The number of checkpoints that are older than the first remaining entry.
    pub expired_checkpoints: usize,
    /// The problems found.
    pub problems: Vec<String>,
}

impl Audit {
    /// Verifies the log, and compares it with checkpoints.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn verify(&self, checkpoints: &Checkpoints) -> Result<Verified, Error> {
        self.verify_newest(&mut self.store.read_much().await?, checkpoints, i64::MAX).await
    }

    /// Verifies the newest `most` entries, the queue and both ends of the log.
    pub(super) async fn verify_newest(
        &self,
        conn: &mut Conn,
        checkpoints: &Checkpoints,
        most: i64,
    ) -> Result<Verified, Error> {
        loop {
            let anchor = self.stored_end(conn, ANCHOR, meta::AUDIT_ANCHOR).await?;
            let start = match anchor {
                Some(anchor) => Some(self.before_newest(conn, most).await?.unwrap_or(anchor)),
                None => None,
            };
            let verified = Verification::new(&self.keys, start, checkpoints).run(conn).await?;
            // Otherwise entries have expired in the meantime.
            if self.stored_end(conn, ANCHOR, meta::AUDIT_ANCHOR).await? == anchor {
                return Ok(verified);
            }
        }
    }

    /// Returns the place before the newest `most` entries, if there are more and it is stored.
    async fn before_newest(&self, conn: &mut Conn, most: i64) -> Result<Option<Place>, Error> {
        let head = self.stored_end(conn, HEAD, meta::AUDIT_HEAD).await?;
        let Some(sequence) = head.map(|head| head.sequence.saturating_sub(most)).filter(|first| *first > 0) else {
            return Ok(None);
        };
        let row = audit::page(conn, sequence - 1, 1).await?.pop().filter(|row| row.sequence == sequence);
        Ok(row.and_then(|row| Some(Place { sequence, link: row.link.try_into().ok()? })))
    }

    /// Returns the place where the log ends, or begins, as it is stored.
    pub(super) async fn stored_end(&self, conn: &mut Conn, which: &str, name: &str) -> Result<Option<Place>, Error> {
        Ok(meta::get(conn, name).await?.and_then(|stored| self.keys.open_end(which, &stored)))
    }
}

struct Verification<'a> {
    keys: &'a AuditKeys,
    checkpoints: &'a Checkpoints,
    /// The last entry read, with its stored link, or the place before the first entry.
    last: Option<Place>,
    macs: HashSet<Vec<u8>>,
    found: Verified,
}

impl<'a> Verification<'a> {
    fn new(keys: &'a AuditKeys, anchor: Option<Place>, checkpoints: &'a Checkpoints) -> Self {
        Self { keys, checkpoints, last: anchor, macs: HashSet::new(), found: Verified::default() }
    }

    async fn run(mut self, conn: &mut Conn) -> Result<Verified, Error> {
        self.found.first = self.last.map_or(1, |anchor| anchor.sequence + 1);
        match self.last {
            None => self.problem("the stored beginning of the log is missing or was changed".to_owned()),
            Some(anchor) => {
                let older = self.checkpoints.0.range(..anchor.sequence);
                self.found.expired_checkpoints = older.map(|(_, same)| same.len()).sum();
                self.compare(anchor);
            }
        }
        self.read_pages(conn).await?;
        let head = meta::get(conn, meta::AUDIT_HEAD).await?.and_then(|head| self.keys.open_end(HEAD, &head));
        // Others may have been linked in the meantime.
        self.read_pages(conn).await?;
        let end = self.last.map_or(0, |last| last.sequence);
        match head {
            None => self.problem("the stored end of the log is missing or was changed".to_owned()),
            Some(head) if head.sequence > end => self.missing(end + 1, head.sequence),
            Some(_) => {}
        }
        for checkpoint in self.checkpoints.0.range(end + 1..).flat_map(|(_, same)| same) {
            let Checkpoint { at, place } = checkpoint;
            self.found.checkpoints += 1;
            self.problem(format!(
                "the log ends with entry {end}, but the checkpoint of {} has {}: its end was cut, or an older \
                 database was restored",
                InWords(*at),
                place.sequence
            ));
        }
        self.check_queue(conn).await?;
        Ok(self.found)
    }

    async fn read_pages(&mut self, conn: &mut Conn) -> Result<(), Error> {
        loop {
            let page = audit::page(conn, self.last.map_or(0, |last| last.sequence), BATCH).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in page {
                self.check(row);
            }
        }
    }

    /// Checks an entry, and its place after the last one.
    fn check(&mut self, row: Linked) {
        let number = row.sequence;
        let expected = self.last.map_or(number, |last| last.sequence + 1);
        if expected < number {
            self.missing(expected, number - 1);
        }
        let follows = |last| self.keys.follow(last, &row.entry, &row.mac).link.as_slice() == row.link;
        if self.keys.entry_mac(&row.entry).as_slice() != row.mac {
            self.problem(format!("entry {number} was changed"));
        } else if expected == number && self.last.is_some_and(|last| !follows(last)) {
            self.problem(format!(
                "entry {number} does not follow the one before it: it was moved or inserted, or its link was changed"
            ));
        } else if !self.macs.insert(row.mac) {
            self.problem(format!("entry {number} is a copy of an earlier one"));
        }
        self.found.entries += 1;
        let place = Place { sequence: number, link: row.link.try_into().unwrap_or_default() };
        self.last = Some(place);
        self.compare(place);
    }

    /// Compares the checkpoints of this place with it.
    fn compare(&mut self, place: Place) {
        for checkpoint in self.checkpoints.0.get(&place.sequence).into_iter().flatten() {
            self.found.checkpoints += 1;
            if checkpoint.place != place {
                self.problem(format!(
                    "the entries up to {} were rewritten after the checkpoint of {}",
                    place.sequence,
                    InWords(checkpoint.at)
                ));
            }
        }
    }

    async fn check_queue(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let mut after = 0;
        loop {
            let page = audit::queued(conn, after, BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            let first = page.first().and_then(|first| Record::read(&first.entry)).map(|record| record.at);
            self.found.waiting_since = self.found.waiting_since.or(first);
            self.found.waiting += page.len();
            let is_changed = |mac: &Vec<u8>, entry: &str| self.keys.entry_mac(entry).as_slice() != mac;
            let changed = page.iter().filter(|row| is_changed(&row.mac, &row.entry)).count();
            if changed > 0 {
                self.problem(format!("{changed} entries that are not linked yet were changed or forged"));
            }
        }
    }

    fn missing(&mut self, first: i64, last: i64) {
        self.problem(if first == last {
            format!("entry {first} is missing")
        } else {
            format!("entries {first} to {last} are missing")
        });
    }

    fn problem(&mut self, problem: String) {
        self.found.problems.push(problem);
    }
}
