//! Names that people choose for themselves and for rooms.

use crate::texts::visible;

/// The longest name, in characters.
pub(super) const MAX_NAME: usize = 80;

/// The name of a person or a room: one line of visible characters, cut to 80. Names that contain a
/// link are dropped, so that nobody can make this server send advertisements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Parses a name. Returns `None` if nothing of it is visible or it contains a link.
    pub fn parse(text: &str) -> Option<Self> {
        let name = visible(text, MAX_NAME);
        let lower = name.to_lowercase();
        let has_link = lower.contains("://") || lower.contains("www.");
        Some(Self(name)).filter(|name| !name.0.is_empty() && !has_link)
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
