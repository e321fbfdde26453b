//! `[brand]`: how pages and mails present the operator of the server.

use super::parse;
use super::reader::Reader;
use crate::brand::{Brand, Colour, Logo};
use crate::texts::visible;

/// The maximum length of the name, in characters.
const MAX_NAME: usize = 80;

/// Reads `name` (default `Vouch`), `contact`, `imprint`, `logo` and `accent_colour` (default
/// `#0f6b5c`).
pub(super) fn read(reader: &mut Reader) -> Brand {
    let mut section = reader.section("brand");
    let colour = |text: &str| {
        Colour::parse(text).ok_or_else(|| "expected six hexadecimal digits, such as \"#0f6b5c\"".to_owned())
    };
    Brand {
        name: section.text("name", "Vouch", |text| parse::line(text).map(|name| visible(&name, MAX_NAME))),
        contact: section.optional("contact", str::parse),
        imprint: section.optional("imprint", parse::web_page),
        logo: section.optional("logo", |text| Logo::read(&parse::path(text)?)),
        accent: section.text("accent_colour", "#0f6b5c", colour),
    }
}
