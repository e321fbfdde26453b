//! `[terms]`, `[brand]` and `[texts]`: what people read.

use std::path::PathBuf;

use unic_langid::LanguageIdentifier;

use super::parse;
use super::reader::Reader;
use crate::brand::{Brand, Colour, Logo};
use crate::texts::visible;

/// `[terms]`
#[derive(Clone, Debug)]
pub struct Terms {
    /// `directory`: `<id>/<version>/<lang>.md`. Default `policies`, or no policy where that is absent; a directory
    /// that was set and is absent is an error; empty is no policy.
    pub directory: Option<PathBuf>,
}

impl Terms {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("terms");
        let directory = match section.text("directory", "policies", |text| Ok(text.to_owned())).as_str() {
            "" => None,
            // No mistake if it is only the default that is absent.
            path => parse::directory(path).map_err(|problem| section.wrong("directory", &problem)).ok(),
        };
        Self { directory }
    }
}

/// The longest name of a server, in characters.
const MAX_NAME: usize = 80;

/// Reads `[brand]`: `name` (default `Vouch`), `contact`, `imprint`, `logo` and `accent_colour` (default `#0f6b5c`).
pub(super) fn brand(reader: &mut Reader) -> Brand {
    let mut section = reader.section("brand");
    Brand {
        name: section.text("name", "Vouch", |text| parse::line(text).map(|name| visible(&name, MAX_NAME))),
        contact: section.optional("contact", str::parse),
        imprint: section.optional("imprint", parse::web_page),
        logo: section.optional("logo", |text| Logo::read(&parse::path(text)?)),
        accent: section.text("accent_colour", "#0f6b5c", |text| {
            Colour::parse(text)
                .ok_or_else(|| "expected a colour of six hexadecimal digits, such as \"#0f6b5c\"".to_owned())
        }),
    }
}

/// `[texts]`
#[derive(Clone, Debug)]
pub struct Texts {
    /// `default_language`: for whom no better is known. Default `en`.
    pub default_language: LanguageIdentifier,
    /// `directory`: `<lang>.ftl` files whose messages replace ours. Default none.
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
