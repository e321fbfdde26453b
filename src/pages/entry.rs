//! The entries of an export in words, for pages that list them.

use super::View;
use super::timestamp::Timestamp;
use crate::service::{ExportedDelivery, ExportedSession, Party};
use crate::texts::visible;

/// The longest Matrix ID, in characters.
const MAX_MXID: usize = 255;

/// A stored item.
pub(super) struct Entry {
    /// The person it is about, or who caused it. Homeservers are not named, and delivered
    /// invitations no longer have an address.
    pub party: Option<String>,
    /// The id of the message that describes it.
    pub what: &'static str,
    pub at: Timestamp,
}

impl View {
    /// Describes a validation session; `messages` are the ids for one that is validated and one
    /// that is not.
    pub(super) fn session_entry(&self, session: &ExportedSession, messages: [&'static str; 2]) -> Entry {
        let [validated, requested] = messages;
        let (what, at) = match session.validated_at {
            Some(at) => (validated, at),
            None => (requested, session.modified_at),
        };
        Entry { party: party_name(&session.party), what, at: self.timestamp(at) }
    }

    /// Describes a delivery; `messages` are the ids for a notice and for an invitation.
    pub(super) fn delivery_entry(&self, delivery: &ExportedDelivery, messages: [&'static str; 2]) -> Entry {
        let [notice, onbind] = messages;
        let what = if delivery.kind == "onbind" { onbind } else { notice };
        Entry { party: party_name(&delivery.party), what, at: self.timestamp(delivery.queued_at) }
    }
}

/// Returns an address or its mask in its usual form: numbers begin with a plus sign.
pub(super) fn shown_address(medium: &str, address: &str) -> String {
    if medium == "msisdn" { format!("+{address}") } else { address.to_owned() }
}

/// Returns the address or the visible part of the Matrix ID.
pub(super) fn party_name(party: &Party) -> Option<String> {
    match party {
        Party::Address { medium, address } => Some(shown_address(medium, address)),
        Party::User { user_id } => user_id.as_ref().map(|user| visible(user.as_str(), MAX_MXID)),
        Party::Deleted {} => None,
    }
}
