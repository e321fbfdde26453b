//! Sealed values and blind indexes, the only forms in which personal data reaches the database. All
//! keys are derived from the master key.
//!
//! A sealed value consists of the number of its master key, a nonce, and the value encrypted with AES-256-GCM
//! after padding to a multiple of 32 bytes. Table, column and owner are associated data, so it does
//! not open in another row or column. Each column has its own key; with random 96-bit nonces, a key
//! is good for 2³² values, more than a column will ever see. A blind index is an HMAC-SHA256
//! truncated to 16 bytes. Each table has its own key, so equal values in two tables look different.

mod audit;
mod generations;
mod keys;
mod links;
mod tokens;
mod touched;

use std::fmt;
use std::sync::Mutex;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use arc_swap::ArcSwap;
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use generations::Generations;
use touched::Touched;

pub use audit::{AuditKeys, Place};
pub use keys::BlindIndex;
#[cfg(test)]
pub(crate) use links::LONGEST_VALUE;
pub use tokens::TokenKeys;
pub use touched::Touch;

use super::base62;
use super::master_key::MasterKey;
use crate::clock::Millis;

const NONCE_BYTES: usize = 12;
const BLOCK: usize = 32;
/// Marks the end of the value inside its padding.
const END: u8 = 0x80;

/// The column of a sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `accounts.mxid`, owned by the account's index.
    AccountMxid,
    /// `bindings.address`, owned by the binding's address index.
    BindingAddress,
    /// `bindings.mxid`, owned by the binding's address index.
    BindingMxid,
    /// `sessions.address`, owned by the session's key.
    SessionAddress,
    /// `sessions.next_link`, owned by the session's key.
    SessionNextLink,
    /// `invites.address`, owned by the key's index.
    InviteAddress,
    /// `invites.token`, owned by the key's index.
    InviteToken,
    /// `invites.room_id`, owned by the key's index.
    InviteRoom,
    /// `invites.sender`, owned by the key's index.
    InviteSender,
    /// `outbox.payload`, owned by the row's random owner.
    OutboxPayload,
    /// `visits.subject`, owned by the index of the visit's token.
    VisitSubject,
    /// `erasures.mxid`, owned by the index of the Matrix ID.
    ErasureMxid,
    /// The secret of the audit log in `meta`.
    AuditSecret,
    /// The former master keys in `meta`.
    FormerKeys,
}

impl Column {
    /// Every variant at its own index, with the label that its key is derived from. Labels must
    /// never change.
    const ALL: [(Self, &'static str); 14] = [
        (Self::AccountMxid, "accounts.mxid"),
        (Self::BindingAddress, "bindings.address"),
        (Self::BindingMxid, "bindings.mxid"),
        (Self::SessionAddress, "sessions.address"),
        (Self::SessionNextLink, "sessions.next_link"),
        (Self::InviteAddress, "invites.address"),
        (Self::InviteToken, "invites.token"),
        (Self::InviteRoom, "invites.room_id"),
        (Self::InviteSender, "invites.sender"),
        (Self::OutboxPayload, "outbox.payload"),
        (Self::VisitSubject, "visits.subject"),
        (Self::ErasureMxid, "erasures.mxid"),
        (Self::AuditSecret, "meta.audit_key"),
        (Self::FormerKeys, "meta.former_master_keys"),
    ];

    const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// The purpose of a blind index. Each has its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `accounts.user_index`, of a Matrix ID.
    Account,
    /// `bindings.address_index`, of an address.
    BindingAddress,
    /// `bindings.user_index`, of a Matrix ID.
    BindingUser,
    /// `sessions.session_key`, of account, address and client secret.
    Session,
    /// `sessions.address_index`, of an address.
    SessionAddress,
    /// `sessions.secret_hash`, of a client secret.
    ClientSecret,
    /// `rate_limits.key`, of a limit's name and subject.
    RateLimit,
    /// `homeservers.domain_index`, of a homeserver's domain.
    HomeserverDomain,
    /// `unbind_signatures.signature_hash`, of a homeserver's name and its signature.
    UnbindSignature,
    /// `unbind_signatures.network_index`, of the signature's index and a network.
    UnbindNetwork,
    /// `invites.address_index`, of an address.
    InviteAddress,
    /// `invites.token_hash`, of a token, which others in the room can see.
    InviteToken,
    /// `invites.key_index` and `ephemeral_keys.key_index`, of a public key.
    EphemeralKey,
    /// `outbox.user_index` and `outbox.cause_index`, of a Matrix ID.
    OutboxUser,
    /// `outbox.address_index`, of an address.
    OutboxAddress,
    /// `outbox.destination`, of the recipient.
    OutboxDestination,
    /// `visits.token_hash`, of a visit's token.
    Visit,
    /// `visits.subject_index`, of a Matrix ID or an address.
    VisitSubject,
    /// The token in the forms of a visit, of the visit's token.
    VisitForm,
    /// `objections.address_index`, of an address.
    Objection,
    /// `recent_lookups.token_index`, of the hash of an access token.
    RecentLookups,
    /// `openid_tokens.token_hash`, of an OpenID token.
    OpenIdToken,
    /// `tokens.confirmed_by` and `visits.confirmed_by`, of an address.
    ConfirmedBy,
    /// The id by which a user refers to one of their addresses, of user, address and time.
    AddressId,
    /// `erasures.user_index`, of a Matrix ID.
    Erasure,
}

impl Purpose {
    /// Whether rows are found by it, with an index of the database, and not only compared.
    const fn is_sought(self) -> bool {
        !matches!(
            self,
            Self::VisitForm | Self::AddressId | Self::ConfirmedBy | Self::UnbindNetwork | Self::OutboxDestination
        )
    }

