//! The mail that tells somebody of an invitation. Whoever reads it may never have heard of Matrix.

use askama::Template;
use url::Url;

use super::{DARK_GROUND, LIGHT_GROUND, Words, email};
use crate::clock::Millis;
use crate::notify::mail::Email;
use crate::texts::visible;

/// The longest name of a person or a room, in characters.
const MAX_INVITE_NAME: usize = 80;

/// What a mail about an invitation tells.
#[derive(Clone, Copy)]
pub struct InviteFacts<'a> {
    /// The Matrix ID that invites.
    pub mxid: &'a str,
    /// What that person is called.
    pub inviter: Option<&'a DisplayName>,
    /// What the room is called.
    pub room: Option<&'a DisplayName>,
    /// Whether the room is a space.
    pub is_space: bool,
    /// Where the invitation can be seen, answered and refused.
    pub link: &'a Url,
    /// How long the invitation is kept.
    pub lifetime: Millis,
}

impl InviteFacts<'_> {
    fn room(&self, say: &Words<'_>) -> Option<String> {
        let id = if self.is_space { "mail-invite-space" } else { "mail-invite-room" };
        self.room.map(|room| say.with(id, "room", room.as_str()))
    }
}

/// What somebody calls himself or a room: one line of visible characters, cut. A name with a link in it is none: it would make this server
/// send advertisements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// The name in a text, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = visible(text, MAX_INVITE_NAME);
        let lower = name.to_lowercase();
        let has_link = lower.contains("://") || lower.contains("www.");
        Some(Self(name)).filter(|name| !name.0.is_empty() && !has_link)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Template)]
#[template(path = "mail/invite.txt")]
struct InviteText<'a> {
    say: Words<'a>,
    facts: InviteFacts<'a>,
}

#[derive(Template)]
#[template(path = "mail/invite.html")]
struct InviteHtml<'a> {
    say: Words<'a>,
    facts: InviteFacts<'a>,
}

/// The mail that tells somebody of an invitation. Nobody's words but ours are in its subject: it would be read even by those who
/// open nothing from strangers.
///
/// # Errors
/// Only if a template cannot be rendered.
pub fn invite_email(say: Words<'_>, facts: InviteFacts<'_>) -> Result<Email, askama::Error> {
    email(&say.text("mail-invite-subject"), &InviteText { say, facts }, &InviteHtml { say, facts })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::DAY;
    use crate::notify::testing::{brand, say};

    fn email(tag: &str, contact: Option<&str>, mxid: &str, inviter: &str, room: &str) -> Email {
        let link = Url::parse("https://id.example.org/invited?token=t0ken").unwrap();
        let is_space = room.contains("space");
        let (inviter, room) = (DisplayName::parse(inviter), DisplayName::parse(room));
        let facts = InviteFacts {
            mxid,
            inviter: inviter.as_ref(),
            room: room.as_ref(),
            is_space,
            link: &link,
            lifetime: 30 * DAY,
        };
        invite_email(say(&brand(contact), tag), facts).unwrap()
    }

    #[test]
    fn an_invitation_says_who_why_how_long_and_how_to_object() {
        for tag in ["en", "fr", "de", "es"] {
            let mxid = "@bob:matrix.example.com";
            let Email { subject, text, html } =
                email(tag, Some("help@example.org"), mxid, "Bob Smith", "Bob’s Emporium");
            insta::assert_snapshot!(format!("invite_{tag}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("invite_{tag}_html"), html);
        }
    }

    #[test]
    fn what_is_not_known_is_not_named() {
        let Email { subject, text, .. } = email("en", None, "@bob:matrix.example.com", "", "");
        insta::assert_snapshot!("invite_bare_text", format!("{subject}\n\n{text}"));
    }

    #[test]
    fn a_space_is_called_one() {
        assert!(email("en", None, "@bob:b", "", "Our space").text.contains("\nSpace: Our space\n"));
    }

    #[test]
    fn names_with_links_are_none() {
        for advertisement in ["Win at https://evil.example", "WWW.evil.example", "x HTTP://evil.example x"] {
            assert_eq!(DisplayName::parse(advertisement), None);
            assert!(!email("en", None, "@bob:b", advertisement, advertisement).text.contains("evil"));
        }
        assert_eq!(DisplayName::parse("\u{200b}\u{202e} "), None);
        assert_eq!(DisplayName::parse(" Bob \n Smith ").unwrap().as_str(), "Bob Smith");
    }

    #[test]
    fn names_bring_no_markup_no_line_and_no_direction() {
        let hostile = "<img src=x onerror=a>\"><a href='x'>\r\nBcc: x@y\r\n.\r\n\u{202e}\u{200b}\u{0}end";
        let email = email("en", None, &format!("@{hostile}:evil.example"), hostile, hostile);
        assert_eq!(email.html.matches("<img").count() + email.html.matches("<a href='x'").count(), 0);
        assert!(email.html.contains("&#60;img src=x onerror=a&#62;"));
        assert!(!email.subject.contains("Bcc") && !email.subject.contains('\n'));
        assert!(!email.text.lines().any(|line| line.starts_with("Bcc:") || line == "."));
        assert!(!email.text.contains(['\u{202e}', '\u{200b}', '\u{0}', '\r']));
    }

    #[test]
    fn long_names_are_cut() {
        let long = "å".repeat(10_000);
        let email = email("en", None, "@bob:b", &long, &long);
        assert!(email.text.contains(&format!("{}…", "å".repeat(MAX_INVITE_NAME - 1))));
        assert!(email.text.len() < 4_000 && email.html.len() < 10_000);
    }

    proptest! {
        #[test]
        fn a_name_is_one_line_of_visible_characters(text: String) {
            if let Some(name) = DisplayName::parse(&text) {
                prop_assert!(name.as_str().chars().count() <= MAX_INVITE_NAME);
                prop_assert!(!name.as_str().contains(char::is_control));
                prop_assert_eq!(visible(name.as_str(), MAX_INVITE_NAME), name.as_str());
            }
        }
    }
}
