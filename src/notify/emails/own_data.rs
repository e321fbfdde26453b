//! Emails about actions on somebody's data, by themselves or by somebody else.

use askama::Error;
use url::Url;

use super::messages::{account, since};
use super::{Content, Part, render};
use crate::clock::Millis;
use crate::notify::Words;
use crate::notify::mail::Email;

/// The content of the email with a link that confirms.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmationFacts<'a> {
    /// The Matrix ID that asks.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// The time when it asked.
    pub at: Millis,
    /// The link.
    pub link: &'a Url,
    /// The time for which the link works.
    pub lifetime: Millis,
}

/// The event that an alert reports.
#[derive(Clone, Copy, Debug)]
pub enum Alert<'a> {
    /// Somebody sees all addresses of the user, since another one of them was confirmed.
    Opened,
    /// Everything stored about the user was exported.
    Exported,
    /// Everything stored about the user was erased.
    Erased,
    /// Another address of the user was removed.
    Removed,
    /// The user objects to the address being found or written to.
    Objected {
        /// The page on which the reader can withdraw the objection.
        manage: &'a Url,
    },
    /// Another address was added to the user.
    Added {
        /// The link that removes it again, if the reader can.
        undo: Option<&'a Url>,
    },
    /// Everything stored about the user will be erased.
    Erasing {
        /// The time.
        due_at: Millis,
        /// The link that stops it, if the reader can.
        stop: Option<&'a Url>,
    },
}

/// The content of an alert.
#[derive(Clone, Copy, Debug)]
pub struct AlertFacts<'a> {
    /// The Matrix ID whose data it is.
    pub mxid: &'a str,
    /// Its homeserver.
    pub homeserver: &'a str,
    /// The time when it happened.
    pub at: Millis,
    /// The event.
    pub what: Alert<'a>,
    /// The page on which the user can end all sessions.
    pub own_page: &'a Url,
}

/// Returns the email with the link by which somebody confirms that they read an address.
///
/// # Errors
/// Fails only if a template cannot be rendered.
pub fn confirmation_email(say: Words<'_>, facts: ConfirmationFacts<'_>) -> Result<Email, Error> {
    let content = Content {
        subject: say.with_server("mail-confirm-subject"),
        title: say.text("mail-confirm-title"),
        parts: vec![
            Part::Paragraph(since(say, "mail-confirm-asks", facts.at)),
            account(say, facts.mxid, facts.homeserver),
            Part::Button(say.text("mail-confirm-do"), say.text("mail-confirm-button"), facts.link),
            Part::Paragraph(say.with_span("mail-validation-lifetime", facts.lifetime)),
            Part::Heading(say.text("mail-validation-other-title")),
            Part::Paragraph(say.text("mail-confirm-other")),
        ],
        why: say.text("mail-alert-why"),
    };
    render(say, &content)
}

/// Returns the email that reports an action on the data of an address's user.
///
/// # Errors
/// Fails only if a template cannot be rendered.
pub fn alert_email(say: Words<'_>, facts: AlertFacts<'_>) -> Result<Email, Error> {
    let [title, what, fine] = match facts.what {
        Alert::Opened => ["mail-opened-title", "mail-opened-what", "mail-alert-fine"],
        Alert::Exported => ["mail-exported-title", "mail-exported-what", "mail-alert-fine"],
        Alert::Erased => ["mail-erased-title", "mail-erased-what", "mail-alert-fine"],
        Alert::Removed => ["mail-removed-title", "mail-removed-what", "mail-alert-fine"],
        Alert::Objected { .. } => ["mail-objected-title", "mail-objected-what", "mail-alert-fine"],
        Alert::Added { .. } => ["mail-added-title", "mail-added-what", "mail-alert-fine"],
        Alert::Erasing { .. } => ["mail-erasing-title", "mail-erasing-what", "mail-erasing-fine"],
    };
    let mut parts = vec![Part::Paragraph(since(say, what, facts.at)), account(say, facts.mxid, facts.homeserver)];
    if let Alert::Erasing { due_at, .. } = facts.what {
        parts.push(Part::Paragraph(since(say, "mail-erasing-due", due_at)));
    }
    parts.extend([Part::Paragraph(say.text(fine)), Part::Heading(say.text("mail-validation-other-title"))]);
    match facts.what {
        Alert::Erasing { stop: Some(stop), .. } => {
            parts.push(Part::Button(say.text("mail-erasing-do"), say.text("mail-erasing-button"), stop));
        }
        Alert::Erasing { stop: None, .. } => parts.push(Part::Paragraph(say.text("mail-erasing-sign-in"))),
        Alert::Added { undo: Some(undo) } => {
            parts.push(Part::Button(say.text("mail-added-do"), say.text("mail-added-button"), undo));
        }
        _ => {}
    }
    parts.push(match facts.what {
        Alert::Objected { manage } => Part::Link(say.text("mail-objected-other"), manage),
        _ => Part::Link(say.text("mail-alert-other"), facts.own_page),
    });
    let content = Content {
        subject: say.with_server(title),
        title: say.with_server(title),
        parts,
        why: say.text("mail-alert-why"),
    };
    render(say, &content)
}