    /// Every variant at its own index, with the label that its key is derived from. Labels must
    /// never change.
    const ALL: [(Self, &'static str); 25] = [
        (Self::Account, "index:accounts.user"),
        (Self::BindingAddress, "index:bindings.address"),
        (Self::BindingUser, "index:bindings.user"),
        (Self::Session, "index:sessions.key"),
        (Self::SessionAddress, "index:sessions.address"),
        (Self::ClientSecret, "index:sessions.secret"),
        (Self::RateLimit, "index:budgets.principal"),
        (Self::HomeserverDomain, "index:homeservers.domain"),
        (Self::UnbindSignature, "index:unbind_signatures.signature"),
        (Self::UnbindNetwork, "index:unbind_signatures.network"),
        (Self::InviteAddress, "index:invites.address"),
        (Self::InviteToken, "index:invites.token"),
        (Self::EphemeralKey, "index:ephemeral_keys.key"),
        (Self::OutboxUser, "index:outbox.user"),
        (Self::OutboxAddress, "index:outbox.address"),
        (Self::OutboxDestination, "index:outbox.destination"),
        (Self::Visit, "index:visits.token"),
        (Self::VisitSubject, "index:visits.subject"),
        (Self::VisitForm, "index:visits.form"),
        (Self::Objection, "index:objections.address"),
        (Self::RecentLookups, "index:recent_lookups.token"),
        (Self::OpenIdToken, "index:openid_tokens.token"),
        (Self::ConfirmedBy, "index:confirmed_by"),
        (Self::AddressId, "index:address_id"),
        (Self::Erasure, "index:erasures.user"),
    ];
}

/// A value that does not open: it was altered, moved to another row or column, or sealed with
/// another master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsealable;

impl fmt::Display for Unsealable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sealed value does not open")
    }
}

impl std::error::Error for Unsealable {}

/// Seals, opens and indexes values.
pub struct Vault {
    generations: ArcSwap<Generations>,
    touched: Mutex<Touched>,
}

