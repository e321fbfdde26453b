//! The content of deliveries, as serialized and sealed into `outbox.payload`.

use ruma_common::{OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::federation::Reception;
use crate::identity::homeserver_group;
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;

/// A delivery.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(in crate::service) enum Delivery {
    /// To the homeserver of a user whose invited address was bound.
    Onbind(Onbind),
    /// To an address that was bound or unbound.
    Notice(Notice),
}

/// An invitation completed by a binding. Each delivery has only one, so that a homeserver that
/// refuses one does not refuse others with it.
#[derive(Serialize, Deserialize)]
pub(in crate::service) struct Onbind {
    /// The invited address, which is now bound.
    #[serde(with = "sealed_address")]
    pub address: Address,
    /// The user it is bound to.
    pub mxid: OwnedUserId,
    /// The time when it was bound.
    pub bound_at: Millis,
    /// The room of the invitation.
    pub room_id: OwnedRoomId,
    /// The inviter.
    pub sender: OwnedUserId,
    /// The token that identifies the invitation in its room.
    pub token: String,
    /// The id of this server's key that the room was given.
    pub signing_key: String,
}

/// A message telling an address that it was bound or unbound, or about an action on the data of its
/// user.
#[derive(Serialize, Deserialize)]
pub(in crate::service) struct Notice {
    /// The address, which is also the recipient.
    #[serde(with = "sealed_address")]
    pub address: Address,
    /// The user it is, or was, bound to.
    pub mxid: OwnedUserId,
    /// The time when it happened.
    pub at: Millis,
    /// The tag of the recipient's language.
    pub language: String,
    /// The event.
    pub event: Event,
}

/// The event that a notice reports.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::service) enum Event {
    /// The address was bound.
    Bound,
    /// The address was unbound.
    Unbound(Remover),
    /// Another address of the user has confirmed a token or web session, which now sees all of
    /// them.
    Opened,
    /// Everything stored about the user was exported.
    Exported,
    /// Everything stored about the user was erased.
    Erased,
    /// Everything stored about the user will be erased, unless somebody stops it.
    Erasing {
        /// The time.
        due_at: Millis,
        /// True if the address that is told gets the link that stops it.
        can_stop: bool,
    },
    /// Another address of the user was removed.
    Removed,
    /// The user has objected to the address being found or written to.
    Objected,
    /// Another address was bound to the user.
    Added {
        /// `bindings.address_index` of the new one.
        added: [u8; 16],
        /// True if the address that is told gets the link that removes it.
        can_undo: bool,
    },
}

impl Event {
    /// Returns whether it is always reported, because it may be the work of somebody who has
    /// obtained a token of the user, or a message to one of their addresses.
    pub const fn is_alert(self) -> bool {
        !matches!(self, Self::Bound | Self::Unbound(Remover::Operator))
    }

    /// Returns whether it reports that everything about the user was erased, or will be and can be
    /// stopped by the recipient.
    pub const fn is_about_erasure(self) -> bool {
        matches!(self, Self::Erased | Self::Erasing { can_stop: true, .. })
    }
}

/// The parts of a delivery that the outbox needs to know.
pub(in crate::service) struct About<'a> {
    /// `outbox.kind`
    pub kind: &'static str,
    /// The user it is about.
    pub user: &'a UserId,
    /// The user who caused it, if that is somebody else.
    pub cause: Option<&'a UserId>,
    /// The address it is about.
    pub address: &'a Address,
    /// The destination.
    pub destination: &'a str,
}

impl Delivery {
    /// `outbox.kind` of [`Self::Onbind`].
    pub const ONBIND: &str = "onbind";
    /// `outbox.kind` of [`Self::Notice`].
    pub const NOTICE: &str = "notice";
    /// `outbox.kind` of [`Self::Notice`], if it is an alert.
    pub const ALERT: &str = "alert";

    pub fn about(&self) -> About<'_> {
        match self {
            Self::Onbind(onbind) => About {
                kind: Self::ONBIND,
                user: &onbind.mxid,
                cause: Some(&onbind.sender),
                address: &onbind.address,
                destination: onbind.mxid.server_name().as_str(),
            },
            Self::Notice(notice) => About {
                kind: if notice.event.is_alert() { Self::ALERT } else { Self::NOTICE },
                user: &notice.mxid,
                cause: None,
                address: &notice.address,
                destination: notice.address.medium().as_str(),
            },
        }
    }

    /// Returns the group of destinations that must not delay others. Homeservers are
    /// [grouped](homeserver_group), since names below a domain cost nothing.
    pub fn destination_group(&self) -> String {
        match self {
            Self::Onbind(onbind) => homeserver_group::of(onbind.mxid.server_name().host()),
            Self::Notice(notice) => notice.address.medium().as_str().to_owned(),
        }
    }
}

/// The outcome of an attempt. The errors name no person.
pub(in crate::service) enum Outcome {
    /// The delivery has arrived.
    Delivered,
    /// The recipient will never accept it.
    Refused { last_error: String },
    /// It failed for now; the recipient may ask for a pause.
    Later { last_error: String, retry_after: Option<Millis> },
}

impl Outcome {
    pub fn later(last_error: &(impl ToString + ?Sized)) -> Self {
        Self::Later { last_error: last_error.to_string(), retry_after: None }
    }
}

impl From<Reception> for Outcome {
    fn from(reception: Reception) -> Self {
        match reception {
            Reception::Taken => Self::Delivered,
            Reception::Refused { trouble: last_error } => Self::Refused { last_error },
            Reception::Later { trouble: last_error, retry_after } => Self::Later { last_error, retry_after },
        }
    }
}

/// Addresses in the form in which they are sealed.
mod sealed_address {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Address;

    pub fn serialize<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&address.to_sealed())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let text = String::deserialize(deserializer)?;
        Address::from_sealed(&text).map_err(|_| D::Error::custom("not an address"))
    }
}
