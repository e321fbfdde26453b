//! Telling homeservers that an invited address was bound to one of their users.

use ruma_common::OwnedUserId;
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue, to_canonical_value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Vouch;
use super::bindings::association;
use super::outbox::{Outcome, sealed_address};
use crate::clock::Millis;
use crate::federation::Reception;
use crate::identity::threepid::Address;

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
    pub room_id: String,
    /// Who invited.
    pub sender: OwnedUserId,
    /// By which the room knows the invitation.
    pub token: String,
}

impl Vouch {
    /// Tells the homeserver of the user.
    pub(super) async fn deliver_onbind(&self, onbind: &Onbind) -> Outcome {
        match self.federation.onbind(onbind.mxid.server_name(), &self.onbind_body(onbind)).await {
            Reception::Taken => Outcome::Delivered,
            Reception::Refused { trouble } => Outcome::Refused { trouble },
            Reception::Later { trouble, retry_after } => Outcome::Later { trouble, retry_after },
        }
    }

    /// The association and the invitation, all of it signed. What the invited user's homeserver shows the room is `signed`; the room's
    /// event names the key that was the server's when the invitation was stored, so every key signs that.
    fn onbind_body(&self, onbind: &Onbind) -> CanonicalJsonObject {
        let mut signed = object(json!({ "mxid": onbind.mxid, "token": onbind.token }));
        self.signing.sign_with_all(&mut signed);
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
