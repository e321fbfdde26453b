//! The mail that carries the link to what is held about an address.

use askama::Template;
use url::Url;

use super::{DARK_GROUND, LIGHT_GROUND, Words, email};
use crate::clock::Millis;
use crate::notify::mail::Email;

/// What such a mail tells. Nothing of what is held: it is sent before anybody has looked.
#[derive(Clone, Copy, Debug)]
pub struct AddressFacts<'a> {
    /// What to open.
    pub link: &'a Url,
    /// How long the link works.
    pub lifetime: Millis,
}

#[derive(Template)]
#[template(path = "mail/address.txt")]
struct AddressText<'a> {
    say: Words<'a>,
    facts: AddressFacts<'a>,
}

#[derive(Template)]
#[template(path = "mail/address.html")]
struct AddressHtml<'a> {
    say: Words<'a>,
    facts: AddressFacts<'a>,
}

/// The mail that carries the link to what is held about an address.
///
/// # Errors
/// Only if a template cannot be rendered.
pub fn address_email(say: Words<'_>, facts: AddressFacts<'_>) -> Result<Email, askama::Error> {
    let subject = say.with_server("mail-address-subject");
    email(&subject, &AddressText { say, facts }, &AddressHtml { say, facts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::HOUR;
    use crate::notify::testing;

    #[test]
    fn the_mail_says_what_it_is_why_it_came_and_how_long_its_link_works() {
        let brand = testing::brand(Some("help@example.org"));
        let link = Url::parse("https://id.example.org/address/open?token=t&lang=en").unwrap();
        for tag in testing::TAGS {
            let facts = AddressFacts { link: &link, lifetime: HOUR };
            let Email { subject, text, html } = address_email(testing::say(&brand, tag), facts).unwrap();
            assert!(text.lines().any(|line| line == link.as_str()), "{text}");
            insta::assert_snapshot!(format!("address_{tag}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("address_{tag}_html"), html);
        }
    }
}
