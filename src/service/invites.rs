//! Invitations of addresses that are bound to nobody yet.

use ruma_common::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use super::Vouch;
use crate::crypto::vault::{BlindIndex, Column, Purpose};
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::invites::Invite;

/// An invitation, opened.
pub(super) struct PendingInvite {
    /// What the room's invitation names it by.
    pub token: String,
    /// The room.
    pub room_id: OwnedRoomId,
    /// Who invites.
    pub sender: OwnedUserId,
}

impl Vouch {
    /// By what the invitations of an address are found.
    pub(super) fn invite_address_index(&self, address: &Address) -> BlindIndex {
        self.vault.index(Purpose::InviteAddress, &[address.medium().as_str().as_bytes(), address.as_str().as_bytes()])
    }

    /// Opens the row of an invitation, all but its address.
    pub(super) fn open_invite(&self, row: &Invite) -> Result<PendingInvite, Error> {
        let open = |column, sealed: &[u8]| self.vault.open(column, &row.key_index, sealed);
        Ok(PendingInvite {
            token: open(Column::InviteToken, &row.token)?,
            room_id: RoomId::parse(open(Column::InviteRoom, &row.room_id)?).map_err(|_| Error::internal())?,
            sender: UserId::parse(open(Column::InviteSender, &row.sender)?).map_err(|_| Error::internal())?,
        })
    }
}
