//! Telling homeservers that an invited address was bound to one of their users.

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue, to_canonical_value};
use ruma_common::{OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Vouch;
use super::bindings::association;
use super::outbox::{Delivery, Outcome, sealed_address};
use crate::clock::Millis;
use crate::federation::Reception;
use crate::identity::threepid::Address;
use crate::store::{Conn, Error as StoreError, invites};

/// One invitation, completed by a binding. A delivery has one alone, so that a homeserver that refuses it refuses no other.
#[derive(Serialize, Deserialize)]
pub(super) struct Onbind {
    /// What was invited, and is bound.
    #[serde(with = "sealed_address")]
    pub address: Address,
    /// To whom.
    pub mxid: OwnedUserId,
    /// When.
    pub bound_at: Millis,
    /// Where the invitation leads.
    pub room_id: OwnedRoomId,
    /// Who invited.
    pub sender: OwnedUserId,
    /// By which the room knows the invitation.
    pub token: String,
    /// The id of this server's key that the room was shown.
    pub signing_key: String,
}

impl Vouch {
    /// Queues, in the transaction of a binding, what tells of each invitation that waited for it.
    pub(super) async fn complete_invites(
        &self,
        conn: &mut Conn,
        address: &Address,
        mxid: &UserId,
        bound_at: Millis,
    ) -> Result<(), StoreError> {
        let retention = &self.config.retention;
        let index = self.sealer.invite_address_index(address);
        let waiting = invites::pending_of_address(conn, index.as_ref(), bound_at - retention.invite).await?;
        let mut completed = Vec::with_capacity(waiting.len());
        for row in waiting {
            let Ok(invite) = self.sealer.open_invite(&row) else {
                log::error!("an invitation does not open, and is not delivered: was the database restored or altered?");
                continue;
            };
            let onbind = Onbind {
                address: address.clone(),
                mxid: mxid.to_owned(),
                bound_at,
                room_id: invite.room_id,
                sender: invite.sender,
                token: invite.token,
                signing_key: row.signing_key,
            };
            self.queue(conn, &Delivery::Onbind(onbind)).await?;
            completed.push(row.id);
        }
        if completed.is_empty() {
            return Ok(());
        }
        invites::delivered(conn, completed, bound_at + retention.ephemeral_key).await
    }

    /// Tells the homeserver of the user.
    pub(super) async fn deliver_onbind(&self, onbind: &Onbind) -> Outcome {
        match self.federation.onbind(onbind.mxid.server_name(), &self.onbind_body(onbind)).await {
            Reception::Taken => Outcome::Delivered,
            Reception::Refused { trouble } => Outcome::Refused { trouble },
            Reception::Later { trouble, retry_after } => Outcome::Later { trouble, retry_after },
        }
    }

    /// The association and the invitation, all of it signed. What the invited user's homeserver shows the room is `signed`; the room
    /// names the key that was the server's when the invitation was stored, so that one signs it. It alone does: of several signatures of
    /// one server Synapse looks at the first, whether or not it is that of the key in the room.
    fn onbind_body(&self, onbind: &Onbind) -> CanonicalJsonObject {
        let mut signed = object(json!({ "mxid": onbind.mxid, "token": onbind.token }));
        self.signing.sign_as(&onbind.signing_key, &mut signed);
        let invite = json!({
            "medium": onbind.address.medium().as_str(),
            "address": onbind.address.as_str(),
            "mxid": onbind.mxid,
            "room_id": onbind.room_id,
            "sender": onbind.sender,
            "token": onbind.token,
            "signed": signed,
        });
        let mut body = association(&onbind.address, &onbind.mxid, onbind.bound_at);
        body.insert("invites".into(), CanonicalJsonValue::Array(vec![CanonicalJsonValue::Object(object(invite))]));
        self.signing.sign(&mut body);
        body
    }
}

fn object(value: serde_json::Value) -> CanonicalJsonObject {
    let Ok(CanonicalJsonValue::Object(object)) = to_canonical_value(value) else {
        unreachable!("an object of strings is canonical JSON")
    };
    object
}
