//! `[notices]`: messages to addresses whose bindings change.

use super::reader::Reader;

/// `[notices]`
#[derive(Clone, Debug)]
pub struct Notices {
    /// `enabled`: whether an address is notified when it is bound or unbound. Default true.
    pub enabled: bool,
}

impl Notices {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { enabled: reader.section("notices").flag("enabled", true) }
    }
}
