//! Invitations of addresses that are not bound yet: stored until the address is bound, and
//! announced in a message to it.
//!
//! The message is sent first, and the invitation is stored once that has succeeded. So nothing is
//! stored about an address that cannot be reached, a concurrent bind does not deliver an invitation
//! that its homeserver has not been told about, and a successful answer means that the invitation
//! is committed. If a node crashes in between, the link in the message does not work; the
//! homeserver gets no answer and asks again.

mod landing;
mod link;

use std::sync::Arc;

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma_common::{OwnedRoomId, OwnedServerName, RoomId, UserId};

use super::links::PublicLinks;
use super::messenger::{Messenger, unsent};
use super::objections::undeliverable;
use super::outbox::{Delivery, Onbind};
use super::sealing::Sealer;
use super::{Bound, Caller, Lookups, Network, Objections, Outbox, RateLimits};
use crate::clock::{Clock, Millis, SECOND};
use crate::config::{self, Retention};
use crate::crypto::base62;
use crate::crypto::ephemeral::{EphemeralKey, decode_key};
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::Column;
use crate::error::Error;
use crate::identity::redaction::redacted;
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::{DisplayName, InviteFacts, invite_email};
use crate::notify::sms::SendError;
use crate::notify::sms_texts::invite_text;
use crate::store::invites::{self, NewInvite};
use crate::store::outbox::{self, NewDelivery};
use crate::store::{self, Conn, Store, bindings, objections};

pub use landing::{Invitation, Landing};
pub use link::InviteWords;

/// The length of an invitation's token in letters and digits: 190 bits.
const TOKEN_LENGTH: usize = 32;

/// The delay before the invitation of a bound address is delivered: by then, the inviter's
/// homeserver has put it into the room, where the invited user's homeserver needs to find it.
const UNTIL_IN_ROOM: Millis = 10 * SECOND;

/// A request to invite an address.
pub struct InviteRequest {
    /// The invited address.
    pub address: Address,
    /// The room.
    pub room_id: OwnedRoomId,
    /// The other content of the message.
    pub words: InviteWords,
}

/// The data that a homeserver puts into the room.
pub struct StoredInvite {
    /// The token that identifies the invitation.
    pub token: String,
    /// The public half of its key, in base64.
    pub public_key: String,
    /// The ID of the server's key that will sign for it.
    pub signing_key: String,
    /// The address, redacted.
    pub display_name: String,
}

/// The treatment of an invitation of a bound address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfBound {
    /// It is refused with the Matrix ID, as the specification requires.
    Refuse,
    /// It is delivered to the user's homeserver, without a message, and the inviter is not told.
    Deliver,
}

/// Sends, stores, shows and completes invitations.
pub struct Invitations {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) settings: config::Invites,
    pub(super) retention: Retention,
    pub(super) server_name: OwnedServerName,
    pub(super) signing: Arc<SigningKeys>,
    pub(super) links: Arc<PublicLinks>,
    pub(super) messenger: Arc<Messenger>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) lookups: Arc<Lookups>,
    pub(super) objections: Arc<Objections>,
    pub(super) outbox: Arc<Outbox>,
}

impl Invitations {
    /// Tells an address that is not bound that the caller invites it to a room, and stores the
    /// invitation until the address is bound. If it is already bound, `if_bound` determines what
    /// happens.
    ///
    /// # Errors
    /// 400 `M_THREEPID_IN_USE` if the address is bound and that is to be refused, which is charged
    /// as a look-up; 400 `M_EMAIL_SEND_ERROR` or `M_SEND_ERROR`, in which case nothing is stored
    /// and an email is not charged to its recipient; 400 `M_DESTINATION_REJECTED`; 403 if the
    /// operator has blocked the homeserver or the room; 429.
    pub async fn send(
        self: &Arc<Self>,
        caller: &Caller,
        from: &Network,
        request: &InviteRequest,
        if_bound: IfBound,
    ) -> Result<StoredInvite, Error> {
        self.check_allowed(caller, &request.room_id)?;
        self.messenger.check_reach(&request.address)?;
        self.lookups.charge_one(caller, from, &request.address).await?;
        let bound = Bound::find(&self.store, &self.sealer, &request.address).await?;
        if let Some(bound) = bound.as_ref().filter(|_| if_bound == IfBound::Refuse) {
            return Err(Error::threepid_in_use(&bound.user_id));
        }
        let charged = self.rate_limits.charge_invite(caller, from, &request.address).await?;
        let (token, key) = (base62::random(TOKEN_LENGTH), EphemeralKey::random());
        let is_told = bound.is_none();
        if is_told && let Err(error) = self.notify(caller, request, &token, &key).await {
            // A text that failed may still have been charged for.
            if request.address.medium() == Medium::Email {
                self.rate_limits.refund_invite(charged).await?;
            }
            return Err(error);
        }
        let new = self.new_invite(caller, request, &token, &key);
        let signing_key = new.signing_key.clone();
        self.insert(new, &request.address, if_bound).await?;
        let display_name = redacted(&request.address);
        Ok(StoredInvite { public_key: key.public_key(), signing_key, display_name, token })
    }

