//! The time that gateways take.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt as _;

/// The number of texts that are remembered.
const REMEMBERED: usize = 32;
/// The time that a gateway is assumed to take, in milliseconds, while nothing is known about it.
const USUAL: std::ops::Range<u64> = 150..600;

/// The times that the last texts took.
#[derive(Default)]
pub(super) struct Pace(Mutex<VecDeque<Duration>>);

impl Pace {
    /// Remembers how long a text took.
    pub(super) fn note(&self, took: Duration) {
        let mut last = self.last();
        if last.len() == REMEMBERED {
            last.pop_front();
        }
        last.push_back(took);
    }

    /// Returns how long one of the last texts took.
    pub(super) fn any(&self) -> Duration {
        let last = self.last();
        if last.is_empty() {
            return Duration::from_millis(rand::rng().random_range(USUAL));
        }
        last[rand::rng().random_range(0..last.len())]
    }

    fn last(&self) -> MutexGuard<'_, VecDeque<Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_last_texts() {
        let pace = Pace::default();
        assert!(USUAL.contains(&u64::try_from(pace.any().as_millis()).unwrap()));
        for millis in 0..1_000 {
            pace.note(Duration::from_millis(millis));
        }
        let any: std::collections::BTreeSet<_> = (0..2_000).map(|_| pace.any().as_millis()).collect();
        assert!(
            any.iter().all(|millis| (1_000 - REMEMBERED as u128..1_000).contains(millis)) && any.len() > 8,
            "{any:?}"
        );
    }
}
