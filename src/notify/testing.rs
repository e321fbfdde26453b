//! What messages are written with in tests.

use std::sync::LazyLock;

use super::emails::Words;
use crate::brand::Brand;
use crate::config::Config;
use crate::texts::Texts;

static TEXTS: LazyLock<Texts> = LazyLock::new(|| Texts::load(&"en".parse().unwrap(), None).unwrap());

/// The languages that are built in.
pub(super) const TAGS: [&str; 4] = ["en", "fr", "de", "es"];

/// A club that can be written to there.
pub(super) fn brand(contact: Option<&str>) -> Brand {
    Brand {
        name: "Example Club".to_owned(),
        contact: contact.map(|contact| contact.parse().unwrap()),
        ..Config::default().brand
    }
}

/// Its words, in the language of that tag.
pub(super) fn say<'a>(brand: &'a Brand, tag: &str) -> Words<'a> {
    Words { brand, texts: &TEXTS, language: TEXTS.nearest(tag).unwrap(), server: "id.example.org" }
}
