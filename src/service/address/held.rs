//! What is held about an address, and what its owner does with it.

use ruma_common::{OwnedRoomId, OwnedUserId};
use serde::Serialize;

use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::{Subject, Vouch};
use crate::store::invites::Invite;
use crate::store::sessions::Session;
use crate::store::{self, Conn, accounts, bindings, invites, objections, outbox, sessions, visits};

/// Everything held about an address, and nothing about any other of the same user; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Held {
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address.
    pub address: String,
    /// To whom it leads.
    pub binding: Option<HeldBinding>,
    /// Who has asked for it to be confirmed.
    pub confirmations: Vec<HeldConfirmation>,
    /// The invitations that wait for it.
    pub invitations: Vec<HeldInvitation>,
    /// What is on its way because of it.
    pub deliveries: Vec<HeldDelivery>,
    /// Since when its owner objects.
    pub objects_since: Option<Millis>,
    /// When the visits to it began that are not over, this one among them.
    pub visits: Vec<Millis>,
}

/// To whom an address leads.
#[derive(Debug, Serialize)]
pub struct HeldBinding {
    /// The Matrix ID.
    pub user_id: OwnedUserId,
    /// Since when.
    pub bound_at: Millis,
}

/// A validation session.
#[derive(Debug, Serialize)]
pub struct HeldConfirmation {
    /// Who asked; absent for a homeserver, whose name is not kept.
    pub user_id: Option<OwnedUserId>,
    /// When it was begun or validated.
    pub modified_at: Millis,
    /// When it was validated.
    pub validated_at: Option<Millis>,
}

/// An invitation that waits.
#[derive(Debug, Serialize)]
pub struct HeldInvitation {
    /// Who invites.
    pub user_id: OwnedUserId,
    /// Where to.
    pub room_id: OwnedRoomId,
    /// When.
    pub invited_at: Millis,
}

/// A message on its way.
#[derive(Debug, Serialize)]
pub struct HeldDelivery {
    /// `notice`, to the address, or `onbind`, to the homeserver of the user.
    pub kind: String,
    /// The user whom it is about.
    pub user_id: OwnedUserId,
    /// When it was queued.
    pub queued_at: Millis,
    /// How often it was tried.
    pub attempts: i64,
}

impl Vouch {
    /// Everything held about an address.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn held_about(&self, address: &Address) -> Result<Held, Error> {
        let mut conn = self.store.read().await?;
        let bound = bindings::by_address(&mut conn, self.sealer.binding_index(address).as_ref()).await?;
        let binding = match bound {
            Some(row) => Some(HeldBinding {
                user_id: self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?,
                bound_at: row.bound_at,
            }),
            None => None,
        };
        let mut confirmations = Vec::new();
        for session in sessions::of_address(&mut conn, self.sealer.session_address_index(address).as_ref()).await? {
            confirmations.push(self.held_confirmation(&mut conn, &session).await?);
        }
        let made_after = self.clock.now() - self.config.retention.invite;
        let invited = self.sealer.invite_address_index(address);
        let invitations = invites::of_address(&mut conn, invited.as_ref(), made_after).await?;
        let deliveries = outbox::of_address(&mut conn, self.sealer.outbox_address_index(address).as_ref()).await?;
        let visited = self.visit_subject_index(&Subject::Address(address.clone()));
        Ok(Held {
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            binding,
            confirmations,
            invitations: invitations.iter().map(|row| self.held_invitation(row)).collect::<Result<_, _>>()?,
            deliveries: deliveries.iter().map(|row| self.held_delivery(row)).collect::<Result<_, _>>()?,
            objects_since: objections::since(&mut conn, self.sealer.objection_index(address).as_ref()).await?,
            visits: visits::times_of(&mut conn, visited.as_ref(), self.visits_since()).await?,
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

    /// Unbinds an address from whomever it leads to, with all that was proved of it, or it would be bound again in the same minute, and
    /// all that is on its way because of it. Nobody is told: whoever reads its messages has done it.
    ///
    /// # Errors
    /// 503 if the database is away; then nothing is undone.
    pub async fn release(&self, address: &Address) -> Result<(), Error> {
        let (bound, proofs) = (self.sealer.binding_index(address), self.sealer.session_address_index(address));
        let (invited, queued) = (self.sealer.invite_address_index(address), self.sealer.outbox_address_index(address));
        let gone = self.store.write(async move |conn| {
            invites::hold_address(conn, invited.as_ref()).await?;
            let gone = bindings::unbind_address(conn, bound.as_ref()).await?;
            sessions::remove_by_address(conn, proofs.as_ref()).await?;
            outbox::remove_by_address(conn, queued.as_ref()).await?;
            Ok::<_, store::Error>(gone)
        });
        if let Some(id) = gone.await? {
            self.directory.remove(address, id);
        }
        Ok(())
    }

    /// Cancels all sessions that were to prove an address, or have.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn cancel_confirmations(&self, address: &Address) -> Result<(), Error> {
        let index = self.sealer.session_address_index(address);
        self.store.write_one(async move |conn| sessions::remove_by_address(conn, index.as_ref()).await).await?;
        Ok(())
    }

    /// Deletes the invitations that wait for an address.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn delete_invitations(&self, address: &Address) -> Result<(), Error> {
        let (index, keys_until) = (self.sealer.invite_address_index(address), self.keys_until());
        let removed = self.store.write(async move |conn| {
            invites::hold_address(conn, index.as_ref()).await?;
            invites::remove_by_address(conn, index.as_ref(), keys_until).await
        });
        Ok(removed.await.map(drop)?)
    }
}
