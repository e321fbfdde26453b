//! Invitation storage, and ephemeral invitation signing.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::web::Data;
use ruma_common::{OwnedUserId, RoomId, UserId};
use serde_json::json;

use super::extract::Signatory;
use super::json::{Body, Params};
use crate::crypto::ephemeral::EphemeralKey;
use crate::crypto::signing::SigningKeys;
use crate::error::Error;
use crate::http::Query;
use crate::identity::phone::PhoneNumber;
use crate::identity::threepid::{Address, Medium};
use crate::service::{IfBound, Invitations, InviteRequest, InviteWords, Network, PublicLinks, StoredInvite};

/// `POST /_matrix/identity/v2/store-invite`: stores an invitation of an address that is not bound,
/// and sends it by mail or text.
pub(super) async fn store(
    invitations: Data<Invitations>,
    signing: Data<SigningKeys>,
    links: Data<PublicLinks>,
    Signatory(caller): Signatory,
    from: Network,
    body: Body,
) -> Result<HttpResponse, Error> {
    let mut params = body.params().await?;
    let (asked, sender) = invite_request(&mut params)?;
    if sender != caller.mxid {
        return Err(Error::forbidden("You can only invite in your own name"));
    }
    Ok(stored(&invitations.send(&caller, &from, &asked, IfBound::Refuse).await?, &signing, &links))
}

/// Reads an invitation request and the sender that it names.
pub(super) fn invite_request(params: &mut Params) -> Result<(InviteRequest, OwnedUserId), Error> {
    let medium = Medium::parse(&params.string("medium")?).ok_or_else(Error::unknown_medium)?;
    let address = params.string("address")?;
    let address = match medium {
        Medium::Email => Address::email(&address).map_err(|_| Error::invalid_email())?,
        // The invitation may be sent by text, so the number must be valid.
        Medium::Msisdn => {
            PhoneNumber::e164(&address).map_err(|invalid| Error::invalid_phone_number(invalid.into()))?.address
        }
    };
    let room_id = params.string("room_id")?;
    let room_id = RoomId::parse(&room_id)
        .ok()
        .filter(|id| !id.as_str().contains(char::is_control))
        .ok_or_else(|| Error::invalid("room_id", "a room ID"))?;
    let sender = UserId::parse(params.string("sender")?).map_err(|_| Error::invalid("sender", "a Matrix ID"))?;
    Ok((InviteRequest { address, room_id, words: InviteWords::read(|name| params.word(name)) }, sender))
}

/// Returns the answer to an invitation request, which the homeserver puts into the room.
pub(super) fn stored(invite: &StoredInvite, signing: &SigningKeys, links: &PublicLinks) -> HttpResponse {
    let public_key = signing.public_key(&invite.signing_key);
    HttpResponse::Ok().json(json!({
        "token": invite.token,
        "public_keys": [
            { "public_key": public_key, "key_validity_url": links.key_validity().as_str() },
            { "public_key": invite.public_key, "key_validity_url": links.ephemeral_key_validity().as_str() },
        ],
        "display_name": invite.display_name,
        // For homeservers that predate `public_keys`.
        "public_key": public_key,
    }))
}

/// `POST /_matrix/identity/v2/sign-ed25519`, also below `api/v1` for Element Android: signs the
/// acceptance of an invitation.
///
/// Web clients add `mxid` to the link of the mail and post to it without a body and without a
/// token, so parameters missing from the body are taken from the query.
pub(super) async fn sign(invitations: Data<Invitations>, query: Query, body: Body) -> Result<HttpResponse, Error> {
    let mut params = body.params_if_any().await?;
    let mut parameter = |name: &str| match params.optional_string(name)? {
        Some(text) => Ok(text),
        None => query.required(name).map(Cow::into_owned),
    };
    let mxid = UserId::parse(parameter("mxid")?).map_err(|_| Error::invalid("mxid", "a Matrix ID"))?;
    let token = parameter("token")?;
    let key = EphemeralKey::parse(&parameter("private_key")?)
        .ok_or_else(|| Error::invalid("private_key", "32 bytes in base64"))?;
    Ok(HttpResponse::Ok().json(invitations.sign(&mxid, &token, &key).await?))
}
