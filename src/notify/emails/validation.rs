//! The mail that asks whether an address is the reader's.

use askama::Template;
use url::Url;

use super::{DARK_GROUND, LIGHT_GROUND, Words, email};
use crate::clock::Millis;
use crate::notify::mail::Email;

/// What a validation mail tells.
#[derive(Clone, Copy, Debug)]
pub struct ValidationFacts<'a> {
    /// The Matrix ID that asks.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// What to open.
    pub link: &'a Url,
    /// How long the link works.
    pub lifetime: Millis,
    /// What cancels the request, for a reader who has not asked.
    pub cancel: &'a Url,
    /// Where the reader objects to all such mails.
    pub objecting: &'a Url,
}

#[derive(Template)]
#[template(path = "mail/validation.txt")]
struct ValidationText<'a> {
    say: Words<'a>,
    facts: ValidationFacts<'a>,
}

#[derive(Template)]
#[template(path = "mail/validation.html")]
struct ValidationHtml<'a> {
    say: Words<'a>,
    facts: ValidationFacts<'a>,
}

/// The mail that asks whether an address is the reader's.
///
/// # Errors
/// Only if a template cannot be rendered.
pub fn validation_email(say: Words<'_>, facts: ValidationFacts<'_>) -> Result<Email, askama::Error> {
    let subject = say.with_server("mail-validation-subject");
    email(&subject, &ValidationText { say, facts }, &ValidationHtml { say, facts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brand::Brand;
    use crate::clock::HOUR;
    use crate::notify::testing;

    fn brand() -> Brand {
        testing::brand(Some("help@example.org"))
    }

    fn link() -> Url {
        let path = "_matrix/identity/v2/validate/email/submitToken?sid=s&client_secret=c&token=t";
        Url::parse(&format!("https://id.example.org/{path}")).unwrap()
    }

    fn email(tag: &str, brand: &Brand, mxid: &str) -> Email {
        let (link, cancel) = (link(), Url::parse("https://id.example.org/not-me?token=n&lang=en").unwrap());
        let objecting = &Url::parse("https://id.example.org/address?lang=en").unwrap();
        let homeserver = "matrix.example.com";
        let facts = ValidationFacts { mxid, homeserver, link: &link, lifetime: 24 * HOUR, cancel: &cancel, objecting };
        validation_email(testing::say(brand, tag), facts).unwrap()
    }

    #[test]
    fn a_validation_mail_says_who_asks_how_long_and_what_to_do() {
        for tag in ["en", "fr", "de", "es"] {
            let Email { subject, text, html } = email(tag, &brand(), "@alice:matrix.example.com");
            insta::assert_snapshot!(format!("validation_{tag}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("validation_{tag}_html"), html);
        }
    }

    #[test]
    fn the_link_stands_on_a_line_of_its_own_and_in_clear_in_the_html() {
        let email = email("en", &brand(), "@alice:matrix.example.com");
        assert!(email.text.lines().any(|line| line == link().as_str()));
        let escaped = link().as_str().replace('&', "&#38;");
        assert_eq!(email.html.matches(&escaped).count(), 3, "button, link, and the link's own text");
    }

    #[test]
    fn a_matrix_id_brings_no_markup_no_line_and_no_direction() {
        let mxid = "@<img src=x onerror=a>\"'\r\nBcc: x@y\u{202e}:evil.example\u{0}";
        let email = email("en", &brand(), mxid);
        assert!(email.html.contains("@&#60;img src=x onerror=a&#62;&#34;&#39; Bcc: x@y:evil.example"));
        assert!(!email.text.contains("\nBcc:") && !email.text.contains('\u{202e}'));
        let long = "a".repeat(10_000);
        assert!(self::email("en", &brand(), &long).text.len() < 2_000);
    }

    #[test]
    fn the_logo_is_shown_only_if_it_is_attached() {
        let mut brand = brand();
        let show = |brand: &Brand| email("en", brand, "@a:b").html.contains("cid:logo");
        assert!(!show(&brand));
        let logo = |media_type| crate::brand::Logo { media_type, bytes: Vec::new() };
        brand.logo = Some(logo("image/svg+xml"));
        assert!(!show(&brand));
        brand.logo = Some(logo("image/png"));
        assert!(show(&brand));
    }
}
