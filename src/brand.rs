//! The operator's name and look on pages and in emails.

use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use url::Url;

mod colour;

pub use colour::Colour;

/// The maximum size of a logo, in bytes.
const MAX_LOGO: usize = 256 * 1024;

/// The operator's name, contact, logo and colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// The name: one line of visible characters.
    pub name: String,
    /// A place where people can ask for help.
    pub contact: Option<Contact>,
    /// The URL of the legal notice: `http:` or `https:`.
    pub imprint: Option<String>,
    /// The logo at the top of pages and emails.
    pub logo: Option<Logo>,
    /// The colour of links and buttons.
    pub accent: Colour,
}

/// An email address or a web page where people can ask for help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The text of the link.
    pub text: String,
    /// The target of the link: `mailto:`, `http:` or `https:`.
    pub href: String,
}

/// A logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// `image/png`, `image/jpeg` or `image/svg+xml`.
    pub media_type: &'static str,
    /// The content of the file.
    pub bytes: Arc<[u8]>,
}

impl Brand {
    /// Returns the logo, unless it is an SVG, which hardly any mail program displays.
    pub fn mail_logo(&self) -> Option<&Logo> {
        self.logo.as_ref().filter(|logo| logo.media_type != SVG)
    }

    /// Describes the differences from an earlier brand.
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let settings = [
            ("name", self.name != before.name),
            ("contact", self.contact != before.contact),
            ("imprint", self.imprint != before.imprint),
            ("logo", self.logo != before.logo),
            ("accent_colour", self.accent != before.accent),
        ];
        let changed = settings.into_iter().filter(|(_, is_changed)| *is_changed);
        changed.map(|(name, _)| format!("[brand] {name} has changed")).collect()
    }
}

impl FromStr for Contact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let href = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url.into(),
            _ if text.parse::<lettre::Address>().is_ok() => format!("mailto:{text}"),
            _ => return Err("expected an e-mail address or an http or https URL".to_owned()),
        };
        Ok(Self { text: text.to_owned(), href })
    }
}

const SVG: &str = "image/svg+xml";

impl Logo {
    /// Reads a picture, whose type is recognized by its content.
    ///
    /// # Errors
    /// If the file cannot be read, is too large or is not a PNG, JPEG or SVG picture.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| format!("expected a file: {error}"))?;
        let media_type = media_type(&bytes).filter(|_| bytes.len() <= MAX_LOGO);
        let media_type =
            media_type.ok_or_else(|| format!("expected a PNG, JPEG or SVG file of at most {} KiB", MAX_LOGO / 1024))?;
        Ok(Self { media_type, bytes: bytes.into() })
    }
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let is_svg = || std::str::from_utf8(bytes).is_ok_and(|text| text.contains("<svg"));
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        _ if is_svg() => Some(SVG),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_an_address_or_a_web_page() {
        assert_eq!("help@example.org".parse::<Contact>().unwrap().href, "mailto:help@example.org");
        assert_eq!("https://example.org/help".parse::<Contact>().unwrap().href, "https://example.org/help");
        for text in ["", "help", "call me", "ftp://example.org", "javascript:alert(1)"] {
            assert!(text.parse::<Contact>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_logo_is_recognized_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            let path = folder.path().join("logo");
            fs::write(&path, bytes).unwrap();
            Logo::read(&path).map(|logo| logo.media_type)
        };
        assert_eq!(read(b"\x89PNG\r\n\x1a\n..."), Ok("image/png"));
        assert_eq!(read(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), Ok(SVG));
        assert!(read(b"<html>").is_err());
        assert!(read(&[&b"\xff\xd8\xff"[..], &vec![0; MAX_LOGO]].concat()).is_err());
        assert!(Logo::read(&folder.path().join("none")).unwrap_err().starts_with("expected a file: "));
    }
}
