//! The content of each email.
//!
//! Subjects consist only of our own words: a Matrix ID or a name comes from somebody else, and
//! subjects are read even by people who open nothing from strangers.

use askama::Error;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Content, DisplayName, Part, render};
use crate::clock::Millis;
use crate::notify::Words;
use crate::notify::mail::Email;
use crate::notify::unlinked::{unlinked, unlinked_id_in_mail};

/// The party that unbound an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remover {
    /// Somebody who has proved that the address is theirs.
    Owner,
    /// Another user, who has proved that the address is theirs and has bound it.
    Another,
    /// The user it was bound to, who has proved the account but not the address.
    User,
    /// The homeserver of the user it was bound to.
    Homeserver,
    /// Somebody who has a message that was sent to the address, by a link in it. The message may be
    /// old, and others may have read it since.
    Reader,
    /// The operator of this server.
    Operator,
}

/// The content of a validation email.
#[derive(Clone, Copy, Debug)]
pub struct ValidationFacts<'a> {
    /// The Matrix ID that asks.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// The link that validates the address.
    pub link: &'a Url,
    /// The time for which the link works.
    pub lifetime: Millis,
    /// The link that cancels the request, for readers who did not ask for it.
    pub cancel: &'a Url,
    /// The page on which the reader can object to all such emails.
    pub objecting: &'a Url,
}

/// The content of the notice to a bound address.
#[derive(Clone, Copy, Debug)]
pub struct BoundFacts<'a> {
    /// The Matrix ID it is bound to.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// The time when it was bound.
    pub since: Millis,
    /// The link that undoes it.
    pub undo: &'a Url,
    /// The page on which the reader can object to being listed at all.
    pub objecting: &'a Url,
}

/// The content of the notice to an unbound address.
#[derive(Clone, Copy, Debug)]
pub struct UnboundFacts<'a> {
    /// The Matrix ID it was bound to.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// The time when it was unbound.
    pub since: Millis,
    /// The party that unbound it.
    pub by: Remover,
    /// The page on which the user can end all sessions.
    pub own_page: &'a Url,
}

/// The content of an email about an invitation.
#[derive(Clone, Copy)]
pub struct InviteFacts<'a> {
    /// The Matrix ID that invites.
    pub mxid: &'a str,
    /// The inviter's chosen name.
    pub inviter: Option<&'a DisplayName>,
    /// The name of the room.
    pub room: Option<&'a DisplayName>,
    /// True if the room is a space.
    pub is_space: bool,
    /// The page that shows the invitation.
    pub link: &'a Url,
    /// The time for which the invitation is kept.
    pub lifetime: Millis,
}

/// Returns the email that asks whether an address is the reader's.
///
/// # Errors
/// Fails only if a template cannot be rendered.
pub fn validation_email(say: Words<'_>, facts: ValidationFacts<'_>) -> Result<Email, Error> {
    let content = Content {
        subject: say.with_server("mail-validation-subject"),
        title: say.text("mail-validation-title"),
        parts: vec![
            Part::Paragraph(say.with_server("mail-validation-asks")),
            account(say, facts.mxid, facts.homeserver),
            Part::Button(say.text("mail-validation-do"), say.text("mail-validation-button"), facts.link),
            Part::Paragraph(say.with_span("mail-validation-lifetime", facts.lifetime)),
            Part::Heading(say.text("mail-validation-other-title")),
            Part::Paragraph(say.text("mail-validation-other")),
            Part::Link(say.text("mail-validation-cancel"), facts.cancel),
            Part::Link(say.text("mail-object"), facts.objecting),
        ],
        why: say.text("mail-why"),
    };
    render(say, &content)
}

/// Returns the email with the link to the data stored about an address. It reveals nothing about
/// the data.
///
/// # Errors
/// Fails only if a template cannot be rendered.
pub fn address_email(say: Words<'_>, link: &Url, lifetime: Millis) -> Result<Email, Error> {
    let content = Content {
        subject: say.with_server("mail-address-subject"),
        title: say.text("mail-address-title"),
        parts: vec![
            Part::Paragraph(say.with_server("mail-address-asks")),
            Part::Button(say.text("mail-address-do"), say.text("mail-address-button"), link),
            Part::Paragraph(say.with_span("mail-validation-lifetime", lifetime)),
            Part::Heading(say.text("mail-validation-other-title")),
            Part::Paragraph(say.text("mail-address-other")),
        ],
        why: say.text("mail-why"),
    };
    render(say, &content)
}

