//! The request that tells a homeserver that an invited address was bound to one of its users.

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use serde_json::json;

use super::association::{association, canonical};
use super::outbox::Onbind;
use crate::crypto::signing::SigningKeys;

/// Returns the signed association, including the invitation.
///
/// The invited user's homeserver shows the room `signed`, which is signed with the key the room was
/// given when the invitation was stored, and with no other: Synapse checks only the first signature
/// of a server, whatever its key.
pub(super) fn body(signing: &SigningKeys, onbind: &Onbind) -> CanonicalJsonObject {
    let mut signed = canonical(json!({ "mxid": onbind.mxid, "token": onbind.token }));
    signing.sign_as(&onbind.signing_key, &mut signed);
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
    signing.sign(&mut body);
    body
}
