//! The data stored about an address, and its deletion.

use serde::Serialize;

use super::outbox::Delivery;
use super::sealing::Sealer;
use crate::clock::Millis;
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::store::bindings::Binding;
use crate::store::{self, Conn, bindings, invites, outbox, sessions};

/// The numbers of erased items.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The number of bindings.
    pub bindings: usize,
    /// The number of validation sessions.
    pub validation_sessions: usize,
    /// The number of invitations.
    pub invitations: usize,
    /// The number of deliveries that had not been made.
    pub deliveries: usize,
    /// The number of web sessions.
    #[serde(rename = "visits")]
    pub web_sessions: usize,
    /// The number of access tokens.
    pub access_tokens: usize,
    /// True if there was an account.
    pub account: bool,
}

/// The party at whose request the data about an address is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objector {
    /// A user who shows a validation session of the address. A mail scanner may have validated it,
    /// so the address is told, and its other pending messages are kept.
    Session,
    /// Somebody who has a message that was sent to the address at that time, by a link in it. The
    /// message may be old, so the address is told as well.
    Link {
        /// The time.
        sent_at: Millis,
    },
    /// Somebody who has opened a link that was sent to the address in the last hour.
    Reader,
    /// The operator.
    Operator,
}

impl Objector {
    /// Returns the party to name as having removed the binding, if the address is told.
    pub(super) const fn remover(self) -> Option<Remover> {
        match self {
            Self::Session => Some(Remover::Owner),
            Self::Link { .. } => Some(Remover::Reader),
            Self::Reader | Self::Operator => None,
        }
    }
}

/// The deleted data of an address.
pub(super) struct Deleted {
    pub erased: Erased,
    /// The id and the row of its binding.
    pub unbound: Option<(i64, Binding)>,
}

/// The blind indexes of the data stored about an address.
#[derive(Clone)]
pub(super) struct AddressData {
    binding: Vec<u8>,
    sessions: Vec<u8>,
    invites: Vec<u8>,
    deliveries: Vec<u8>,
    /// The time until which the keys of its invitations stay valid.
    keys_until: Millis,
}

impl AddressData {
    pub(super) fn new(sealer: &Sealer, address: &Address, keys_until: Millis) -> Self {
        Self {
            binding: sealer.binding_index(address).as_ref().to_vec(),
            sessions: sealer.session_address_index(address).as_ref().to_vec(),
            invites: sealer.invite_address_index(address).as_ref().to_vec(),
            deliveries: sealer.outbox_address_index(address).as_ref().to_vec(),
            keys_until,
        }
    }

    /// Locks the address until the transaction ends.
    pub(super) async fn lock(&self, conn: &mut Conn) -> Result<(), store::Error> {
        invites::lock_address(conn, &self.invites).await
    }

    /// Returns whether the address was bound after that time.
    pub(super) async fn is_bound_since(&self, conn: &mut Conn, at: Millis) -> Result<bool, store::Error> {
        Ok(bindings::by_address(conn, &self.binding).await?.is_some_and(|bound| bound.bound_at > at))
    }

    /// Deletes all of it.
    pub(super) async fn delete(&self, conn: &mut Conn, by: Objector) -> Result<Deleted, store::Error> {
        self.delete_rows(conn, by, true).await
    }

    /// Deletes the binding, the sessions by which it could be made again, and the deliveries.
    pub(super) async fn unbind(&self, conn: &mut Conn, by: Objector) -> Result<Deleted, store::Error> {
        self.delete_rows(conn, by, false).await
    }

    /// Deletes table by table, in the order in which transactions lock them.
    async fn delete_rows(
        &self,
        conn: &mut Conn,
        by: Objector,
        with_invitations: bool,
    ) -> Result<Deleted, store::Error> {
        self.lock(conn).await?;
        let bound = bindings::by_address(conn, &self.binding).await?;
        let unbound = bindings::unbind_address(conn, &self.binding).await?.zip(bound);
        let kept = if by.remover().is_some() { vec![Delivery::ALERT] } else { Vec::new() };
        let erased = Erased {
            bindings: usize::from(unbound.is_some()),
            validation_sessions: sessions::remove_by_address(conn, &self.sessions).await?,
            invitations: if with_invitations {
                invites::remove_by_address(conn, &self.invites, self.keys_until).await?
            } else {
                0
            },
            deliveries: outbox::remove_by_address(conn, &self.deliveries, kept).await?,
            ..Erased::default()
        };
        Ok(Deleted { erased, unbound })
    }

    /// Deletes the invitations; returns how many.
    pub(super) async fn delete_invitations(&self, conn: &mut Conn) -> Result<usize, store::Error> {
        self.lock(conn).await?;
        invites::remove_by_address(conn, &self.invites, self.keys_until).await
    }

    /// Deletes the sessions; returns how many.
    pub(super) async fn delete_sessions(&self, conn: &mut Conn) -> Result<usize, store::Error> {
        sessions::remove_by_address(conn, &self.sessions).await
    }
}
