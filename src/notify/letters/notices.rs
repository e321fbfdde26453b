//! What an address is told when it begins to lead to somebody, or no longer does.

use askama::Template;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use url::Url;

use super::{DARK_GROUND, LIGHT_GROUND, Words, letter};
use crate::clock::{Millis, SECOND};
use crate::notify::mail::Letter;

/// Who has unbound an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remover {
    /// Somebody who has proved that the address is his.
    Owner,
    /// The homeserver of the user it was bound to.
    Homeserver,
    /// Those who run this server.
    Operator,
}

impl Remover {
    const fn text(self) -> &'static str {
        match self {
            Self::Owner => "mail-unbound-by-owner",
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
pub fn bound_letter(say: Words<'_>, facts: BoundFacts<'_>) -> Result<Letter, askama::Error> {
    let since = moment("mail-bound-since", say, facts.since);
    let subject = say.text("mail-bound-title");
    letter(&subject, &BoundText { say, facts, since: since.clone() }, &BoundHtml { say, facts, since })
}

/// The mail to an address that was unbound. There is nothing in it to undo that: only who proves the address anew may bind it.
///
/// # Errors
/// Only if a template cannot be rendered.
pub fn unbound_letter(say: Words<'_>, facts: UnboundFacts<'_>) -> Result<Letter, askama::Error> {
    let since = moment("mail-unbound-since", say, facts.since);
    let subject = say.text("mail-unbound-title");
    letter(&subject, &UnboundText { say, facts, since: since.clone() }, &UnboundHtml { say, facts, since })
}

/// What is said of a moment on this server.
fn moment(id: &str, say: Words<'_>, at: Millis) -> String {
    const MINUTE: StaticFormatDescription = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    let at = OffsetDateTime::from_unix_timestamp(at / SECOND).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let at = at.format(MINUTE).unwrap_or_default();
    say.texts.get(say.language, id, &[("time", at.into()), ("server", say.server.into())])
}
