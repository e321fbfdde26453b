//! The emails this server sends. Each is a list of [parts](Part), rendered once as text and once as
//! HTML. [`mail`](super::mail) sends them.

mod display_name;
mod messages;
mod own_data;
#[cfg(test)]
mod tests;

pub use display_name::DisplayName;
pub use messages::{
    BoundFacts, InviteFacts, Remover, UnboundFacts, ValidationFacts, address_email, bound_email, invite_email,
    unbound_email, validation_email,
};
pub use own_data::{Alert, AlertFacts, ConfirmationFacts, alert_email, confirmation_email};

use askama::Template;
use url::Url;

use super::Words;
use super::mail::Email;
use crate::brand::Colour;
use crate::texts::visible;

/// The width of the text part, in characters. Links are never broken.
const WIDTH: usize = 72;

/// The longest subject, in characters.
const MAX_SUBJECT: usize = 150;

/// A placeholder for the contact in the sentence that names it.
const CONTACT: char = '\u{fffc}';

/// Backgrounds of the HTML part in light and dark mode, on which links must be legible.
const LIGHT_BACKGROUND: Colour = Colour::WHITE;
const DARK_BACKGROUND: Colour = Colour::rgb(0x1d, 0x23, 0x22);

/// A part of an email.
enum Part<'a> {
    Heading(String),
    Paragraph(String),
    /// Lines set off from the rest, the most important one first.
    Facts(Vec<String>),
    /// An introduction and the link it introduces.
    Link(String, &'a Url),
    /// An introduction, the label of a button, and the link that the button opens.
    Button(String, String, &'a Url),
}

/// The content of an email.
struct Content<'a> {
    subject: String,
    title: String,
    parts: Vec<Part<'a>>,
    /// The reason why the reader receives it.
    why: String,
}

#[derive(Template)]
#[template(path = "mail/email.txt")]
struct Text<'a> {
    say: Words<'a>,
    content: &'a Content<'a>,
}

#[derive(Template)]
#[template(path = "mail/email.html")]
struct Html<'a> {
    say: Words<'a>,
    content: &'a Content<'a>,
}

impl Html<'_> {
    /// Returns the sentence that names the contact, split where the contact belongs.
    fn around_contact(&self) -> Vec<String> {
        let sentence = self.say.with("mail-contact", "contact", &CONTACT.to_string());
        sentence.split(CONTACT).map(ToOwned::to_owned).collect()
    }
}

fn render(say: Words<'_>, content: &Content<'_>) -> Result<Email, askama::Error> {
    let text = wrapped(&Text { say, content }.render()?);
    Ok(Email {
        subject: visible(&content.subject, MAX_SUBJECT),
        text,
        html: Html { say, content }.render()?,
        brand: say.brand.clone(),
        headers: None,
    })
}

/// Wraps lines at [`WIDTH`] characters, at spaces only, so that links stay whole.
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
