//! What a mail says, as text and as HTML; how it is sent is [`mail`](super::mail)'s business.

use askama::Template;
use url::Url;

use super::mail::Letter;
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

/// What a validation mail tells.
#[derive(Clone, Copy, Debug)]
pub struct ValidationFacts<'a> {
    /// The Matrix ID that asks.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// The name of this identity server.
    pub server: &'a str,
    /// What to open.
    pub link: &'a Url,
    /// How long the link works.
    pub lifetime: Millis,
}

#[derive(Template)]
#[template(path = "mail/validation.txt")]
struct ValidationText<'a> {
    say: Say<'a>,
}

#[derive(Template)]
#[template(path = "mail/validation.html")]
struct ValidationHtml<'a> {
    say: Say<'a>,
}

/// The words and facts of a letter, for its templates.
#[derive(Clone, Copy)]
struct Say<'a> {
    brand: &'a Brand,
    texts: &'a Texts,
    language: Language,
    facts: ValidationFacts<'a>,
}

/// The mail that asks whether an address is the reader's.
///
/// # Errors
/// Only if a template cannot be rendered.
pub fn validation_letter(
    brand: &Brand,
    texts: &Texts,
    language: Language,
    facts: ValidationFacts<'_>,
) -> Result<Letter, askama::Error> {
    let say = Say { brand, texts, language, facts };
    Ok(Letter {
        subject: visible(&say.with_server("mail-validation-subject"), MAX_SUBJECT),
        text: wrapped(&ValidationText { say }.render()?),
        html: ValidationHtml { say }.render()?,
    })
}

impl Say<'_> {
    fn text(&self, id: &str) -> String {
        self.texts.get(self.language, id, &[])
    }

    fn with(&self, id: &str, name: &str, value: &str) -> String {
        self.texts.get(self.language, id, &[(name, value.into())])
    }

    fn with_server(&self, id: &str) -> String {
        self.with(id, "server", self.facts.server)
    }

    fn lifetime(&self) -> String {
        self.with("mail-validation-lifetime", "span", &self.texts.span(self.language, self.facts.lifetime))
    }

    fn contact(&self) -> Option<String> {
        self.brand.contact.as_ref().map(|contact| self.with("mail-contact", "contact", &contact.text))
    }

    fn mxid(&self) -> String {
        self.with("mail-matrix-id", "mxid", self.facts.mxid)
    }

    fn homeserver(&self) -> String {
        self.with("mail-homeserver", "homeserver", self.facts.homeserver)
    }

    fn server(&self) -> String {
        visible(self.facts.server, MAX_NAME)
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
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::clock::HOUR;
    use crate::config;

    static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
        Texts::load(&config::Texts { default_language: "en".parse().unwrap(), directory: None }).unwrap()
    });

    fn brand() -> Brand {
        let settings = config::Brand {
            name: "Example Club".to_owned(),
            contact: Some("help@example.org".to_owned()),
            logo: None,
            accent_colour: "#0f6b5c".to_owned(),
        };
        Brand::load(&settings).unwrap()
    }

    fn link() -> Url {
        let path = "_matrix/identity/v2/validate/email/submitToken?sid=s&client_secret=c&token=t";
        Url::parse(&format!("https://id.example.org/{path}")).unwrap()
    }

    fn letter(tag: &str, brand: &Brand, mxid: &str) -> Letter {
        let link = link();
        let facts = ValidationFacts {
            mxid,
            homeserver: "matrix.example.com",
            server: "id.example.org",
            link: &link,
            lifetime: 24 * HOUR,
        };
        validation_letter(brand, &TEXTS, TEXTS.nearest(tag).unwrap(), facts).unwrap()
    }

    #[test]
    fn a_validation_letter_says_who_asks_how_long_and_what_to_do() {
        for tag in ["en", "fr", "de"] {
            let Letter { subject, text, html } = letter(tag, &brand(), "@alice:matrix.example.com");
            insta::assert_snapshot!(format!("validation_{tag}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("validation_{tag}_html"), html);
        }
    }

    #[test]
    fn the_link_stands_on_a_line_of_its_own_and_in_clear_in_the_html() {
        let letter = letter("en", &brand(), "@alice:matrix.example.com");
        assert!(letter.text.lines().any(|line| line == link().as_str()));
        let escaped = link().as_str().replace('&', "&#38;");
        assert_eq!(letter.html.matches(&escaped).count(), 3, "button, link, and the link's own text");
    }

    #[test]
    fn a_matrix_id_brings_no_markup_no_line_and_no_direction() {
        let mxid = "@<img src=x onerror=a>\"'\r\nBcc: x@y\u{202e}:evil.example\u{0}";
        let letter = letter("en", &brand(), mxid);
        assert!(letter.html.contains("@&#60;img src=x onerror=a&#62;&#34;&#39; Bcc: x@y:evil.example"));
        assert!(!letter.text.contains("\nBcc:") && !letter.text.contains('\u{202e}'));
        let long = "a".repeat(10_000);
        assert!(self::letter("en", &brand(), &long).text.len() < 2_000);
    }

    #[test]
    fn the_logo_is_shown_only_if_it_is_attached() {
        let mut brand = brand();
        let show = |brand: &Brand| letter("en", brand, "@a:b").html.contains("cid:logo");
        assert!(!show(&brand));
        let logo = |media_type| crate::brand::Logo { media_type, bytes: Vec::new() };
        brand.logo = Some(logo("image/svg+xml"));
        assert!(!show(&brand));
        brand.logo = Some(logo("image/png"));
        assert!(show(&brand));
    }

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
