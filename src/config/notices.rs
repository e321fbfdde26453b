//! `[notices]`: what addresses are told.

use super::reader::Reader;

/// `[notices]`
#[derive(Clone, Debug)]
pub struct Notices {
    /// `enabled`: whether an address is told that it was bound or unbound. Default true.
    pub enabled: bool,
}

impl Notices {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { enabled: reader.section("notices").flag("enabled", true) }
    }
}
