//! What a mail says, as text and as HTML: one file per mail, and here the parts they share. How it is sent is [`mail`](super::mail)'s business.

mod address;
mod invite;
mod notices;
mod validation;

pub use address::{AddressFacts, address_email};
pub use invite::{DisplayName, InviteFacts, invite_email};
pub use notices::{BoundFacts, Remover, UnboundFacts, bound_email, unbound_email};
pub use validation::{ValidationFacts, validation_email};

use askama::Template;

use super::mail::Email;
use crate::brand::{Brand, Colour};
use crate::clock::Millis;
use crate::texts::{Language, Texts, direction, visible};

/// The width of a text part, in characters; links are never broken.
const WIDTH: usize = 72;

/// The longest subject, in characters.
const MAX_SUBJECT: usize = 150;

/// The longest server name, in characters.
const MAX_NAME: usize = 255;

/// The grounds of the HTML part, light and dark; what links must be legible on.
const LIGHT_GROUND: Colour = Colour::WHITE;
const DARK_GROUND: Colour = Colour::rgb(0x1d, 0x23, 0x22);

/// what every mail is written with.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// Who runs this server.
    pub brand: &'a Brand,
    /// The words.
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

    fn span(&self, id: &str, span: Millis) -> String {
        self.with(id, "span", &self.texts.span(self.language, span))
    }

    fn contact(&self) -> Option<String> {
        self.brand.contact.as_ref().map(|contact| self.with("mail-contact", "contact", &contact.text))
    }

    fn server(&self) -> String {
        visible(self.server, MAX_NAME)
    }

    fn tag(&self) -> &str {
        self.texts.tag(self.language)
    }

    fn direction(&self) -> &'static str {
        direction(self.tag())
    }

    fn accent_on_light(&self) -> Colour {
        self.brand.accent.legible_on(LIGHT_GROUND)
    }

    fn accent_on_dark(&self) -> Colour {
        self.brand.accent.legible_on(DARK_GROUND)
    }
}

/// A mail as it is sent.
fn email(subject: &str, text: &impl Template, html: &impl Template) -> Result<Email, askama::Error> {
    Ok(Email { subject: visible(subject, MAX_SUBJECT), text: wrapped(&text.render()?), html: html.render()? })
}

/// The text with lines of at most [`WIDTH`] characters, broken at spaces only: a link stays whole.
fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.trim().lines() {
        let mut column = 0;
        for word in line.split_inclusive(' ') {
            if column > 0 && column + word.trim_end_matches(' ').chars().count() > WIDTH {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                column = 0;
            }
            out.push_str(word);
            column += word.chars().count();
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn wrapping_changes_nothing_but_line_breaks(text in "[a-zé ]{0,300}") {
            let wrapped = wrapped(&text);
            let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&wrapped), words(&text));
            let fits = |line: &str| line.trim_end().chars().count() <= WIDTH || !line.trim().contains(' ');
            prop_assert!(wrapped.lines().all(fits), "{}", wrapped);
        }
    }
}
