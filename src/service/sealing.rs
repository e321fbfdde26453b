//! The values that the database stores in place of names and addresses. Every sealed column and
//! every blind index is defined here.
//!
//! Each method names its column, so that no caller chooses a key or an owner.

use std::iter;
use std::sync::Arc;

use ruma_common::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde_json::Value;

use crate::clock::Millis;
use crate::crypto::vault::{BlindIndex, Column, Purpose, Vault, token_hash};
use crate::error::Error;
use crate::identity::network::Network;
use crate::identity::rate_limit::kind::Kind;
use crate::identity::recent_lookups::Token;
use crate::identity::session::ClientSecret;
use crate::identity::threepid::Address;
use crate::store::accounts::Account;
use crate::store::bindings::Binding;
use crate::store::erasures::Erasure;
use crate::store::invites::Invite;
use crate::store::outbox;
use crate::store::sessions::Session;

/// Seals, opens and indexes the columns of rows. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sealer {
    vault: Arc<Vault>,
}

/// The sealed columns of an invitation, except for the address.
pub(super) struct PendingInvite {
    /// The token that identifies the invitation in its room.
    pub token: String,
    /// The room.
    pub room_id: OwnedRoomId,
    /// The user who sent the invitation.
    pub sender: OwnedUserId,
}

/// The form in which an address is stored.
pub(super) enum Form {
    /// The form of [`Address::to_sealed`], or a value that is not checked.
    Current,
    /// The form of an earlier version: the address, and its current form.
    Former { address: Address, sealed: Vec<u8> },
    /// It is no longer a valid address.
    Invalid,
}

impl Sealer {
    pub(super) const fn new(vault: Arc<Vault>) -> Self {
        Self { vault }
    }

    fn user(&self, purpose: Purpose, mxid: &UserId) -> BlindIndex {
        self.vault.index(purpose, &[mxid.as_bytes()])
    }

    fn address(&self, purpose: Purpose, address: &Address) -> BlindIndex {
        self.vault.index(purpose, &[address.medium().as_str().as_bytes(), address.as_str().as_bytes()])
    }

    /// `accounts.user_index`
    pub(super) fn account_index(&self, mxid: &UserId) -> BlindIndex {
        self.user(Purpose::Account, mxid)
    }

    /// `accounts.user_index` and `accounts.mxid`
    pub(super) fn seal_account(&self, mxid: &UserId) -> (BlindIndex, Vec<u8>) {
        let index = self.account_index(mxid);
        (index, self.vault.seal(Column::AccountMxid, &index, mxid.as_str()))
    }

    pub(super) fn open_account(&self, account: &Account) -> Result<OwnedUserId, Error> {
        user_id(self.vault.open(Column::AccountMxid, &account.user_index, &account.mxid)?)
    }

    /// `recent_lookups.token_index`, of the hash of an access token.
    pub(super) fn token_index(&self, token_hash: &[u8]) -> BlindIndex {
        self.vault.index(Purpose::RecentLookups, &[token_hash])
    }

    /// The identity of an access token, and the keys of its look-ups.
    pub(super) fn token(&self, token: &str) -> Token {
        let hash = token_hash(token);
        Token { hash, index: self.token_index(&hash).lasting(), keys: self.vault.token_keys(token) }
    }

    /// `bindings.address_index`
    pub(super) fn binding_index(&self, address: &Address) -> BlindIndex {
        self.address(Purpose::BindingAddress, address)
    }

    /// `bindings.user_index`
    pub(super) fn binding_user_index(&self, mxid: &UserId) -> BlindIndex {
        self.user(Purpose::BindingUser, mxid)
    }

    /// A row of `bindings`.
    pub(super) fn seal_binding(&self, address: &Address, mxid: &UserId, bound_at: Millis) -> Binding {
        let owner = self.binding_index(address);
        Binding {
            address_index: owner.as_ref().to_vec(),
            user_index: self.binding_user_index(mxid).as_ref().to_vec(),
            address: self.vault.seal(Column::BindingAddress, &owner, &address.to_sealed()),
            mxid: self.vault.seal(Column::BindingMxid, &owner, mxid.as_str()),
            bound_at,
        }
    }

    /// `bindings.address`, opened but not parsed: the directory hashes the text as it is.
    pub(super) fn open_bound_text(&self, address_index: &[u8], sealed: &[u8]) -> Result<String, Error> {
        Ok(self.vault.open(Column::BindingAddress, address_index, sealed)?)
    }

