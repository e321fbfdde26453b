//! What messages are written with in tests.

use std::sync::LazyLock;

use super::emails::Words;
use crate::brand::Brand;
use crate::config;
use crate::texts::Texts;

static TEXTS: LazyLock<Texts> =
    LazyLock::new(|| Texts::load(&config::Texts { default_language: "en".parse().unwrap(), directory: None }).unwrap());

/// The languages that are built in.
pub(super) const TAGS: [&str; 4] = ["en", "fr", "de", "es"];

/// A club that can be written to there.
pub(super) fn brand(contact: Option<&str>) -> Brand {
    let settings = config::Brand {
        name: "Example Club".to_owned(),
        contact: contact.map(str::to_owned),
        imprint: None,
        logo: None,
        accent_colour: "#0f6b5c".to_owned(),
    };
    Brand::load(&settings).unwrap()
}

/// Its words, in the language of that tag.
pub(super) fn say<'a>(brand: &'a Brand, tag: &str) -> Words<'a> {
    Words { brand, texts: &TEXTS, language: TEXTS.nearest(tag).unwrap(), server: "id.example.org" }
}
