//! The rows of a ma1sd, parsed.

use ruma_common::OwnedRoomId;
use serde_json::{Map, Value};

use crate::clock::{Millis, SECOND};
use crate::crypto::ephemeral::decode_key;
use crate::identity::threepid::{Address, Medium};
use crate::import::database::Row;
use crate::service::{ImportedConsent, ImportedInvite};

/// The columns of an invitation that are read.
pub const INVITE: [&str; 6] = ["medium", "address", "roomId", "sender", "token", "properties"];

/// The columns of a former invitation that are read: those of [`INVITE`], and whether a homeserver
/// accepted it.
pub const FORMER: [&str; 7] = ["medium", "address", "roomId", "sender", "token", "properties", "couldPublish"];

/// The columns of `accepted` that are read.
pub const ACCEPTED: [&str; 3] = ["userId", "url", "acceptedAt"];

/// The columns of `account` that are read.
pub const ACCOUNT: [&str; 3] = ["userId", "createdAt", "expiresIn"];

/// The relevant `properties` of an invitation. mxisd wrote fewer of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// The time when it was made.
    pub created_at: Option<Millis>,
    /// The id and public half of the key that signs for the server.
    pub server_key: Option<(String, String)>,
    /// The public key of this invitation.
    pub own_key: Option<[u8; 32]>,
    /// True if ma1sd would not have written them like this.
    pub is_malformed: bool,
}

impl Properties {
    /// Reads the properties of an invitation.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        let Some(bytes) = row.bytes(5) else { return Self::default() };
        let Ok(map) = serde_json::from_slice::<Map<String, Value>>(bytes) else {
            return Self { is_malformed: true, ..Self::default() };
        };
        let text = |name: &str| map.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let id = |kind: &str| {
            Some(format!("{}:{}", text(&format!("{kind}_key_algo"))?, text(&format!("{kind}_key_serial"))?))
        };
        let own_key = text("e_key_public");
        let decoded = own_key.and_then(decode_key).map(|key| *key);
        Self {
            created_at: text("created_at").and_then(|at| at.parse().ok()),
            server_key: id("p").zip(text("p_key_public").map(str::to_owned)),
            own_key: decoded,
            is_malformed: own_key.is_some() && decoded.is_none(),
        }
    }
}

/// Returns an invitation, or `None` if anything about it is not valid.
#[must_use]
pub fn invite(row: &Row, created_at: Option<Millis>, now: Millis) -> Option<ImportedInvite> {
    Some(ImportedInvite {
        address: Address::parse(Medium::parse(row.text(0)?)?, row.text(1)?).ok()?,
        room_id: OwnedRoomId::try_from(row.text(2)?).ok()?,
        sender: row.user_id(3)?,
        token: row.filled(4)?.to_owned(),
        received_at: created_at.unwrap_or(now),
    })
}

/// Returns whether no homeserver has accepted a former invitation.
#[must_use]
pub fn is_undelivered(row: &Row) -> bool {
    !row.is_true(6)
}

/// Returns an accepted document, or `None` if anything about it is not valid.
#[must_use]
pub fn consent(row: &Row) -> Option<ImportedConsent> {
    let url = row.filled(1)?.to_owned();
    Some(ImportedConsent { user: row.user_id(0)?, version: url.clone(), url, accepted_at: row.number(2) })
}

/// Returns the times when an access token was issued and when it expires.
#[must_use]
pub fn token_times(row: &Row) -> (Option<Millis>, Option<Millis>) {
    let issued_at = row.number(1).map(|at| at.saturating_mul(SECOND));
    let lifetime = row.number(2).map(|seconds| seconds.saturating_mul(SECOND));
    (issued_at, issued_at.zip(lifetime).map(|(at, lifetime)| at.saturating_add(lifetime)))
}