    /// `bindings.address`
    pub(super) fn open_bound_address(&self, address_index: &[u8], sealed: &[u8]) -> Result<Address, Error> {
        parsed(&self.open_bound_text(address_index, sealed)?)
    }

    /// `bindings.mxid`
    pub(super) fn open_bound_mxid(&self, address_index: &[u8], sealed: &[u8]) -> Result<OwnedUserId, Error> {
        user_id(self.vault.open(Column::BindingMxid, address_index, sealed)?)
    }

    /// The user of a binding that is being removed, or `None` if it does not open, which must not
    /// prevent the removal.
    pub(super) fn bound_user(&self, row: &Binding) -> Option<OwnedUserId> {
        self.open_bound_mxid(&row.address_index, &row.mxid).ok()
    }

    /// The address of a binding that is being replaced, or `None` if it does not open, which must not
    /// prevent the replacement.
    pub(super) fn bound_address(&self, row: &Binding) -> Option<Address> {
        self.open_bound_address(&row.address_index, &row.address).ok()
    }

    /// `sessions.session_key`: equal for the same asker, address and secret.
    pub(super) fn session_key(&self, asker: &[u8], address: &Address, secret: &ClientSecret) -> BlindIndex {
        let medium = address.medium().as_str().as_bytes();
        self.vault.index(Purpose::Session, &[asker, medium, address.as_str().as_bytes(), secret.as_bytes()])
    }

    /// `sessions.secret_hash`
    pub(super) fn client_secret_index(&self, secret: &ClientSecret) -> BlindIndex {
        self.vault.index(Purpose::ClientSecret, &[secret.as_bytes()])
    }

    /// `sessions.address_index`
    pub(super) fn session_address_index(&self, address: &Address) -> BlindIndex {
        self.address(Purpose::SessionAddress, address)
    }

    /// `sessions.address`
    pub(super) fn seal_session_address(&self, session_key: &BlindIndex, address: &Address) -> Vec<u8> {
        self.vault.seal(Column::SessionAddress, session_key, &address.to_sealed())
    }

    pub(super) fn open_session_address(&self, session: &Session) -> Result<Address, Error> {
        parsed(&self.vault.open(Column::SessionAddress, &session.key, &session.address)?)
    }

    /// `sessions.next_link`
    pub(super) fn seal_next_link(&self, session_key: &BlindIndex, link: &str) -> Vec<u8> {
        self.vault.seal(Column::SessionNextLink, session_key, link)
    }

    pub(super) fn open_next_link(&self, session: &Session) -> Result<Option<String>, Error> {
        let open = |sealed: &Vec<u8>| self.vault.open(Column::SessionNextLink, &session.key, sealed);
        Ok(session.next_link.as_ref().map(open).transpose()?)
    }

    /// The index whose lasting form is in a link.
    pub(super) fn in_link(&self, purpose: Purpose, lasting: [u8; 16]) -> Vec<u8> {
        self.vault.index_of(purpose, lasting).as_ref().to_vec()
    }

    /// The token in the mails of a session; it is derived, not stored.
    pub(super) fn validation_token(&self, sid: &str) -> String {
        self.vault.validation_token(sid)
    }

    /// Whether this is the token in the mails of a session.
    pub(super) fn is_validation_token(&self, sid: &str, token: &str) -> bool {
        self.vault.is_validation_token(sid, token)
    }

    /// Whether this is the code in the texts of a session.
    pub(super) fn is_validation_code(&self, sid: &str, since: Millis, code: &str) -> bool {
        self.vault.is_validation_code(sid, since, code)
    }

    /// The code in the texts of a session, first sent at `since`; it is derived, not stored.
    pub(super) fn validation_code(&self, sid: &str, since: Millis) -> String {
        self.vault.validation_code(sid, since)
    }

    /// `invites.address_index`
    pub(super) fn invite_address_index(&self, address: &Address) -> BlindIndex {
        self.address(Purpose::InviteAddress, address)
    }

    /// `invites.token_hash`
    pub(super) fn invite_token_index(&self, token: &str) -> BlindIndex {
        self.vault.index(Purpose::InviteToken, &[token.as_bytes()])
    }

    /// `invites.key_index` and `ephemeral_keys.key_index`
    pub(super) fn ephemeral_key_index(&self, public_key: &[u8; 32]) -> BlindIndex {
        self.vault.index(Purpose::EphemeralKey, &[public_key])
    }