impl Vault {
    /// Derives all keys from the master key of a database that has had no other.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Generations::first(master).into()
    }

    /// Returns the value by which the database recognises its master key. It reveals nothing about
    /// other keys.
    #[must_use]
    pub fn check_value(&self) -> [u8; 32] {
        self.generations.load().current().check
    }

    /// Returns the key that a pepper is derived from that counts from `begins` and lasts for
    /// `period`: the latest key that was there before the pepper before it began. So no pepper
    /// changes that is known, or is being prepared, when the master key is exchanged.
    #[must_use]
    pub fn pepper_key(&self, begins: Millis, period: Millis) -> Zeroizing<[u8; 32]> {
        self.generations.load().at(begins.saturating_sub(period)).pepper.clone()
    }

    /// Seals `value` for one column of the row that `owner` identifies.
    ///
    /// # Panics
    /// If the operating system supplies no randomness.
    #[must_use]
    pub fn seal(&self, column: Column, owner: &(impl AsRef<[u8]> + ?Sized), value: &str) -> Vec<u8> {
        self.generations.load().seal(column, owner.as_ref(), value)
    }

    /// Opens a value that [`Self::seal`] returned for the same column and owner.
    ///
    /// # Errors
    /// [`Unsealable`] for anything else.
    pub fn open(&self, column: Column, owner: &[u8], sealed: &[u8]) -> Result<String, Unsealable> {
        self.generations.load().open(column, owner, sealed)
    }

    /// Returns the blind index of a value that consists of `parts`. The length of each part is
    /// hashed too, so different lists of parts do not collide.
    #[must_use]
    pub fn index(&self, purpose: Purpose, parts: &[&[u8]]) -> BlindIndex {
        let generations = self.generations.load();
        let lasting = generations.oldest().hash(purpose, parts);
        self.sought(&generations, purpose, lasting)
    }

    /// Returns the blind index whose [lasting](BlindIndex::lasting) form this is, as in a link.
    #[must_use]
    pub fn index_of(&self, purpose: Purpose, lasting: [u8; 16]) -> BlindIndex {
        self.sought(&self.generations.load(), purpose, lasting)
    }

    fn sought(&self, generations: &Generations, purpose: Purpose, lasting: [u8; 16]) -> BlindIndex {
        let (former, index) = generations.forms(purpose, lasting);
        if generations.is_moving && purpose.is_sought() {
            self.note_touch(purpose, former, index.as_ref());
        }
        index
    }

    /// Returns the token that proves, for the validation session `sid`, that an email was read: 32
    /// letters and digits (190 bits). It is derived, so all emails of a session contain the same
    /// token, and none is stored.
    #[must_use]
    pub fn validation_token(&self, sid: &str) -> String {
        self.generations.load().current().validation_token(sid)
    }

    /// Returns whether [`Self::validation_token`] has returned this for the session, perhaps under
    /// the former master key while what was sent then is accepted.
    #[must_use]
    pub fn is_validation_token(&self, sid: &str, token: &str) -> bool {
        self.generations.load().of_tokens().any(|keys| is_same(&keys.validation_token(sid), token))
    }

    /// Returns the 6-digit code that proves, for the validation session `sid`, that a text message
    /// was read that was first sent at `since`. It is derived, so none is stored.
    #[must_use]
    pub fn validation_code(&self, sid: &str, since: Millis) -> String {
        self.generations.load().current().validation_code(sid, since)
    }

    /// Returns whether [`Self::validation_code`] has returned this, as
    /// [`Self::is_validation_token`] does.
    #[must_use]
    pub fn is_validation_code(&self, sid: &str, since: Millis, code: &str) -> bool {
        self.generations.load().of_tokens().any(|keys| is_same(&keys.validation_code(sid, since), code))
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// Returns the hash by which an access token is found. Tokens have too much entropy to be guessed,
/// so it needs no key.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Returns the version, a random nonce, and the encrypted value.
fn encrypt(cipher: &Aes256Gcm, version: u8, associated: &[u8], value: &[u8]) -> Vec<u8> {
    let nonce = base62::random_bytes::<NONCE_BYTES>();
    let payload = Payload { msg: value, aad: associated };
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload).expect("values are far below the cipher's limit");
    [&[version], nonce.as_slice(), &sealed].concat()
}

/// Opens what [`encrypt`] returned, whose version byte the caller has checked.
fn decrypt(cipher: &Aes256Gcm, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
    let (nonce, sealed) = sealed.get(1..).and_then(|rest| rest.split_first_chunk::<NONCE_BYTES>()).ok_or(Unsealable)?;
    cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: associated }).map_err(|_| Unsealable)
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn first_half(mac: Hmac<Sha256>) -> [u8; 16] {
    let full: [u8; 32] = mac.finalize().into_bytes().into();
    *full.first_chunk().expect("32 bytes are more than 16")
}

fn associated_data(column: Column, owner: impl AsRef<[u8]>) -> Vec<u8> {
    [column.name().as_bytes(), &[0], owner.as_ref()].concat()
}

/// Appends [`END`] and zeros up to a multiple of [`BLOCK`], so that the length reveals little.
fn pad(value: &str) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity((value.len() + 1).next_multiple_of(BLOCK)));
    padded.extend_from_slice(value.as_bytes());
    padded.push(END);
    let full = padded.len().next_multiple_of(BLOCK);
    padded.resize(full, 0);
    padded
}

#[cfg(test)]
mod tests;
