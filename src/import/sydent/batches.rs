//! Reading a table in batches of one transaction each.

use super::rows::Numbered;
use super::source::Source;
use crate::import::opening::SourceError;
use crate::import::pace::Pace;

/// Reads the first rows after a row, in order.
type Read<T> = fn(&mut Source, i64) -> Result<Vec<T>, SourceError>;

/// The rows of a table, in order.
pub struct Batches<T> {
    read: Read<T>,
    after: i64,
    /// Rows that were read and not returned yet.
    waiting: Vec<T>,
    /// The number of rows that were returned last.
    returned: usize,
    pace: Pace,
}

impl<T: Numbered> Batches<T> {
    /// Creates them.
    #[must_use]
    pub fn new(read: Read<T>) -> Self {
        Self { read, after: 0, waiting: Vec::new(), returned: 0, pace: Pace::default() }
    }

    /// Returns the next rows, or `None` at the end. The time since the last call determines how
    /// many they are.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn next(&mut self, source: &mut Source) -> Result<Option<Vec<T>>, SourceError> {
        if self.returned > 0 {
            self.pace.end(self.returned);
        }
        while self.waiting.len() < self.pace.rows() {
            let page = (self.read)(source, self.after)?;
            let Some(last) = page.last() else { break };
            self.after = last.id();
            self.waiting.extend(page);
        }
        let rest = self.waiting.split_off(self.waiting.len().min(self.pace.rows()));
        let rows = std::mem::replace(&mut self.waiting, rest);
        self.returned = rows.len();
        self.pace.begin();
        Ok((!rows.is_empty()).then_some(rows))
    }
}
