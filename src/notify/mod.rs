//! Messages to people: their content, and how they are sent.

mod directory;
pub mod emails;
mod gsm;
pub mod mail;
mod outcome;
pub mod sms;
pub mod sms_texts;
#[cfg(test)]
mod testing;
mod unlinked;

use std::fmt::Display;
use std::path::Path;

use crate::brand::Brand;
use crate::clock::Millis;
use crate::texts::{Language, Texts};

/// The context in which every message is written.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The operator of this server.
    pub brand: &'a Brand,
    /// The texts of all languages.
    pub texts: &'a Texts,
    /// The reader's language.
    pub language: Language,
    /// The name of this identity server.
    pub server: &'a str,
}

impl Words<'_> {
    fn text(&self, id: &str) -> String {
        self.texts.get(self.language, id, &[])
    }

    fn with(&self, id: &str, name: &str, value: &str) -> String {
        self.texts.get(self.language, id, &[(name, value.into())])
    }

    fn with_server(&self, id: &str) -> String {
        self.with(id, "server", self.server)
    }

    fn with_span(&self, id: &str, span: Millis) -> String {
        self.with(id, "span", &self.texts.span(self.language, span))
    }
}

/// Returns the text that tells the operator which setting names an unusable path, and why it is
/// unusable.
fn unusable(setting: &str, path: &Path, reason: impl Display) -> String {
    format!("{setting}: {}: {reason}", path.display())
}
