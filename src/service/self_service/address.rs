//! What is stored about an address, for its owner, and what they can do about it.

use ruma_common::{OwnedRoomId, OwnedUserId};
use serde::Serialize;

use super::SelfService;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::Subject;
use crate::service::address_data::Erased;
use crate::store::invites::Invite;
use crate::store::sessions::Session;
use crate::store::{self, Conn, accounts, bindings, invites, outbox, sessions, visits};

/// Everything stored about an address, and nothing about any other address of the same user; times in
/// milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct AddressExport {
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address.
    pub address: String,
    /// The user it is bound to.
    pub binding: Option<HeldBinding>,
    /// The validation sessions.
    pub confirmations: Vec<HeldConfirmation>,
    /// The pending invitations.
    pub invitations: Vec<HeldInvitation>,
    /// The queued deliveries.
    pub deliveries: Vec<HeldDelivery>,
    /// When its owner objected.
    pub objects_since: Option<Millis>,
    /// When its owner's current web sessions began, this one included.
    #[serde(rename = "visits")]
    pub web_sessions: Vec<Millis>,
}

/// The user an address is bound to.
#[derive(Debug, Serialize)]
pub struct HeldBinding {
    /// The Matrix ID.
    pub user_id: OwnedUserId,
    /// When it was bound.
    pub bound_at: Millis,
}

/// A validation session.
#[derive(Debug, Serialize)]
pub struct HeldConfirmation {
    /// The user who asked; absent for a homeserver, whose name is not stored.
    pub user_id: Option<OwnedUserId>,
    /// When it was begun or validated.
    pub modified_at: Millis,
    /// When it was validated.
    pub validated_at: Option<Millis>,
}

/// A pending invitation.
#[derive(Debug, Serialize)]
pub struct HeldInvitation {
    /// The inviter.
    pub user_id: OwnedUserId,
    /// The room.
    pub room_id: OwnedRoomId,
    /// When it was sent.
    pub invited_at: Millis,
}

/// A queued delivery.
#[derive(Debug, Serialize)]
pub struct HeldDelivery {
    /// `notice`, to the address, or `onbind`, to the homeserver of the user.
    pub kind: String,
    /// The user it is about.
    pub user_id: OwnedUserId,
    /// When it was queued.
    pub queued_at: Millis,
    /// How often it was attempted.
    pub attempts: i64,
}

impl SelfService {
    /// Returns everything stored about an address.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn export_address(&self, address: &Address) -> Result<AddressExport, Error> {
        let (mut conn, sealer) = (self.store.read().await?, &self.sealer);
        let bound = bindings::by_address(&mut conn, sealer.binding_index(address).as_ref()).await?;
        let binding = match bound {
            Some(row) => Some(HeldBinding {
                user_id: sealer.open_bound_mxid(&row.address_index, &row.mxid)?,
                bound_at: row.bound_at,
            }),
            None => None,
        };
        let mut confirmations = Vec::new();
        for session in sessions::of_address(&mut conn, sealer.session_address_index(address).as_ref()).await? {
            confirmations.push(self.held_confirmation(&mut conn, &session).await?);
        }
        let made_after = self.clock.now() - self.retention.invite;
        let invited = sealer.invite_address_index(address);
        let invitations = invites::of_address(&mut conn, invited.as_ref(), made_after).await?;
        let deliveries = outbox::of_address(&mut conn, sealer.outbox_address_index(address).as_ref()).await?;
        Ok(AddressExport {
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            binding,
            confirmations,
            invitations: invitations.iter().map(|row| self.held_invitation(row)).collect::<Result<_, _>>()?,
            deliveries: deliveries.iter().map(|row| self.held_delivery(row)).collect::<Result<_, _>>()?,
            objects_since: self.objections.since(address).await?,
            web_sessions: self.web_sessions.begun_by(&Subject::Address(address.clone())).await?,
        })
    }

    async fn held_confirmation(&self, conn: &mut Conn, session: &Session) -> Result<HeldConfirmation, Error> {
        let account = match session.account_id {
            Some(id) => accounts::by_id(conn, id).await?,
            None => None,
        };
        Ok(HeldConfirmation {
            user_id: account.map(|account| self.sealer.open_account(&account)).transpose()?,
            modified_at: session.modified_at,
            validated_at: session.validated_at,
        })
    }

    fn held_invitation(&self, row: &Invite) -> Result<HeldInvitation, Error> {
        let invite = self.sealer.open_invite(row)?;
        Ok(HeldInvitation { user_id: invite.sender, room_id: invite.room_id, invited_at: row.created_at })
    }

    fn held_delivery(&self, row: &outbox::Delivery) -> Result<HeldDelivery, Error> {
        let user_id = self.outbox.open(row)?.about().user.to_owned();
        Ok(HeldDelivery { kind: row.kind.clone(), user_id, queued_at: row.created_at, attempts: row.attempts })
    }

    /// Unbinds an address from any user. Deletes its validation sessions too, or it could be bound
    /// again at once, and its queued deliveries. Nobody is notified, since the reader of the address's
    /// messages has done it.
    ///
    /// # Errors
    /// 503 if the database is unavailable; then nothing has changed.
    pub async fn release(&self, address: &Address) -> Result<(), Error> {
        let data = self.objections.data(address);
        let unbound = self.store.write(async move |conn| data.unbind(conn).await);
        if let (_, Some(id)) = unbound.await.map_err(|error: store::Error| error)? {
            self.directory.remove(address, id);
        }
        Ok(())
    }

    /// Cancels all validation sessions of an address.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn cancel_confirmations(&self, address: &Address) -> Result<(), Error> {
        let data = self.objections.data(address);
        Ok(self.store.write(async move |conn| data.delete_sessions(conn).await).await?)
    }

    /// Deletes the pending invitations of an address.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn delete_invitations(&self, address: &Address) -> Result<(), Error> {
        let data = self.objections.data(address);
        Ok(self.store.write(async move |conn| data.delete_invitations(conn).await).await?)
    }

    /// Erases everything stored about an address, including the web sessions of its owner. An
    /// objection is kept, or the address could be invited again; it is a fingerprint that only this
    /// server's key can produce, and its owner can withdraw it.
    ///
    /// # Errors
    /// 503 if the database is unavailable; then nothing is erased.
    pub async fn erase_address(&self, address: &Address) -> Result<Erased, Error> {
        let data = self.objections.data(address);
        let sessions = self.sealer.web_session_address_index(address);
        let erased = self.store.write(async move |conn| {
            let (mut erased, unbound) = data.delete(conn).await?;
            erased.web_sessions = visits::end_all_of(conn, sessions.as_ref()).await?;
            Ok::<_, store::Error>((erased, unbound))
        });
        let (erased, unbound) = erased.await?;
        if let Some(id) = unbound {
            self.directory.remove(address, id);
        }
        self.store.purge_deleted().await;
        Ok(erased)
    }
}
