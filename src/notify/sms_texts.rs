//! The content of each text message.
//!
//! Every message costs money, so texts are kept short: at most [`MAX_SEGMENTS`] messages, except
//! for an invitation by a long Matrix ID, which takes three.

use url::Url;

use super::Words;
use super::emails::Alert;
use super::gsm::segments;
use super::unlinked::unlinked_id_in_text;
use crate::texts::visible;

/// The maximum number of messages that a text is split into.
const MAX_SEGMENTS: usize = 2;

/// The longest Matrix ID in an invitation, in characters.
const MAX_INVITER: usize = 80;

/// The content of a text with a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeFacts<'a> {
    /// The code.
    pub code: &'a str,
    /// The Matrix ID that asks, if it is known.
    pub mxid: Option<&'a str>,
    /// The number of minutes for which the code works.
    pub minutes: i64,
    /// The domain of the web page in which the code is entered.
    pub domain: &'a str,
}

/// Returns the text with a code. The last line is for machines: browsers fill in the code only at
/// that domain ([origin-bound one-time codes](https://wicg.github.io/sms-one-time-codes/)).
pub fn code_text(say: Words<'_>, facts: &CodeFacts<'_>) -> String {
    let values = [("code", facts.code.into()), ("server", say.server.into()), ("minutes", facts.minutes.into())];
    let first = say.texts.get(say.language, "sms-code", &values);
    let asks = facts.mxid.map(|mxid| say.with("sms-code-asks", "mxid", &unlinked_id_in_text(mxid)));
    if_it_fits(&first, asks.as_deref(), Some(&format!("@{} #{}", facts.domain, facts.code)))
}

/// Returns the notice to a number that was bound to `mxid`, with the link that undoes it.
pub fn bound_text(say: Words<'_>, mxid: &str, undo: &Url) -> String {
    // The link is not a variable of the text, because long values are cut.
    let last = format!("{} {undo}", say.text("sms-bound-undo"));
    if_it_fits(&say.with_server("sms-bound"), Some(&account(say, mxid)), Some(&last))
}

/// Returns the notice to a number that was unbound from `mxid`.
pub fn unbound_text(say: Words<'_>, mxid: &str) -> String {
    if_it_fits(&say.with_server("sms-unbound"), Some(&account(say, mxid)), None)
}

/// Returns the text with the link to the data stored about a number.
pub fn address_text(say: Words<'_>, link: &Url) -> String {
    format!("{} {link}", say.with_server("sms-address"))
}

/// Returns the text with the link by which somebody confirms that they read a number.
pub fn confirmation_text(say: Words<'_>, link: &Url) -> String {
    format!("{} {link}", say.with_server("sms-confirm"))
}

/// Returns the alert that reports an action on the data of a number's user.
pub fn alert_text(say: Words<'_>, mxid: &str, what: Alert<'_>) -> String {
    let (first, link) = match what {
        Alert::Opened => ("sms-opened", None),
        Alert::Exported => ("sms-exported", None),
        Alert::Erased => ("sms-erased", None),
        Alert::Removed => ("sms-removed", None),
        Alert::Objected { manage } => ("sms-objected", Some(manage)),
        Alert::Added { undo } => ("sms-added", undo),
        Alert::Erasing { stop, .. } => ("sms-erasing", stop),
    };
    let last = link.map(|link| format!("{} {link}", say.text("sms-bound-undo")));
    if_it_fits(&say.with_server(first), Some(&account(say, mxid)), last.as_deref())
}

/// Returns the text about an invitation. Its link opens a web app and not the invitation, because a
/// link to that would need a separate message; the invitation appears once the number is added to
/// an account. Names are left out, because anyone could use them to make this server send
/// advertisements.
pub fn invite_text(say: Words<'_>, mxid: &str, web_client: &Url) -> String {
    // “…” is not in the GSM alphabet: it would double the length of the text.
    let inviter = visible(&unlinked_id_in_text(mxid), MAX_INVITER).replace('…', "...");
    let link = web_client.as_str().trim_end_matches('/');
    say.texts.get(say.language, "sms-invite", &[("mxid", inviter.into()), ("link", link.into())])
}

fn account(say: Words<'_>, mxid: &str) -> String {
    say.with("sms-notice-account", "mxid", &unlinked_id_in_text(mxid))
}

/// Joins the lines, without `optional` if the text would be too long.
fn if_it_fits(first: &str, optional: Option<&str>, last: Option<&str>) -> String {
    let lines = |optional| [Some(first), optional, last].into_iter().flatten().collect::<Vec<_>>().join("\n");
    let whole = lines(optional);
    if segments(&whole) <= MAX_SEGMENTS { whole } else { lines(None) }
}

#[cfg(test)]
mod tests;
