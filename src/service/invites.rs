//! Invitations of addresses that are bound to nobody yet: kept until the address is bound, and told to whoever reads its mail.
//!
//! The message is sent first, and the invitation kept when it is on its way: so nothing is kept of what could not be sent, a bind
//! in the meantime does not deliver an invitation that its homeserver has not been told of, and what was acknowledged is committed. A
//! node that dies in between has sent a link that leads nowhere, and its caller gets no answer and asks again.

mod landing;
mod link;

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma_common::{OwnedRoomId, RoomId, UserId};

use super::objections::undeliverable;
use super::{Caller, Network, Vouch};
use crate::crypto::base62;
use crate::crypto::ephemeral::{EphemeralKey, decode_key};
use crate::crypto::vault::Column;
use crate::error::Error;
use crate::identity::redaction::redacted;
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::{DisplayName, InviteFacts, invite_email};
use crate::notify::sms::SendError;
use crate::notify::sms_texts::invite_text;
use crate::store::invites::{self, NewInvite};
use crate::store::{bindings, objections};

pub use landing::{Invitation, Landing};
pub use link::InviteWords;

/// Letters and digits of an invitation's token: 190 bits.
const TOKEN_LENGTH: usize = 32;

/// What a homeserver asks with `store-invite`.
pub struct InviteRequest {
    /// Who is invited.
    pub address: Address,
    /// Where to.
    pub room_id: OwnedRoomId,
    /// What else the message may tell.
    pub words: InviteWords,
}

/// What a homeserver puts into the room.
pub struct StoredInvite {
    /// By what the invitation is known.
    pub token: String,
    /// The public half of its key, in base64.
    pub public_key: String,
    /// The address, redacted.
    pub display_name: String,
}

impl Vouch {
    /// Tells somebody who is not known here that the caller invites him into a room, and keeps that until the address is bound.
    ///
    /// # Errors
    /// 400 `M_THREEPID_IN_USE`, which is charged as a look-up; 400 `M_EMAIL_SEND_ERROR` or `M_SEND_ERROR`, and then nothing is kept, nor charged
    /// for a mail; 400 `M_DESTINATION_REJECTED`; 403 if the operator has blocked homeserver or room; 429.
    pub async fn store_invite(
        &self,
        caller: &Caller,
        from: &Network,
        request: &InviteRequest,
    ) -> Result<StoredInvite, Error> {
        self.check_invite_allowed(caller, &request.room_id)?;
        let medium = request.address.medium();
        if medium == Medium::Msisdn && !self.messenger.sms_sender.reaches(&request.address) {
            return Err(Error::destination_rejected());
        }
        self.charge_as_lookup(caller, from, &request.address).await?;
        if let Some(bound) = self.binding_of(&request.address).await? {
            return Err(Error::threepid_in_use(&bound.user_id));
        }
        let charged = self.rate_limits.charge_invite(caller, from, &request.address).await?;
        let (token, key) = (base62::random(TOKEN_LENGTH), EphemeralKey::random());
        if let Err(error) = self.tell_wanted(caller, request, &token, &key).await {
            // A text that failed may have been paid for all the same.
            if medium == Medium::Email {
                self.rate_limits.refund_invite(charged).await?;
            }
            return Err(error);
        }
        let stored = StoredInvite {
            public_key: key.public_key(),
            display_name: redacted(&request.address),
            token: token.clone(),
        };
        self.keep_invite(self.new_invite(caller, request, &token, &key), &request.address).await?;
        Ok(stored)
    }

    fn check_invite_allowed(&self, caller: &Caller, room: &RoomId) -> Result<(), Error> {
        let settings = &self.config.invites;
        let inviters = caller.mxid.server_name();
        if settings.blocked_homeservers.iter().any(|pattern| pattern.blocks(inviters)) {
            return Err(Error::forbidden("Users of your homeserver may not invite by this server"));
        }
        if settings.blocked_rooms.iter().any(|pattern| pattern.blocks(room)) {
            return Err(Error::forbidden("Nobody may be invited into this room by this server"));
        }
        Ok(())
    }

    /// Sends the message, unless the owner of the address objects.
    async fn tell_wanted(
        &self,
        caller: &Caller,
        request: &InviteRequest,
        token: &str,
        key: &EphemeralKey,
    ) -> Result<(), Error> {
        self.objections.check_wanted(&request.address).await?;
        self.tell_invited(caller, request, token, key).await
    }

    /// Sends the message. Whoever asks is a homeserver, so in what language the invited person reads is not known.
    async fn tell_invited(
        &self,
        caller: &Caller,
        request: &InviteRequest,
        token: &str,
        key: &EphemeralKey,
    ) -> Result<(), Error> {
        if request.address.medium() == Medium::Email {
            return self.mail_invited(caller, request, token, key).await;
        }
        let client = self.web_client(request.words.web_client.as_deref());
        let text = invite_text(self.messenger.words(self.texts.default_language()), caller.mxid.as_str(), client);
        self.messenger.sms_sender.send(&request.address, &text).await.map_err(|error| match error {
            SendError::Rejected => Error::destination_rejected(),
            error => {
                log::warn!("the text of an invitation was not sent: {error}");
                Error::text_not_sent()
            }
        })
    }

