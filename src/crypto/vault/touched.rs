//! Indexes that are sought while rows are renewed one after the other.
//!
//! A row is found by the current form of its index. So a row that was not renewed yet is renewed
//! before it is sought: [`Vault::index`] notes what it has returned, and the store renews the rows
//! of that before it runs the next statement.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;

use super::{Purpose, Vault};

/// How many indexes are remembered whose rows were renewed.
const REMEMBERED: usize = 1_000_000;

/// What has been sought.
#[derive(Default)]
pub(super) struct Touched {
    /// By their current forms.
    pending: HashMap<Vec<u8>, Touch>,
    /// The current forms of those whose rows have been renewed.
    renewed: HashSet<Vec<u8>>,
}

/// An index that was sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Its purpose.
    pub purpose: Purpose,
    /// Its form under the former master key.
    pub former: Vec<u8>,
}

impl Vault {
    pub(super) fn note_touch(&self, purpose: Purpose, former: Vec<u8>, current: &[u8]) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        if !touched.renewed.contains(current) {
            touched.pending.insert(current.to_vec(), Touch { purpose, former });
        }
    }

    /// Returns what was sought and may not be renewed yet.
    #[must_use]
    pub fn touches(&self) -> HashMap<Vec<u8>, Touch> {
        if !self.is_moving() {
            return HashMap::new();
        }
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).pending.clone()
    }

    /// Notes that the rows of these are renewed, and that this is committed. No more such rows
    /// appear, since all nodes know the current master key.
    pub fn note_renewed(&self, touches: HashMap<Vec<u8>, Touch>) {
        let mut noted = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        noted.pending.retain(|current, _| !touches.contains_key(current));
        if noted.renewed.len() >= REMEMBERED {
            noted.renewed.clear();
        }
        noted.renewed.extend(touches.into_keys());
    }

    pub(super) fn forget_touches(&self) {
        *self.touched.lock().unwrap_or_else(PoisonError::into_inner) = Touched::default();
    }
}
