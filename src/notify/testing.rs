//! The context in which messages are written in tests.

use std::sync::LazyLock;

use super::Words;
use crate::brand::Brand;
use crate::config::Config;
use crate::texts::Texts;

static TEXTS: LazyLock<Texts> = LazyLock::new(|| Texts::load(&"en".parse().unwrap(), None).unwrap());

/// The built-in languages.
pub(super) const TAGS: [&str; 4] = ["en", "fr", "de", "es"];

/// Returns a brand with this contact.
pub(super) fn brand(contact: Option<&str>) -> Brand {
    Brand {
        name: "Example Club".to_owned(),
        contact: contact.map(|contact| contact.parse().unwrap()),
        ..Config::default().brand
    }
}

/// Returns the brand's words in a language.
pub(super) fn say<'a>(brand: &'a Brand, tag: &str) -> Words<'a> {
    Words { brand, texts: &TEXTS, language: TEXTS.nearest(tag).unwrap(), server: "id.example.org" }
}