    fn check_allowed(&self, caller: &Caller, room: &RoomId) -> Result<(), Error> {
        let inviters = caller.mxid.server_name();
        if self.settings.blocked_homeservers.iter().any(|pattern| pattern.blocks(inviters)) {
            return Err(Error::forbidden("Users of your homeserver may not invite through this server"));
        }
        if self.settings.blocked_rooms.iter().any(|pattern| pattern.blocks(room)) {
            return Err(Error::forbidden("Nobody may be invited to this room through this server"));
        }
        Ok(())
    }

    /// Sends the message, unless the owner of the address objects. The caller is a homeserver, so
    /// the invited person's language is not known.
    async fn notify(
        &self,
        caller: &Caller,
        request: &InviteRequest,
        token: &str,
        key: &EphemeralKey,
    ) -> Result<(), Error> {
        let is_wanted = self.objections.is_wanted(&request.address).await?;
        match request.address.medium() {
            Medium::Email => self.mail(caller, request, token, key, is_wanted).await,
            Medium::Msisdn => self.text(caller, request, is_wanted).await,
        }
    }

    async fn text(&self, caller: &Caller, request: &InviteRequest, is_wanted: bool) -> Result<(), Error> {
        let client = self.web_client(request.words.web_client.as_deref());
        let language = self.messenger.default_language();
        let text = self.messenger.write(language, |words| invite_text(words, caller.mxid.as_str(), client));
        self.messenger.text_if(is_wanted, &request.address, &text).await.map_err(|error| match error {
            SendError::Rejected => Error::destination_rejected(),
            error => {
                log::warn!("an invitation could not be sent by text: {error}");
                Error::text_not_sent()
            }
        })
    }

    /// Sends the email. The private half of the key exists only in its link.
    async fn mail(
        &self,
        caller: &Caller,
        request: &InviteRequest,
        token: &str,
        key: &EphemeralKey,
        is_wanted: bool,
    ) -> Result<(), Error> {
        let facts = InviteFacts {
            mxid: caller.mxid.as_str(),
            inviter: request.words.inviter.as_ref(),
            room: request.words.room.as_ref(),
            is_space: request.words.is_space,
            link: &self.landing_link(token, key, &request.words),
            lifetime: self.retention.invite,
        };
        let language = self.messenger.default_language();
        let email =
            self.messenger.write(language, |words| invite_email(words, facts)).map_err(|_| Error::internal())?;
        let sent = self.messenger.mail_if(is_wanted, &request.address, email, language).await;
        sent.map_err(|error| {
            log::warn!("an invitation could not be sent by email: {error}");
            unsent(&error)
        })
    }

    /// Stores an invitation, unless the owner of the address has objected while the message was
    /// being sent. If the address is bound, the invitation is refused or delivered.
    async fn insert(self: &Arc<Self>, new: NewInvite, address: &Address, if_bound: IfBound) -> Result<(), Error> {
        let key_until = new.created_at + self.retention.invite + self.retention.ephemeral_key;
        let (binding, objections) = (self.sealer.binding_index(address), self.sealer.objection_indexes(address));
        let (invitations, invited) = (Arc::clone(self), address.clone());
        let inserted = self.store.write(async move |conn| {
            invites::lock_address(conn, &new.address_index).await?;
            if objections::since(conn, objections).await?.is_some() {
                return Err(undeliverable(&invited));
            }
            let bound = bindings::by_address(conn, binding.as_ref()).await?;
            let user =
                bound.map(|row| invitations.sealer.open_bound_mxid(&row.address_index, &row.mxid)).transpose()?;
            if let Some(user) = user.as_ref().filter(|_| if_bound == IfBound::Refuse) {
                return Err(Error::threepid_in_use(user));
            }
            let now = new.created_at;
            invites::insert(conn, new, key_until).await?;
            if let Some(user) = user {
                let mut deliveries = invitations.complete(conn, &invited, &user, now).await?;
                for delivery in &mut deliveries {
                    delivery.next_at += UNTIL_IN_ROOM;
                }
                outbox::queue_all(conn, deliveries).await?;
            }
            Ok::<_, Error>(())
        });
        inserted.await?;
        self.outbox.wake();
        Ok(())
    }

