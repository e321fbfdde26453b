//! The rows of a Sydent, raw and parsed. `SQLite` enforces neither types nor lengths, so nothing is
//! taken for granted.

use std::fmt;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
use ruma_common::{OwnedRoomId, OwnedUserId};
use zeroize::Zeroizing;

use crate::clock::{Millis, SECOND};
use crate::crypto::ephemeral::decode_key;
use crate::identity::threepid::{Address, Medium};
use crate::import::values::{shown, text, user_id};
use crate::service::{BindingSource, ImportedAccount, ImportedBinding, ImportedConsent, ImportedInvite, ImportedToken};

/// A table of bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// The bindings of the server and of its peers, which look-ups read.
    Global,
    /// The bindings made on the server, and its tombstones.
    Local,
}

/// Identifies a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The table.
    pub table: Table,
    /// The row's id.
    pub id: i64,
}

impl Reference {
    /// Returns a row by the number of its table.
    #[must_use]
    pub const fn of(table: u8, id: i64) -> Self {
        Self { table: if table == Table::Global as u8 { Table::Global } else { Table::Local }, id }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = match self.table {
            Table::Global => "global",
            Table::Local => "local",
        };
        write!(f, "{table} {}", self.id)
    }
}

/// A binding as stored.
#[derive(QueryableByName)]
pub struct RawBinding {
    /// The row's id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    medium: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    address: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    mxid: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    not_before: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    not_after: Option<i64>,
    #[diesel(sql_type = Integer)]
    is_replicated: i32,
    #[diesel(sql_type = Integer)]
    is_listed: i32,
}

/// A parsed binding.
#[derive(Clone, Debug)]
pub struct Event {
    /// The address.
    pub address: Address,
    /// The event.
    pub what: What,
    /// The time when it happened.
    pub at: Millis,
    /// True if it comes from a peer.
    pub is_replicated: bool,
}

/// An event of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was bound.
    Bound(OwnedUserId),
    /// It was bound to something other than a Matrix ID.
    BoundToNobody,
    /// It was bound, and later unbound by a peer.
    Unlisted,
    /// It was unbound.
    Unbound,
}

/// The reason why a row is not an [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Its medium is not known.
    Medium,
    /// Its address is not valid.
    Address,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYet,
}

impl RawBinding {
    /// Returns the time when it happened, according to its server.
    #[must_use]
    pub fn at(&self) -> Millis {
        self.at.unwrap_or_default().max(0)
    }

    /// Returns the event, if it happened at `at`.
    ///
    /// # Errors
    /// [`Unusable`] if it has no meaning at `now`.
    pub fn event(&self, now: Millis, at: Millis) -> Result<Event, Unusable> {
        let medium = text(self.medium.as_deref()).and_then(Medium::parse).ok_or(Unusable::Medium)?;
        let address = text(self.address.as_deref()).ok_or(Unusable::Address)?;
        let address = Address::parse(medium, address).map_err(|_| Unusable::Address)?;
        let what = match &self.mxid {
            None => What::Unbound,
            Some(_) if self.is_listed == 0 => What::Unlisted,
            Some(_) if self.not_after.is_some_and(|until| until <= now) => return Err(Unusable::Expired),
            Some(_) if self.not_before.is_some_and(|from| from > now) => return Err(Unusable::NotYet),
            Some(user) => user_id(Some(user.as_slice())).map_or(What::BoundToNobody, What::Bound),
        };
        Ok(Event { address, what, at, is_replicated: self.is_replicated != 0 })
    }

    /// Returns the address as spelled, to compare it with other spellings.
    #[must_use]
    pub fn spelling(&self) -> &[u8] {
        self.address.as_deref().unwrap_or_default()
    }

    /// Returns whether it is a tombstone.
    #[must_use]
    pub const fn is_tombstone(&self) -> bool {
        self.mxid.is_none()
    }
}

impl fmt::Display for RawBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = shown(self.address.as_deref());
        match self.mxid.as_deref() {
            Some(user) => write!(f, "{address} bound to {}", shown(Some(user))),
            None => write!(f, "{address} unbound"),
        }
    }
}

impl Event {
    /// Returns the data to import.
    #[must_use]
    pub fn into_imported(self) -> ImportedBinding {
        let user = match self.what {
            What::Bound(user) => Some(user),
            What::BoundToNobody | What::Unlisted | What::Unbound => None,
        };
        let source = if self.is_replicated { BindingSource::Peer } else { BindingSource::Server };
        ImportedBinding { address: self.address, user, at: self.at, source }
    }
}

/// A row of `accounts`.
#[derive(QueryableByName)]
pub struct RawAccount {
    /// The row's id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    user: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    created_at: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    consent: Option<Vec<u8>>,
}