/// Returns the notice to an address that was bound.
///
/// # Errors
/// Fails only if a template cannot be rendered.
pub fn bound_email(say: Words<'_>, facts: BoundFacts<'_>) -> Result<Email, Error> {
    let content = Content {
        subject: say.text("mail-bound-title"),
        title: say.text("mail-bound-title"),
        parts: vec![
            Part::Paragraph(since(say, "mail-bound-since", facts.since)),
            account(say, facts.mxid, facts.homeserver),
            Part::Paragraph(say.text("mail-bound-fine")),
            Part::Heading(say.text("mail-validation-other-title")),
            Part::Link(say.text("mail-bound-undo"), facts.undo),
            Part::Paragraph(say.text("mail-bound-lifetime")),
            Part::Link(say.text("mail-object"), facts.objecting),
        ],
        why: say.text("mail-notice-why"),
    };
    render(say, &content)
}

/// Returns the notice to an address that was unbound. It has no link that undoes this: binding the
/// address again takes another proof.
///
/// # Errors
/// Fails only if a template cannot be rendered.
pub fn unbound_email(say: Words<'_>, facts: UnboundFacts<'_>) -> Result<Email, Error> {
    let by = match facts.by {
        Remover::Owner => "mail-unbound-by-owner",
        Remover::Another => "mail-unbound-by-another",
        Remover::User => "mail-unbound-by-user",
        Remover::Homeserver => "mail-unbound-by-homeserver",
        Remover::Reader => "mail-unbound-by-reader",
        Remover::Operator => "mail-unbound-by-operator",
    };
    let mut parts = vec![
        Part::Paragraph(since(say, "mail-unbound-since", facts.since)),
        account(say, facts.mxid, facts.homeserver),
        Part::Paragraph(say.text(by)),
    ];
    if facts.by == Remover::Operator {
        parts.push(Part::Paragraph(say.text("mail-unbound-again")));
    } else {
        parts.extend([
            Part::Paragraph(say.text("mail-alert-fine")),
            Part::Heading(say.text("mail-validation-other-title")),
            Part::Link(say.text("mail-unbound-other"), facts.own_page),
        ]);
    }
    let content = Content {
        subject: say.text("mail-unbound-title"),
        title: say.text("mail-unbound-title"),
        parts,
        why: say.text("mail-notice-why"),
    };
    render(say, &content)
}

/// Returns the email about an invitation. Its readers may never have heard of Matrix. The Matrix ID
/// comes first and stands out, because names are chosen freely.
///
/// # Errors
/// Fails only if a template cannot be rendered.
pub fn invite_email(say: Words<'_>, facts: InviteFacts<'_>) -> Result<Email, Error> {
    let room = if facts.is_space { "mail-invite-space" } else { "mail-invite-room" };
    let names = [("mail-invite-by", "name", facts.inviter), (room, "room", facts.room)];
    let names =
        names.into_iter().filter_map(|(id, variable, name)| Some(say.with(id, variable, &unlinked(name?.as_str()))));
    let content = Content {
        subject: say.text("mail-invite-subject"),
        title: say.text("mail-invite-title"),
        parts: vec![
            Part::Paragraph(say.text("mail-invite-asks")),
            Part::Facts([matrix_id(say, facts.mxid)].into_iter().chain(names).collect()),
            Part::Button(say.text("mail-invite-do"), say.text("mail-invite-button"), facts.link),
            Part::Paragraph(say.text("mail-invite-other-app")),
            Part::Paragraph(say.text("mail-invite-matrix")),
            Part::Heading(say.text("mail-invite-other-title")),
            Part::Paragraph(say.text("mail-invite-other")),
            Part::Paragraph(say.with_span("mail-invite-lifetime", facts.lifetime)),
            Part::Paragraph(say.text("mail-invite-object")),
        ],
        why: say.text("mail-why"),
    };
    render(say, &content)
}

pub(super) fn account(say: Words<'_>, mxid: &str, homeserver: &str) -> Part<'static> {
    Part::Facts(vec![matrix_id(say, mxid), say.with("mail-homeserver", "homeserver", homeserver)])
}

fn matrix_id(say: Words<'_>, mxid: &str) -> String {
    say.with("mail-matrix-id", "mxid", &unlinked_id_in_mail(mxid))
}

/// Returns the sentence about what happened, when, and on which server.
pub(super) fn since(say: Words<'_>, id: &str, at: Millis) -> String {
    let at = say.texts.timestamp(say.language, at);
    say.texts.get(say.language, id, &[("time", at.into()), ("server", say.server.into())])
}
