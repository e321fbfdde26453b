//! Reporting the outcome of a page's form on the page.

/// One of a few outcomes. A redirect to the page names it in the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub name: &'static str,
    /// The id of its message.
    pub text: &'static str,
    /// True if the reader got what they wanted.
    pub is_good: bool,
}

impl Said {
    pub(super) const fn done(name: &'static str, text: &'static str) -> Self {
        Self { name, text, is_good: true }
    }

    pub(super) const fn not_done(name: &'static str, text: &'static str) -> Self {
        Self { name, text, is_good: false }
    }

    /// Returns the outcome with that name.
    pub(super) fn named(name: &str, all: &[Self]) -> Option<Self> {
        all.iter().copied().find(|said| said.name == name)
    }
}
