//! The entries of an export, whether of a user's data or of an address's.

use ruma_common::{OwnedRoomId, OwnedUserId};
use serde::Serialize;

use crate::clock::Millis;
use crate::identity::threepid::Address;

/// The party that an entry names besides the one whose data is exported: an address in the export
/// of a user, and a user in the export of an address.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Party {
    /// An address.
    Address {
        /// `email` or `msisdn`
        medium: &'static str,
        /// The address.
        address: String,
    },
    /// A user; `null` for a homeserver that asked for one of its users, since its name is not
    /// stored.
    User {
        /// The Matrix ID.
        user_id: Option<OwnedUserId>,
    },
    /// An invited address that was deleted once the invitation was delivered.
    Deleted {},
}

impl From<Address> for Party {
    fn from(address: Address) -> Self {
        Self::Address { medium: address.medium().as_str(), address: address.as_str().to_owned() }
    }
}

impl From<OwnedUserId> for Party {
    fn from(user: OwnedUserId) -> Self {
        Self::User { user_id: Some(user) }
    }
}

/// A binding.
#[derive(Debug, Serialize)]
pub struct ExportedBinding {
    /// The user it is bound to.
    #[serde(flatten)]
    pub to: Party,
    /// The time when it was bound.
    pub bound_at: Millis,
}

/// A validation session.
#[derive(Debug, Serialize)]
pub struct ExportedSession {
    /// The address to be validated, or the user who asked.
    #[serde(flatten)]
    pub party: Party,
    /// The time when it was begun or validated.
    pub modified_at: Millis,
    /// The time when it was validated.
    pub validated_at: Option<Millis>,
}

/// A pending invitation.
#[derive(Debug, Serialize)]
pub struct ExportedInvite {
    /// The invited address, or the inviter.
    #[serde(flatten)]
    pub party: Party,
    /// The room.
    pub room_id: OwnedRoomId,
    /// The time when it was sent.
    pub invited_at: Millis,
}

/// A queued delivery.
#[derive(Debug, Serialize)]
pub struct ExportedDelivery {
    /// `notice`, to the address, or `onbind`, to the homeserver of the user.
    pub kind: String,
    /// The address or user it is about.
    #[serde(flatten)]
    pub party: Party,
    /// The time when it was queued.
    pub queued_at: Millis,
    /// The number of failed attempts.
    pub attempts: i64,
}
