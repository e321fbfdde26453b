//! `[terms]`, `[brand]` and `[texts]`: what people read.

use std::path::PathBuf;

use unic_langid::LanguageIdentifier;

use super::parse;
use super::reader::Reader;

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

/// `[brand]`: who runs this server, on pages and in mails.
#[derive(Clone, Debug)]
pub struct Brand {
    /// `name`. Default `Vouch`.
    pub name: String,
    /// `contact`: an e-mail address or an URL shown to people. Default none.
    pub contact: Option<String>,
    /// `imprint`: the URL of a legal notice that the law may ask for. Default none.
    pub imprint: Option<String>,
    /// `logo`: a PNG, JPEG or SVG file of at most 256 KiB. Default none.
    pub logo: Option<PathBuf>,
    /// `accent_colour`: `#rrggbb`. Default `#0f6b5c`.
    pub accent_colour: String,
}

impl Brand {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("brand");
        Self {
            name: section.text("name", "Vouch", parse::line),
            contact: section.optional("contact", parse::contact),
            imprint: section.optional("imprint", parse::web_page),
            logo: section.optional("logo", parse::logo),
            accent_colour: section.text("accent_colour", "#0f6b5c", parse::colour),
        }
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
