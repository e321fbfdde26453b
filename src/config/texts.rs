//! `[texts]`: the texts of pages and messages.

use std::path::PathBuf;

use unic_langid::LanguageIdentifier;

use super::parse;
use super::reader::Reader;

/// `[texts]`
#[derive(Clone, Debug)]
pub struct Texts {
    /// `default_language`: used if a better one is not known. Default `en`.
    pub default_language: LanguageIdentifier,
    /// `directory`: `<lang>.ftl` files whose messages replace the built-in ones. Default none.
    pub directory: Option<PathBuf>,
}

impl Texts {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("texts");
        Self {
            default_language: section.text("default_language", "en", parse::language),
            directory: section.optional("directory", parse::directory),
        }
    }
}
