//! Who runs this server, as pages and mails show it.

use std::fs;
use std::path::Path;
use std::{fmt, io};

use url::Url;

use crate::config;
use crate::texts::visible;

mod colour;

pub use colour::Colour;

/// The longest name of a server, in characters.
const MAX_NAME: usize = 80;

/// The largest logo, in bytes.
const MAX_LOGO: usize = 256 * 1024;

/// Name, contact, logo and colour of the operator.
#[derive(Clone, Debug)]
pub struct Brand {
    /// One visible line.
    pub name: String,
    /// Whom people can write to.
    pub contact: Option<Contact>,
    /// The page of the legal notice: `http:` or `https:`.
    pub imprint: Option<String>,
    /// The picture at the top.
    pub logo: Option<Logo>,
    /// The colour of links and buttons.
    pub accent: Colour,
}

/// Whom people can write to.
#[derive(Clone, Debug)]
pub struct Contact {
    /// As it is shown.
    pub text: String,
    /// Where it leads: `mailto:`, `http:` or `https:`.
    pub href: String,
}

/// A picture.
#[derive(Clone, Debug)]
pub struct Logo {
    /// `image/png`, `image/jpeg` or `image/svg+xml`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Which setting of `[brand]` cannot be used, and why.
#[derive(Debug)]
pub enum BrandError {
    /// `logo` cannot be read.
    Unreadable(io::Error),
    /// `logo` is neither a PNG, nor a JPEG, nor an SVG, or too large.
    NotALogo,
    /// `accent_colour` is not `#rrggbb`.
    NotAColour,
    /// `contact` is neither an e-mail address nor an `http` or `https` URL.
    NotAContact,
}

impl Brand {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// [`BrandError`] names the setting that cannot be used.
    pub fn load(settings: &config::Brand) -> Result<Self, BrandError> {
        Ok(Self {
            name: visible(&settings.name, MAX_NAME),
            contact: settings.contact.as_deref().map(Contact::parse).transpose()?,
            imprint: settings.imprint.clone(),
            logo: settings.logo.as_deref().map(Logo::read).transpose()?,
            accent: Colour::parse(&settings.accent_colour).ok_or(BrandError::NotAColour)?,
        })
    }

    /// The logo, if mail programs can show it: SVG is shown by hardly any.
    #[must_use]
    pub fn mail_logo(&self) -> Option<&Logo> {
        self.logo.as_ref().filter(|logo| logo.media_type != SVG)
    }
}

impl Contact {
    fn parse(contact: &str) -> Result<Self, BrandError> {
        let href = match Url::parse(contact) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url.into(),
            _ if contact.parse::<lettre::Address>().is_ok() => format!("mailto:{contact}"),
            _ => return Err(BrandError::NotAContact),
        };
        Ok(Self { text: contact.to_owned(), href })
    }
}

const SVG: &str = "image/svg+xml";

impl Logo {
    fn read(path: &Path) -> Result<Self, BrandError> {
        let bytes = fs::read(path).map_err(BrandError::Unreadable)?;
        let media_type = media_type(&bytes).filter(|_| bytes.len() <= MAX_LOGO).ok_or(BrandError::NotALogo)?;
        Ok(Self { media_type, bytes })
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

impl fmt::Display for BrandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "brand.logo cannot be read: {error}"),
            Self::NotALogo => {
                write!(f, "brand.logo must be a PNG, JPEG or SVG file of at most {} KiB", MAX_LOGO / 1024)
            }
            Self::NotAColour => f.write_str("brand.accent_colour must look like #0f6b5c"),
            Self::NotAContact => f.write_str("brand.contact must be an e-mail address or an http(s) URL"),
        }
    }
}

impl std::error::Error for BrandError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> config::Brand {
        config::Brand {
            name: "Beispiel\r\n e. V.".to_owned(),
            contact: Some("help@example.org".to_owned()),
            imprint: None,
            logo: None,
            accent_colour: "#0f6b5c".to_owned(),
        }
    }

    #[test]
    fn a_contact_is_an_address_or_a_web_page() {
        let brand = Brand::load(&settings()).unwrap();
        assert_eq!(brand.name, "Beispiel e. V.");
        assert_eq!(brand.contact.unwrap().href, "mailto:help@example.org");
        for (contact, good) in [("https://example.org/help", true), ("javascript:alert(1)", false), ("call me", false)]
        {
            let settings = config::Brand { contact: Some(contact.to_owned()), ..settings() };
            assert_eq!(Brand::load(&settings).is_ok(), good, "{contact}");
        }
    }

    #[test]
    fn a_logo_is_known_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let load = |bytes: &[u8]| {
            let path = folder.path().join("logo");
            fs::write(&path, bytes).unwrap();
            Brand::load(&config::Brand { logo: Some(path), ..settings() })
        };
        assert_eq!(load(b"\x89PNG\r\n\x1a\n...").unwrap().mail_logo().unwrap().media_type, "image/png");
        let svg = load(b"<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
        assert!(svg.mail_logo().is_none() && svg.logo.is_some());
        assert!(matches!(load(b"<html>"), Err(BrandError::NotALogo)));
        assert!(matches!(load(&[&b"\xff\xd8\xff"[..], &vec![0; MAX_LOGO]].concat()), Err(BrandError::NotALogo)));
    }
}