impl RawAccount {
    /// Returns the account, or `None` if its Matrix ID is not valid.
    #[must_use]
    pub fn parse(&self, now: Millis) -> Option<ImportedAccount> {
        let created_at = self.created_at.map_or(now, |at| at.clamp(0, now));
        Some(ImportedAccount { user: user_id(self.user.as_deref())?, created_at })
    }

    /// Returns the consent to all terms together. Only their version is known.
    #[must_use]
    pub fn consent(&self) -> Option<ImportedConsent> {
        let version = text(self.consent.as_deref()).filter(|version| !version.is_empty())?.to_owned();
        Some(ImportedConsent { user: user_id(self.user.as_deref())?, version, url: String::new(), accepted_at: None })
    }
}

/// A row of `tokens`, with the time of its account.
#[derive(QueryableByName)]
pub struct RawToken {
    /// The row's id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    token: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    user: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    created_at: Option<i64>,
}

impl RawToken {
    /// Returns the token, or `None` if it or its Matrix ID is not valid.
    #[must_use]
    pub fn parse(&self, now: Millis) -> Option<ImportedToken> {
        let token = text(self.token.as_deref()).filter(|token| !token.is_empty())?;
        let issued_at = self.created_at.map_or(now, |at| at.clamp(0, now));
        Some(ImportedToken { token: Zeroizing::new(token.to_owned()), user: user_id(self.user.as_deref())?, issued_at })
    }
}

/// A row of `accepted_terms_urls`.
#[derive(QueryableByName)]
pub struct RawConsent {
    /// The row's id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    user: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    url: Option<Vec<u8>>,
}

impl RawConsent {
    /// Returns the consent, or `None` if its Matrix ID is not valid. The version of the document is
    /// not known, so its URL identifies it.
    #[must_use]
    pub fn parse(&self) -> Option<ImportedConsent> {
        let url = text(self.url.as_deref()).filter(|url| !url.is_empty())?.to_owned();
        Some(ImportedConsent { user: user_id(self.user.as_deref())?, version: url.clone(), url, accepted_at: None })
    }
}

/// A row of `invite_tokens`.
#[derive(QueryableByName)]
pub struct RawInvite {
    /// The row's id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    medium: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    address: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    room: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    sender: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    token: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    received_at: Option<i64>,
    #[diesel(sql_type = Integer)]
    is_sent: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    valid_until: Option<i64>,
}

impl RawInvite {
    /// Returns whether it was handed to a homeserver.
    #[must_use]
    pub const fn is_sent(&self) -> bool {
        self.is_sent != 0
    }

    /// Returns whether it has expired, which only Tchap's variant stores.
    #[must_use]
    pub fn is_expired(&self, now: Millis) -> bool {
        // Seconds in some versions, milliseconds in others.
        let in_millis = |at: i64| if at < 100_000_000_000 { at.saturating_mul(SECOND) } else { at };
        self.valid_until.is_some_and(|until| until > 0 && in_millis(until) <= now)
    }

    /// Returns the invitation, or `None` if anything about it is not valid.
    #[must_use]
    pub fn parse(&self) -> Option<ImportedInvite> {
        let address =
            Address::parse(Medium::parse(text(self.medium.as_deref())?)?, text(self.address.as_deref())?).ok()?;
        Some(ImportedInvite {
            address,
            room_id: OwnedRoomId::try_from(text(self.room.as_deref())?).ok()?,
            sender: user_id(self.sender.as_deref())?,
            token: text(self.token.as_deref()).filter(|token| !token.is_empty())?.to_owned(),
            received_at: self.received_at.unwrap_or_default().saturating_mul(SECOND),
        })
    }
}

/// A row of `ephemeral_public_keys`.
#[derive(QueryableByName)]
pub struct RawKey {
    /// The row's id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    key: Option<Vec<u8>>,
}

impl RawKey {
    /// Returns the key, or `None` if it is not valid.
    #[must_use]
    pub fn parse(&self) -> Option<[u8; 32]> {
        decode_key(text(self.key.as_deref())?).map(|key| *key)
    }
}

/// A signed association.
#[derive(QueryableByName)]
pub struct RawAssociation {
    /// In JSON.
    #[diesel(sql_type = Text)]
    pub association: String,
}

/// A peer.
#[derive(QueryableByName)]
pub struct RawPeer {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// A row with an id.
pub trait Numbered {
    /// Returns the id.
    fn id(&self) -> i64;
}

macro_rules! numbered {
    ($($row:ty),*) => { $(impl Numbered for $row {
        fn id(&self) -> i64 {
            self.id
        }
    })* };
}

numbered!(RawBinding, RawAccount, RawToken, RawConsent, RawInvite, RawKey);
