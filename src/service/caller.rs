//! The callers of the API.

use std::sync::Arc;

use ipnet::IpNet;
use ruma_common::OwnedUserId;

use crate::clock::Millis;
use crate::crypto::vault::BlindIndex;
use crate::identity::recent_lookups::Token;

/// The owner of an access token.
#[derive(Debug)]
pub struct Caller {
    /// The account's row.
    pub account_id: i64,
    /// The token.
    pub token: Arc<Token>,
    /// Blind index of the Matrix ID among accounts.
    pub user_index: BlindIndex,
    /// The Matrix ID.
    pub mxid: OwnedUserId,
    /// The time when the user first registered.
    pub since: Millis,
    /// The hash of the token.
    pub(super) token_hash: [u8; 32],
    /// True if every policy in force is accepted.
    pub terms_accepted: bool,
}

/// The party that has an address validated.
#[derive(Clone, Copy)]
pub enum Asker<'a> {
    /// A user, to whom it may be bound.
    User(&'a Caller),
    /// A homeserver, known by the source addresses that the operator lists, for its own accounts.
    Homeserver(IpNet),
}

impl Asker<'_> {
    pub(super) const fn account_id(self) -> Option<i64> {
        match self {
            Self::User(caller) => Some(caller.account_id),
            Self::Homeserver(_) => None,
        }
    }
}
