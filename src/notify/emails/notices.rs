//! What an address is told when it begins to lead to somebody, or no longer does.

use askama::Template;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{DARK_GROUND, LIGHT_GROUND, Words, email};
use crate::clock::Millis;
use crate::notify::mail::Email;

/// Who has unbound an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remover {
    /// Somebody who has proved that the address is his.
    Owner,
    /// The user it was bound to, who has proved the account and not the address.
    User,
    /// The homeserver of the user it was bound to.
    Homeserver,
    /// Those who run this server.
    Operator,
}

impl Remover {
    const fn text(self) -> &'static str {
        match self {
            Self::Owner => "mail-unbound-by-owner",
            Self::User => "mail-unbound-by-user",
            Self::Homeserver => "mail-unbound-by-homeserver",
            Self::Operator => "mail-unbound-by-operator",
        }
    }
}

/// What is told of an address that was bound.
#[derive(Clone, Copy, Debug)]
pub struct BoundFacts<'a> {
    /// The Matrix ID it leads to.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// Since when.
    pub since: Millis,
    /// What undoes it.
    pub undo: &'a Url,
    /// Where the reader objects to being listed at all.
    pub objecting: &'a Url,
}

/// What is told of an address that was unbound.
#[derive(Clone, Copy, Debug)]
pub struct UnboundFacts<'a> {
    /// The Matrix ID it led to.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// Since when it does no longer.
    pub since: Millis,
    /// Who did it.
    pub by: Remover,
}

#[derive(Template)]
#[template(path = "mail/bound.txt")]
struct BoundText<'a> {
    say: Words<'a>,
    facts: BoundFacts<'a>,
    since: String,
}

#[derive(Template)]
#[template(path = "mail/bound.html")]
struct BoundHtml<'a> {
    say: Words<'a>,
    facts: BoundFacts<'a>,
    since: String,
}

#[derive(Template)]
#[template(path = "mail/unbound.txt")]
struct UnboundText<'a> {
    say: Words<'a>,
    facts: UnboundFacts<'a>,
    since: String,
}

#[derive(Template)]
#[template(path = "mail/unbound.html")]
struct UnboundHtml<'a> {
    say: Words<'a>,
    facts: UnboundFacts<'a>,
    since: String,
}

/// The mail to an address that was bound. Its subject is ours alone: a Matrix ID is somebody else's words.
///
/// # Errors
/// Only if a template cannot be rendered.
pub fn bound_email(say: Words<'_>, facts: BoundFacts<'_>) -> Result<Email, askama::Error> {
    let since = since("mail-bound-since", say, facts.since);
    let subject = say.text("mail-bound-title");
    email(&subject, &BoundText { say, facts, since: since.clone() }, &BoundHtml { say, facts, since })
}

/// The mail to an address that was unbound. There is nothing in it to undo that: only who proves the address anew may bind it.
///
/// # Errors
/// Only if a template cannot be rendered.
pub fn unbound_email(say: Words<'_>, facts: UnboundFacts<'_>) -> Result<Email, askama::Error> {
    let since = since("mail-unbound-since", say, facts.since);
    let subject = say.text("mail-unbound-title");
    email(&subject, &UnboundText { say, facts, since: since.clone() }, &UnboundHtml { say, facts, since })
}

/// Says what happened to the address, when, and on which server.
fn since(id: &str, say: Words<'_>, at: Millis) -> String {
    let at = say.texts.timestamp(say.language, at);
    say.texts.get(say.language, id, &[("time", at.into()), ("server", say.server.into())])
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::brand::Brand;
    use crate::notify::testing;

    const MXID: &str = "@alice:matrix.example.com";
    const HOMESERVER: &str = "matrix.example.com";
    /// Monday, 2026-11-23, 12:00 UTC.
    const NOON: Millis = 1_795_435_200_000;

    static BRAND: LazyLock<Brand> = LazyLock::new(|| testing::brand(Some("help@example.org")));

    fn say(tag: &str) -> Words<'static> {
        testing::say(&BRAND, tag)
    }

    fn bound(tag: &str, mxid: &str) -> Email {
        let undo = Url::parse("https://id.example.org/not-me?token=n&lang=en").unwrap();
        let objecting = &Url::parse("https://id.example.org/address?lang=en").unwrap();
        let facts = BoundFacts { mxid, homeserver: HOMESERVER, since: NOON, undo: &undo, objecting };
        bound_email(say(tag), facts).unwrap()
    }

    fn unbound(tag: &str, mxid: &str, by: Remover) -> Email {
        unbound_email(say(tag), UnboundFacts { mxid, homeserver: HOMESERVER, since: NOON, by }).unwrap()
    }

    #[test]
    fn an_address_is_told_to_whom_it_leads_since_when_and_what_undoes_it() {
        for tag in ["en", "fr", "de", "es"] {
            let Email { subject, text, html } = bound(tag, MXID);
            insta::assert_snapshot!(format!("bound_{tag}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("bound_{tag}_html"), html);
        }
    }

    #[test]
    fn an_address_is_told_who_has_unbound_it() {
        for tag in ["en", "fr", "de", "es"] {
            let Email { subject, text, html } = unbound(tag, MXID, Remover::Owner);
            insta::assert_snapshot!(format!("unbound_{tag}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("unbound_{tag}_html"), html);
            let by = |by| unbound(tag, MXID, by).text;
            let others = [Remover::User, Remover::Homeserver, Remover::Operator].map(by);
            assert!(others.iter().all(|other| *other != text));
            assert!(others[0] != others[1] && others[0] != others[2] && others[1] != others[2]);
            assert!(!text.contains("http"), "{text}");
        }
    }

    #[test]
    fn the_undoing_link_stands_on_a_line_of_its_own() {
        let email = bound("en", MXID);
        assert!(email.text.lines().any(|line| line == "https://id.example.org/not-me?token=n&lang=en"));
    }

    #[test]
    fn a_matrix_id_brings_no_markup_no_line_and_no_direction() {
        let mxid = "@<img src=x onerror=a>\"'\r\nBcc: x@y\u{202e}:evil.example\u{0}";
        for email in [bound("en", mxid), unbound("en", mxid, Remover::Homeserver)] {
            assert!(email.html.contains("@&#60;img src=x onerror=a&#62;&#34;&#39; Bcc: x@y:evil.example"));
            assert!(!email.text.contains("\nBcc:") && !email.text.contains('\u{202e}'));
            assert!(!email.subject.contains("evil"), "{}", email.subject);
        }
        assert!(bound("en", &"a".repeat(10_000)).text.len() < 2_000);
    }
}
