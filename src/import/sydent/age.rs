//! The age of a file, and the times to assume for rows that are dated in the future.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::rows::{RawBinding, Reference};
use super::source::Source;
use crate::clock::Millis;
use crate::import::opening::SourceError;

/// Numbers that grow while a server runs. If one is smaller than before, the file is older.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The greatest id that a local binding has had.
    pub local: i64,
    /// The greatest id that a global binding has had.
    pub global: i64,
    /// The time when the latest account was created.
    pub accounts: i64,
    /// The greatest row id of a token. The latest tokens may have been removed.
    pub tokens: i64,
    /// The count of changes in the file's header. A copy may start again.
    pub changes: u32,
}

impl Marks {
    /// Reads the marks that the server has reached. The greatest ids remain when rows are replaced
    /// or deleted.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn read(source: &mut Source) -> Result<Self, SourceError> {
        let (has_accounts, has_tokens) = (source.has("accounts"), source.has("tokens"));
        let has_sequences =
            source.number("SELECT COUNT(*) AS number FROM sqlite_master WHERE name = 'sqlite_sequence'")?;
        let mut greatest = |is_there: bool, column: &str, rows: &str| {
            let sql = format!("SELECT COALESCE(MAX(CAST({column} AS INTEGER)), 0) AS number FROM {rows}");
            if is_there { source.number(&sql) } else { Ok(0) }
        };
        let sequence = |of: &str| format!("sqlite_sequence WHERE name = '{of}_threepid_associations'");
        Ok(Self {
            local: greatest(has_sequences > 0, "seq", &sequence("local"))?,
            global: greatest(has_sequences > 0, "seq", &sequence("global"))?,
            accounts: greatest(has_accounts, "created_ts", "accounts")?,
            tokens: greatest(has_tokens, "rowid", "tokens")?,
            changes: source.changes,
        })
    }

    /// Returns whether this is an older copy of a file that had these marks, or cannot be
    /// distinguished from one. Everything newer would be missing, as if it had been removed.
    #[must_use]
    pub const fn is_older_than(&self, last: &Self) -> bool {
        if self.local < last.local || self.global < last.global || self.accounts < last.accounts {
            return true;
        }
        let is_newer = self.local > last.local || self.global > last.global || self.accounts > last.accounts;
        !is_newer && self.tokens < last.tokens && self.changes <= last.changes
    }
}

/// The times to assume for rows that are dated in the future. They must not count as newer than
/// later events on this server.
#[derive(Clone, Debug, Default)]
pub struct Horizon {
    /// The current time.
    pub now: Millis,
    /// The time of the last import; now, if there was none.
    pub last: Millis,
    /// The rows that are dated in the future, with the times assumed for them.
    pub known: HashMap<Reference, Millis>,
    /// Those of them that no earlier import has seen.
    pub new: Vec<(Reference, Millis)>,
}

impl Horizon {
    /// Returns the time of a row. If it is dated in the future and new, a time is chosen and
    /// remembered: now for an unbinding, and otherwise the time of the last import at the latest,
    /// so that an address removed here since stays removed.
    pub fn discover(&mut self, row: Reference, raw: &RawBinding) -> Millis {
        if raw.at() > self.now && !self.known.contains_key(&row) {
            let at = if raw.is_tombstone() { self.now } else { self.last };
            self.known.insert(row, at);
            self.new.push((row, at));
        }
        self.time_of(row, raw)
    }

    /// Returns the time of a row that was read before.
    #[must_use]
    pub fn time_of(&self, row: Reference, raw: &RawBinding) -> Millis {
        self.known.get(&row).copied().unwrap_or_else(|| raw.at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_older_if_a_number_is_smaller_or_if_only_tokens_are_missing() {
        let last = Marks { local: 5, global: 5, accounts: 5, tokens: 5, changes: 5 };
        assert!(!last.is_older_than(&last) && !last.is_older_than(&Marks::default()));
        for older in [
            Marks { local: 4, ..last },
            Marks { global: 4, local: 6, ..last },
            Marks { accounts: 4, changes: 9, ..last },
            Marks { tokens: 4, ..last },
            Marks { tokens: 4, changes: 1, ..last },
        ] {
            assert!(older.is_older_than(&last), "{older:?}");
        }
        for newer in [
            Marks { changes: 1, ..last },
            Marks { tokens: 4, changes: 6, ..last },
            Marks { tokens: 4, changes: 1, local: 6, ..last },
            Marks { tokens: 0, changes: 1, accounts: 6, ..last },
            Marks { tokens: 6, changes: 1, ..last },
        ] {
            assert!(!newer.is_older_than(&last), "{newer:?}");
        }
    }
}
