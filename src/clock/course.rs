//! Rules for how a correct clock proceeds and what makes a clock wrong.

use std::fmt;

use super::{DAY, HOUR, InWords, Millis, Reading, Span};

/// The longest jump ahead that is accepted without the operator: a server may have been off for a
/// while.
pub const LONGEST_JUMP: Millis = 30 * DAY;
/// The time for which a jump ahead must last before data that expired because of it is deleted.
pub const SETTLING: Millis = HOUR;
/// The start of 2026, before this program was written. A machine without a battery starts in 1970.
const EARLIEST: Millis = 1_767_225_600_000;
/// The end of 9999. Later times are invalid, and adding to them could overflow.
const LATEST: Millis = 253_402_300_799_000;

/// Everything known about the time when a clock is judged.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// The machine's clocks before the database was asked.
    pub before: Reading,
    /// The machine's clocks after the database was asked.
    pub after: Reading,
    /// The database's time, if the database may run on another clock.
    pub database: Option<Millis>,
    /// The latest time that any node has stored.
    pub stored: Option<Millis>,
    /// True if the stored time has been set back, which voids what this node knew before.
    pub is_reset: bool,
    /// The maximum difference between two clocks.
    pub limit: Millis,
}

/// The reason why a clock is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It shows a time before the program was written, or none at all.
    Unset {
        /// The machine's time.
        wall: Millis,
    },
    /// It differs from the database's.
    Database {
        /// The machine's time.
        wall: Millis,
        /// The database's time.
        database: Millis,
        /// The maximum difference.
        limit: Millis,
    },
    /// It is behind a time at which a node was running.
    Behind {
        /// The machine's time.
        wall: Millis,
        /// The latest time at which a node was running.
        latest: Millis,
    },
    /// It is ahead of the latest time at which a node was running by more than [`LONGEST_JUMP`].
    Ahead {
        /// The machine's time.
        wall: Millis,
        /// The latest time at which a node was running.
        latest: Millis,
    },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let difference = |wall: Millis, other: Millis| {
            let by = wall.saturating_sub(other);
            format!("{} {}", Span(by), if by < 0 { "behind" } else { "ahead" })
        };
        match *self {
            Self::Unset { wall } => write!(f, "this machine's clock says {}: it has not been set", InWords(wall)),
            Self::Database { wall, database, limit } => write!(
                f,
                "this machine's clock says {}, and the database's {}: it is {}, and {} are allowed \
                 (server.max_clock_skew); synchronise both by NTP",
                InWords(wall),
                InWords(database),
                difference(wall, database),
                Span(limit),
            ),
            Self::Behind { wall, latest } => write!(
                f,
                "this machine's clock says {}, but a node was running at {}: it is {}; if that time was wrong, run \
                 `vouch clock --reset`",
                InWords(wall),
                InWords(latest),
                difference(wall, latest),
            ),
            Self::Ahead { wall, latest } => write!(
                f,
                "this machine's clock says {}, but a node was last running at {}: it is {}, more than {}; if this \
                 machine's clock is right, run `vouch clock --accept`",
                InWords(wall),
                InWords(latest),
                difference(wall, latest),
                Span(LONGEST_JUMP),
            ),
        }
    }
}

/// An accepted jump of the wall clock ahead of the monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Jump {
    /// The time of the jump, on the monotonic clock.
    at: Millis,
    by: Millis,
}

/// The course of a clock since it was last accepted.
#[derive(Debug)]
pub(super) struct Course {
    /// The clock when it was last found to be right.
    accepted: Reading,
    /// The time until which it has agreed with the monotonic clock since then, on that clock.
    agreed: Millis,
    /// The jumps that had not [settled](SETTLING) then.
    jumps: Vec<Jump>,
    limit: Millis,
    /// True if there is an earlier time to compare with, which a new database does not have.
    has_past: bool,
    is_right: bool,
}

impl Course {
    /// Begins at the latest time that is known to have been right. It must be judged before it is
    /// used.
    pub(super) fn begin(evidence: &Evidence) -> Self {
        let Reading { wall, elapsed } = evidence.after;
        let wall = evidence.stored.or(evidence.database).unwrap_or(wall).clamp(EARLIEST, LATEST);
        Self {
            accepted: Reading { wall, elapsed },
            agreed: elapsed,
            jumps: Vec::new(),
            limit: evidence.limit,
            has_past: evidence.stored.is_some(),
            is_right: false,
        }
    }

    pub(super) const fn is_right(&self) -> bool {
        self.is_right
    }