    /// A sealed column of `invites`.
    pub(super) fn seal_invite(&self, column: Column, key_index: &BlindIndex, value: &str) -> Vec<u8> {
        self.vault.seal(column, key_index, value)
    }

    pub(super) fn open_invite(&self, row: &Invite) -> Result<PendingInvite, Error> {
        let open = |column, sealed: &[u8]| self.vault.open(column, &row.key_index, sealed);
        Ok(PendingInvite {
            token: open(Column::InviteToken, &row.token)?,
            room_id: RoomId::parse(open(Column::InviteRoom, &row.room_id)?).map_err(|_| Error::internal())?,
            sender: user_id(open(Column::InviteSender, &row.sender)?)?,
        })
    }

    /// `invites.address`, or `None` once the invitation has been delivered.
    pub(super) fn open_invited(&self, row: &Invite) -> Result<Option<Address>, Error> {
        let open = |sealed: &Vec<u8>| parsed(&self.vault.open(Column::InviteAddress, &row.key_index, sealed)?);
        row.address.as_ref().map(open).transpose()
    }

    /// `invites.address`, of a row that is not read as a whole; `None` if it does not open.
    pub(super) fn open_invited_text(&self, key_index: &[u8], sealed: &[u8]) -> Option<Address> {
        parsed(&self.vault.open(Column::InviteAddress, key_index, sealed).ok()?).ok()
    }

    /// `outbox.user_index` and `outbox.cause_index`
    pub(super) fn outbox_user_index(&self, mxid: &UserId) -> BlindIndex {
        self.user(Purpose::OutboxUser, mxid)
    }

    /// `outbox.address_index`
    pub(super) fn outbox_address_index(&self, address: &Address) -> BlindIndex {
        self.address(Purpose::OutboxAddress, address)
    }

    /// `outbox.destination`
    pub(super) fn outbox_destination_index(&self, kind: &str, destination: &str) -> BlindIndex {
        self.vault.index(Purpose::OutboxDestination, &[kind.as_bytes(), destination.as_bytes()])
    }

    /// `outbox.payload`
    pub(super) fn seal_payload(&self, owner: &BlindIndex, payload: &str) -> Vec<u8> {
        self.vault.seal(Column::OutboxPayload, owner, payload)
    }

    pub(super) fn open_payload(&self, row: &outbox::Delivery) -> Result<String, Error> {
        Ok(self.vault.open(Column::OutboxPayload, &row.owner, &row.payload)?)
    }

    /// `visits.token_hash`
    pub(super) fn web_session_index(&self, token: &str) -> BlindIndex {
        self.vault.index(Purpose::Visit, &[token.as_bytes()])
    }

    /// `visits.token_hash`, from a link, in which it is as it was stored then.
    pub(super) fn visit_in_link(&self, token_hash: &[u8]) -> Vec<u8> {
        self.vault.sought_as_stored(Purpose::Visit, token_hash)
    }

    /// `visits.subject_index`, for a user.
    pub(super) fn web_session_user_index(&self, mxid: &UserId) -> BlindIndex {
        self.user(Purpose::VisitSubject, mxid)
    }

    /// `visits.subject_index`, for an address.
    pub(super) fn web_session_address_index(&self, address: &Address) -> BlindIndex {
        self.address(Purpose::VisitSubject, address)
    }

    /// `visits.subject`
    pub(super) fn seal_subject(&self, token_index: &BlindIndex, subject: &str) -> Vec<u8> {
        self.vault.seal(Column::VisitSubject, token_index, subject)
    }

    pub(super) fn open_subject(&self, token_index: &BlindIndex, sealed: &[u8]) -> Result<String, Error> {
        Ok(self.vault.open(Column::VisitSubject, token_index.as_ref(), sealed)?)
    }

    /// The token in the forms of a web session; it is not stored.
    pub(super) fn form_token(&self, token: &str) -> [u8; 16] {
        self.vault.index(Purpose::VisitForm, &[token.as_bytes()]).lasting()
    }

    /// `openid_tokens.token_hash`
    pub(super) fn openid_token_index(&self, token: &str) -> BlindIndex {
        self.vault.index(Purpose::OpenIdToken, &[token.trim().as_bytes()])
    }

    /// `tokens.confirmed_by` and `visits.confirmed_by`
    pub(super) fn confirmed_index(&self, address: &Address) -> BlindIndex {
        self.address(Purpose::ConfirmedBy, address)
    }