    /// Sends the mail. The private half of the key is in it and nowhere else.
    async fn mail_invited(
        &self,
        caller: &Caller,
        request: &InviteRequest,
        token: &str,
        key: &EphemeralKey,
    ) -> Result<(), Error> {
        let link = self.landing_link(token, key, &request.words);
        let facts = InviteFacts {
            mxid: caller.mxid.as_str(),
            inviter: request.words.inviter.as_ref(),
            room: request.words.room.as_ref(),
            is_space: request.words.is_space,
            link: &link,
            lifetime: self.config.retention.invite,
        };
        let email =
            invite_email(self.messenger.words(self.texts.default_language()), facts).map_err(|_| Error::internal())?;
        self.messenger.mailer.send(&request.address, email).await.map_err(|error| {
            log::warn!("the mail of an invitation was not sent: {error}");
            Error::email_not_sent()
        })
    }

    /// Keeps an invitation, unless its address was bound or its owner has objected while the message was sent.
    async fn keep_invite(&self, new: NewInvite, address: &Address) -> Result<(), Error> {
        let retention = &self.config.retention;
        let key_until = new.created_at + retention.invite + retention.ephemeral_key;
        let (binding_index, objection_index) =
            (self.sealer.binding_index(address), self.sealer.objection_index(address));
        let refusal = undeliverable(address);
        let bound = self.store.write(async move |conn| {
            invites::hold_address(conn, &new.address_index).await?;
            if objections::since(conn, objection_index.as_ref()).await?.is_some() {
                return Err(refusal);
            }
            let bound = bindings::by_address(conn, binding_index.as_ref()).await?;
            if bound.is_none() {
                invites::insert(conn, new, key_until).await?;
            }
            Ok::<_, Error>(bound)
        });
        match bound.await? {
            Some(row) => Err(Error::threepid_in_use(&self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?)),
            None => Ok(()),
        }
    }

    fn new_invite(&self, caller: &Caller, request: &InviteRequest, token: &str, key: &EphemeralKey) -> NewInvite {
        let owner = self.sealer.ephemeral_key_index(&key.public_bytes());
        NewInvite {
            token_hash: self.sealer.invite_token_index(token).as_ref().to_vec(),
            account_id: caller.account_id,
            address_index: self.sealer.invite_address_index(&request.address).as_ref().to_vec(),
            address: self.sealer.seal_invite(Column::InviteAddress, &owner, &request.address.to_sealed()),
            token: self.sealer.seal_invite(Column::InviteToken, &owner, token),
            room_id: self.sealer.seal_invite(Column::InviteRoom, &owner, request.room_id.as_str()),
            sender: self.sealer.seal_invite(Column::InviteSender, &owner, caller.mxid.as_str()),
            key_index: owner.as_ref().to_vec(),
            signing_key: self.signing.current().0.to_owned(),
            created_at: self.clock.now(),
        }
    }

    /// Signs that a user accepts an invitation, with the given key. Whether it is the invitation's is for the room to say, which has its public
    /// half: the homeservers in it verify the signature.
    ///
    /// # Errors
    /// 404 `M_UNRECOGNIZED` if there is no such invitation, or no longer.
    pub async fn sign_invite(
        &self,
        mxid: &UserId,
        token: &str,
        key: &EphemeralKey,
    ) -> Result<CanonicalJsonObject, Error> {
        let created_after = self.clock.now() - self.config.retention.invite;
        let row = invites::by_token_hash(
            &mut self.store.read().await?,
            self.sealer.invite_token_index(token).as_ref(),
            created_after,
        )
        .await?;
        let invite = self.sealer.open_invite(&row.ok_or_else(Error::unknown_invite)?)?;
        let fields = [("mxid", mxid.as_str()), ("sender", invite.sender.as_str()), ("token", &invite.token)];
        let text = |text: &str| CanonicalJsonValue::String(text.to_owned());
        let mut signed = fields.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
        key.sign(&mut signed, &self.config.server.name);
        Ok(signed)
    }

    /// Whether a public key, in base64, is that of an invitation which waits, or did not long ago.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn is_ephemeral_key_valid(&self, public_key: &str) -> Result<bool, Error> {
        let Some(key) = decode_key(public_key) else { return Ok(false) };
        let index = self.sealer.ephemeral_key_index(&key);
        Ok(invites::is_key_valid(&mut self.store.read().await?, index.as_ref(), self.clock.now()).await?)
    }
}