    fn new_invite(&self, caller: &Caller, request: &InviteRequest, token: &str, key: &EphemeralKey) -> NewInvite {
        let owner = self.sealer.ephemeral_key_index(&key.public_bytes());
        let seal = |column, value: &str| self.sealer.seal_invite(column, &owner, value);
        NewInvite {
            token_hash: self.sealer.invite_token_index(token).as_ref().to_vec(),
            account_id: caller.account_id,
            address_index: self.sealer.invite_address_index(&request.address).as_ref().to_vec(),
            address: seal(Column::InviteAddress, &request.address.to_sealed()),
            token: seal(Column::InviteToken, token),
            room_id: seal(Column::InviteRoom, request.room_id.as_str()),
            sender: seal(Column::InviteSender, caller.mxid.as_str()),
            key_index: owner.as_ref().to_vec(),
            signing_key: self.signing.current().0.to_owned(),
            created_at: self.clock.now(),
        }
    }

    /// Completes the pending invitations of an address in the transaction that binds it; returns
    /// the deliveries to be queued.
    pub(super) async fn complete(
        &self,
        conn: &mut Conn,
        address: &Address,
        mxid: &UserId,
        bound_at: Millis,
    ) -> Result<Vec<NewDelivery>, store::Error> {
        let index = self.sealer.invite_address_index(address);
        let pending = invites::pending_of_address(conn, index.as_ref(), bound_at - self.retention.invite).await?;
        let (mut completed, mut deliveries) = (Vec::new(), Vec::new());
        for row in pending {
            let Ok(invite) = self.sealer.open_invite(&row) else {
                log::error!(
                    "an invitation cannot be decrypted and is not delivered: was the database restored or altered?"
                );
                continue;
            };
            completed.push(row.id);
            deliveries.push(self.outbox.seal(&Delivery::Onbind(Onbind {
                address: address.clone(),
                mxid: mxid.to_owned(),
                bound_at,
                room_id: invite.room_id,
                sender: invite.sender,
                token: invite.token,
                signing_key: row.signing_key,
            })));
        }
        if !completed.is_empty() {
            invites::delivered(conn, completed, bound_at + self.retention.ephemeral_key).await?;
        }
        Ok(deliveries)
    }

    /// Signs that a user accepts an invitation, with the given key. It is up to the homeservers in
    /// the room to verify that this is the invitation's key, since they have its public half.
    ///
    /// # Errors
    /// 404 `M_UNRECOGNIZED` if there is no such invitation, or no longer.
    pub async fn sign(&self, mxid: &UserId, token: &str, key: &EphemeralKey) -> Result<CanonicalJsonObject, Error> {
        let created_after = self.clock.now() - self.retention.invite;
        let token_hash = self.sealer.invite_token_index(token);
        let row = invites::by_token_hash(&mut self.store.read().await?, token_hash.as_ref(), created_after).await?;
        let invite = self.sealer.open_invite(&row.ok_or_else(Error::unknown_invite)?)?;
        let fields = [("mxid", mxid.as_str()), ("sender", invite.sender.as_str()), ("token", &invite.token)];
        let text = |text: &str| CanonicalJsonValue::String(text.to_owned());
        let mut signed = fields.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
        key.sign(&mut signed, &self.server_name);
        Ok(signed)
    }

    /// Returns whether this public key, in base64, belongs to an invitation that is pending or was
    /// until recently.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn is_key_valid(&self, public_key: &str) -> Result<bool, Error> {
        let Some(key) = decode_key(public_key) else { return Ok(false) };
        let index = self.sealer.ephemeral_key_index(&key);
        Ok(invites::is_key_valid(&mut self.store.read().await?, index.as_ref(), self.clock.now()).await?)
    }
}
