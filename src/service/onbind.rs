//! Tells homeservers that an invited address was bound to one of their users.

use ruma_common::UserId;
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use serde_json::json;

use super::Vouch;
use super::association::{association, canonical};
use super::outbox::{Delivery, Onbind};
use crate::clock::Millis;
use crate::federation::Reception;
use crate::identity::threepid::Address;
use crate::store::{Conn, Error as StoreError, invites, outbox};

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
            outbox::queue(conn, self.outbox.seal(&Delivery::Onbind(onbind))).await?;
            completed.push(row.id);
        }
        if completed.is_empty() {
            return Ok(());
        }
        invites::delivered(conn, completed, bound_at + retention.ephemeral_key).await
    }

    pub(super) async fn send_onbind(&self, onbind: &Onbind) -> Reception {
        self.federation.onbind(onbind.mxid.server_name(), &self.onbind_body(onbind)).await
    }

    /// Returns the association with the invitation, signed.
    ///
    /// The invited user's homeserver shows the room `signed`, which is signed with the key the room was given when the
    /// invitation was stored, and with no other: Synapse checks only the first signature of a server, whatever its key.
    fn onbind_body(&self, onbind: &Onbind) -> CanonicalJsonObject {
        let mut signed = canonical(json!({ "mxid": onbind.mxid, "token": onbind.token }));
        self.signing.sign_as(&onbind.signing_key, &mut signed);
        let invite = canonical(json!({
            "medium": onbind.address.medium().as_str(),
            "address": onbind.address.as_str(),
            "mxid": onbind.mxid,
            "room_id": onbind.room_id,
            "sender": onbind.sender,
            "token": onbind.token,
            "signed": signed,
        }));
        let mut body = association(&onbind.address, &onbind.mxid, onbind.bound_at);
        body.insert("invites".into(), CanonicalJsonValue::Array(vec![CanonicalJsonValue::Object(invite)]));
        self.signing.sign(&mut body);
        body
    }
}
