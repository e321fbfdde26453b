//! Keys, and how the environment and error messages name them.

/// The prefix of every environment variable that sets a key.
pub(super) const PREFIX: &str = "VOUCH__";

/// A key that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The section without brackets, such as `budgets.user`.
    pub section: &'static str,
    /// The name within the section.
    pub name: String,
    /// The default as TOML, if there is one.
    pub default: Option<String>,
}

impl Key {
    /// Returns `[section] key`, as in error messages.
    pub(super) fn label(&self) -> String {
        label(self.section, &self.name)
    }

    /// Returns the name of the environment variable that sets the key.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(self.section, &self.name)
    }
}

/// Returns `[section] key` on one line, whatever characters the file uses in names.
pub(super) fn label(section: &str, key: &str) -> String {
    if section.is_empty() {
        key.escape_debug().to_string()
    } else {
        format!("[{}] {}", section.escape_debug(), key.escape_debug())
    }
}

pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{}__{}", section.replace('.', "__"), key).to_uppercase()
}
