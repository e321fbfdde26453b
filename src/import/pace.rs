//! The sizes of transactions.

use std::time::{Duration, Instant};

/// The time that a transaction should take. `SQLite` has one writer at a time, so a running server
/// waits for as long.
const TARGET: Duration = Duration::from_millis(800);

/// The least and greatest number of rows of a transaction. Rows come in a random order of their
/// fingerprints, so even a small transaction rewrites most pages of an index: the fewer there are,
/// the less is written. What bounds them from above is memory.
const LEAST: usize = 1_000;
const MOST: usize = 24_000;

/// Adapts the number of rows to the time that the last transaction took, which depends on the disk
/// and on how many others write.
#[derive(Debug)]
pub struct Pace {
    rows: usize,
    begun: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self { rows: LEAST, begun: Instant::now() }
    }
}

impl Pace {
    /// Returns the number of rows for the next transaction.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Begins a transaction.
    pub fn begin(&mut self) {
        self.begun = Instant::now();
    }

    /// Ends the transaction of this many rows.
    pub fn end(&mut self, rows: usize) {
        self.rows = adapted(self.rows, rows, self.begun.elapsed());
    }
}

/// Returns the number of rows after a transaction of `rows` that took `time`. It grows at most
/// twofold at a time.
fn adapted(planned: usize, rows: usize, time: Duration) -> usize {
    let affordable = u128::try_from(rows).unwrap_or_default() * TARGET.as_micros() / time.as_micros().max(1);
    let affordable = usize::try_from(affordable).unwrap_or(MOST);
    // The last rows of a table say little about what a whole transaction takes.
    let least = if rows < planned && time < TARGET { planned } else { LEAST };
    affordable.clamp(least, (planned * 2).max(LEAST)).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_grow_while_they_are_short_and_shrink_once_they_are_long() {
        let after = |planned, rows, millis| adapted(planned, rows, Duration::from_millis(millis));
        assert_eq!(after(1_000, 1_000, 0), 2_000);
        assert_eq!(after(10_000, 10_000, 400), 20_000);
        assert_eq!(after(20_000, 20_000, 100), MOST);
        assert_eq!(after(20_000, 20_000, 800), 20_000);
        assert_eq!(after(20_000, 20_000, 3_200), 5_000);
        assert_eq!(after(20_000, 20_000, 60_000), LEAST);
        assert_eq!(after(20_000, 10, 1), 20_000);
        assert_eq!(after(20_000, 10, 2_000), LEAST);
    }
}