    /// Whether `tokens.confirmed_by` or `visits.confirmed_by` is this address.
    pub(super) fn is_confirmed_by(&self, by: &[u8], address: &Address) -> bool {
        self.vault.renewed(Purpose::ConfirmedBy, by) == self.confirmed_index(address).as_ref()
    }

    /// The id by which a user names an address of theirs without spelling it out. It differs for
    /// each user and each time the address is bound, and changes with the master key.
    pub(super) fn address_id(&self, binding: &Binding) -> [u8; 16] {
        let parts = [&binding.user_index, &binding.address_index, &binding.bound_at.to_be_bytes()[..]];
        self.vault.index(Purpose::AddressId, &parts).lasting()
    }

    /// `erasures.user_index`
    pub(super) fn erasure_index(&self, mxid: &UserId) -> BlindIndex {
        self.user(Purpose::Erasure, mxid)
    }

    /// `erasures.mxid`
    pub(super) fn seal_erasure(&self, mxid: &UserId) -> Vec<u8> {
        self.vault.seal(Column::ErasureMxid, &self.erasure_index(mxid), mxid.as_str())
    }

    pub(super) fn open_erasure(&self, row: &Erasure) -> Result<OwnedUserId, Error> {
        user_id(self.vault.open(Column::ErasureMxid, &row.user_index, &row.mxid)?)
    }

    /// `objections.address_index`
    pub(super) fn objection_index(&self, address: &Address) -> BlindIndex {
        self.address(Purpose::Objection, address)
    }

    /// Every `objections.address_index` that an address can have: the current one, and that of its
    /// former form. The latter cannot be converted, because the address behind it is unknown.
    pub(super) fn objection_indexes(&self, address: &Address) -> Vec<Vec<u8>> {
        let former = address
            .former_form()
            .map(|form| self.vault.index(Purpose::Objection, &[address.medium().as_str().as_bytes(), form.as_bytes()]));
        iter::once(self.objection_index(address)).chain(former).map(|index| index.as_ref().to_vec()).collect()
    }

    /// Returns the form in which a sealed address is stored; for `outbox.payload`, that of the
    /// address in it.
    pub(super) fn form(&self, column: Column, owner: &[u8], sealed: &[u8]) -> Form {
        // A row that does not open is reported where it is used.
        let Ok(text) = self.vault.open(column, owner, sealed) else { return Form::Current };
        let mut payload = (column == Column::OutboxPayload).then(|| serde_json::from_str(&text).unwrap_or(Value::Null));
        let stored = payload.as_ref().map_or(text.as_str(), |payload| payload["address"].as_str().unwrap_or_default());
        let is_user = column == Column::VisitSubject && stored.starts_with('@');
        if is_user || Address::from_sealed(stored).is_ok() {
            return Form::Current;
        }
        let Ok(address) = Address::from_former_sealed(stored) else { return Form::Invalid };
        let text = match &mut payload {
            Some(payload) => {
                payload["address"] = address.to_sealed().into();
                payload.to_string()
            }
            None => address.to_sealed(),
        };
        Form::Former { sealed: self.vault.seal(column, owner, &text), address }
    }

    /// `unbind_signatures.signature_hash`
    pub(super) fn unbind_signature_index(&self, origin: &str, signature: &[u8]) -> BlindIndex {
        self.vault.index(Purpose::UnbindSignature, &[origin.as_bytes(), signature])
    }

    /// `unbind_signatures.network_index`. It differs for each signature, so that equal networks
    /// cannot be recognised.
    pub(super) fn unbind_network_index(&self, signature: &BlindIndex, network: &Network) -> BlindIndex {
        self.vault.index(Purpose::UnbindNetwork, &[&signature.lasting(), network.to_string().as_bytes()])
    }

    /// `rate_limits.key`, of the limit's kind and subject.
    pub(super) fn rate_limit_key(&self, kind: Kind, subject: &[u8]) -> BlindIndex {
        self.vault.index(Purpose::RateLimit, &[kind.to_string().as_bytes(), subject])
    }

    /// `homeservers.domain_index`
    pub(super) fn homeserver_index(&self, group: &str) -> BlindIndex {
        self.vault.index(Purpose::HomeserverDomain, &[group.as_bytes()])
    }
}

fn parsed(sealed: &str) -> Result<Address, Error> {
    Address::from_sealed(sealed).map_err(|_| Error::internal())
}

fn user_id(text: String) -> Result<OwnedUserId, Error> {
    UserId::parse(text).map_err(|_| Error::internal())
}