    /// Returns the wall clock's time while it agrees with the monotonic clock, and the monotonic
    /// clock's time from then on.
    pub(super) fn time(&mut self, reading: Reading) -> Millis {
        let expected = self.expected(reading.elapsed);
        self.is_right &= reading.wall.saturating_sub(expected).saturating_abs() <= self.limit;
        if self.is_right {
            self.agreed = reading.elapsed;
            reading.wall
        } else {
            expected
        }
    }

    fn expected(&self, elapsed: Millis) -> Millis {
        self.accepted.wall.saturating_add(elapsed.saturating_sub(self.accepted.elapsed)).min(LATEST)
    }

    fn unsettled(&self, elapsed: Millis) -> Millis {
        let is_young = |jump: &&Jump| elapsed.saturating_sub(jump.at) < SETTLING;
        self.jumps.iter().filter(is_young).map(|jump| jump.by).sum()
    }

    /// Returns the time without the jumps that have not settled.
    pub(super) fn settled(&self, elapsed: Millis) -> Millis {
        self.expected(elapsed).saturating_sub(self.unsettled(elapsed))
    }

    /// Judges and continues the course. Returns `None` if the time was right throughout, and
    /// otherwise a lower bound of the current time, since times returned in between may have been
    /// later.
    pub(super) fn judge(&mut self, evidence: &Evidence) -> Result<Option<Millis>, Wrong> {
        self.limit = evidence.limit;
        let elapsed = evidence.after.elapsed;
        if let Some(stored) = evidence.stored {
            self.heed(stored.min(LATEST), elapsed);
        }
        // While the clock is wrong, it may catch up with the last correct time, but not with the
        // time that passes.
        let latest = self.expected(self.agreed).saturating_sub(self.unsettled(elapsed));
        if let Err(wrong) = self.compare(evidence, latest) {
            self.is_right = false;
            return Err(wrong);
        }
        let wall = evidence.after.wall;
        if !self.has_past {
            self.accepted = evidence.after;
        }
        let (settled, jump) = (self.settled(elapsed), wall.saturating_sub(self.expected(elapsed)));
        self.jumps.retain(|jump| elapsed.saturating_sub(jump.at) < SETTLING);
        if jump > self.limit {
            self.jumps.push(Jump { at: elapsed, by: jump });
        } else if jump < -self.limit {
            // An earlier jump was wrong.
            self.leave_unsettled(wall.saturating_sub(settled), elapsed);
        }
        let is_continued = self.is_right && jump.abs() <= self.limit;
        let lower_bound = if self.has_past { latest } else { wall };
        (self.accepted, self.agreed) = (evidence.after, elapsed);
        (self.has_past, self.is_right) = (true, true);
        Ok((!is_continued).then_some(lower_bound))
    }

    fn compare(&self, evidence: &Evidence, latest: Millis) -> Result<(), Wrong> {
        let (wall, limit) = (evidence.after.wall, self.limit);
        if !(EARLIEST..LATEST).contains(&wall) {
            return Err(Wrong::Unset { wall });
        }
        if let Some(database) = evidence.database
            && (database.saturating_sub(wall) > limit || evidence.before.wall.saturating_sub(database) > limit)
        {
            return Err(Wrong::Database { wall, database, limit });
        }
        if !self.has_past {
            return Ok(());
        }
        if latest.saturating_sub(wall) > limit {
            return Err(Wrong::Behind { wall, latest });
        }
        let passed = evidence.after.elapsed.saturating_sub(self.agreed);
        if wall.saturating_sub(latest.saturating_add(passed)) > LONGEST_JUMP {
            return Err(Wrong::Ahead { wall, latest });
        }
        Ok(())
    }

    /// Takes into account a time that another node, or an operator, has stored as right.
    fn heed(&mut self, stored: Millis, elapsed: Millis) {
        self.has_past = true;
        if stored <= self.settled(elapsed) {
            return;
        }
        let lag = self.expected(elapsed).saturating_sub(stored);
        if lag < 0 {
            self.accepted = Reading { wall: stored, elapsed };
            self.agreed = elapsed;
        }
        self.leave_unsettled(lag, elapsed);
    }

    /// Replaces the jumps by one that is as old as the last of them.
    fn leave_unsettled(&mut self, by: Millis, elapsed: Millis) {
        let at = self.jumps.last().map_or(elapsed, |jump| jump.at);
        self.jumps.clear();
        if by > self.limit {
            self.jumps.push(Jump { at, by });
        }
    }
}

#[cfg(test)]
mod tests;
