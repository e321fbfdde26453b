//! Disputes: undoing what someone else did with an address, by the "this wasn't me" link in a
//! message to it.
//!
//! Undoing a binding also deletes its deliveries that are still queued: nobody shall join a room as
//! the owner of an address that was not theirs.

use std::sync::Arc;

use ruma_common::OwnedUserId;
use url::Url;

use super::Directory;
use super::dispute_link::DisputeLink;
use super::links::PublicLinks;
use super::sealing::Sealer;
use crate::error::Error;
use crate::store::bindings::{self, Binding};
use crate::store::sessions::{self, Session};
use crate::store::{self, Store, accounts, invites, outbox};
use crate::texts::Language;

/// What the reader of a message disputes, or has disputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispute {
    /// That the address is bound to this user.
    Bound(OwnedUserId),
    /// That this user may prove ownership of the address.
    Asked(OwnedUserId),
    /// Nothing: it has been undone or has expired.
    Settled,
    /// Nothing: the address has been bound again since.
    Superseded,
    /// Nothing: this server made no such link.
    Unknown,
}

/// As [`Dispute`], with what is needed to undo it.
enum Disputed {
    Binding(Binding, OwnedUserId),
    Session(Session, OwnedUserId),
    Other(Dispute),
}

/// Shows and undoes what a link disputes.
pub struct Disputes {
    store: Store,
    sealer: Sealer,
    links: Arc<PublicLinks>,
    directory: Arc<Directory>,
}

impl Disputes {
    pub(super) const fn new(store: Store, sealer: Sealer, links: Arc<PublicLinks>, directory: Arc<Directory>) -> Self {
        Self { store, sealer, links, directory }
    }

    /// Returns the link that cancels a validation session.
    #[must_use]
    pub fn cancellation_link(&self, sid: &str, language: Language) -> Url {
        DisputeLink::Session(sid.to_owned()).url(&self.links, language)
    }

    /// Returns what the link with this token would undo; changes nothing.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn open(&self, token: &str) -> Result<Dispute, Error> {
        Ok(match self.find(token).await? {
            Disputed::Binding(_, mxid) => Dispute::Bound(mxid),
            Disputed::Session(_, mxid) => Dispute::Asked(mxid),
            Disputed::Other(dispute) => dispute,
        })
    }

    /// Undoes what the link with this token disputes, and returns what that was. Doing so twice is
    /// not an error.
    ///
    /// # Errors
    /// 503 if the database is unavailable; then nothing is undone.
    pub async fn undo(&self, token: &str) -> Result<Dispute, Error> {
        let (is_undone, dispute) = match self.find(token).await? {
            Disputed::Binding(row, mxid) => (self.undo_binding(row, &mxid).await?, Dispute::Bound(mxid)),
            Disputed::Session(row, mxid) => (self.cancel_session(&row, &mxid).await?, Dispute::Asked(mxid)),
            Disputed::Other(dispute) => return Ok(dispute),
        };
        Ok(if is_undone { dispute } else { Dispute::Settled })
    }

    async fn find(&self, token: &str) -> Result<Disputed, Error> {
        let Some(link) = DisputeLink::open(&self.links, token) else { return Ok(Disputed::Other(Dispute::Unknown)) };
        let mut conn = self.store.read().await?;
        match link {
            DisputeLink::Binding { address_index, user_index, bound_at } => {
                match bindings::by_address(&mut conn, &address_index).await? {
                    // It is earlier if a wrong clock had dated it, and that was put right.
                    Some(row) if row.user_index == user_index && row.bound_at <= bound_at => {
                        let mxid = self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
                        return Ok(Disputed::Binding(row, mxid));
                    }
                    Some(_) => return Ok(Disputed::Other(Dispute::Superseded)),
                    None => {}
                }
            }
            DisputeLink::Session(sid) => {
                // A session without an account is a homeserver's, which sends no such link.
                if let Some(session) = sessions::mailed(&mut conn, &sid).await?
                    && let Some(account_id) = session.account_id
                    && let Some(account) = accounts::by_id(&mut conn, account_id).await?
                {
                    return Ok(Disputed::Session(session, self.sealer.open_account(&account)?));
                }
            }
        }
        Ok(Disputed::Other(Dispute::Settled))
    }

    /// Removes this binding, but not a later one, with every proof of the address: otherwise it
    /// could be bound again at once.
    async fn undo_binding(&self, row: Binding, mxid: &OwnedUserId) -> Result<bool, Error> {
        let address = self.sealer.open_bound_address(&row.address_index, &row.address)?;
        let (invited, proofs) =
            (self.sealer.invite_address_index(&address), self.sealer.session_address_index(&address));
        let (to, about) = (self.sealer.outbox_address_index(&address), self.sealer.outbox_user_index(mxid));
        let removed = self.store.write(async move |conn| {
            invites::lock_address(conn, invited.as_ref()).await?;
            let removed =
                bindings::unbind_made_in(conn, &row.address_index, &row.user_index, row.bound_at..=row.bound_at)
                    .await?;
            if removed.is_some() {
                sessions::remove_by_address(conn, proofs.as_ref()).await?;
                outbox::remove_since(conn, to.as_ref(), about.as_ref(), row.bound_at).await?;
            }
            Ok::<_, store::Error>(removed)
        });
        let removed = removed.await?;
        if let Some(id) = removed {
            self.directory.remove(&address, id);
        }
        Ok(removed.is_some())
    }

    /// Removes a session, the binding its user has made since it was validated, and what that has
    /// queued.
    async fn cancel_session(&self, session: &Session, mxid: &OwnedUserId) -> Result<bool, Error> {
        let address = self.sealer.open_session_address(session)?;
        let (invited, bound) = (self.sealer.invite_address_index(&address), self.sealer.binding_index(&address));
        let (user, about) = (self.sealer.binding_user_index(mxid), self.sealer.outbox_user_index(mxid));
        let (to, id) = (self.sealer.outbox_address_index(&address), session.id);
        let cancelled = self.store.write(async move |conn| {
            invites::lock_address(conn, invited.as_ref()).await?;
            let session = sessions::by_id(conn, id).await?;
            let Some(session) = session else { return Ok((false, None)) };
            let mut unbound = None;
            if let Some(since) = session.validated_at {
                unbound = bindings::unbind_made_in(conn, bound.as_ref(), user.as_ref(), since..=i64::MAX).await?;
            }
            sessions::remove(conn, id).await?;
            if let Some(since) = session.validated_at {
                outbox::remove_since(conn, to.as_ref(), about.as_ref(), since).await?;
            }
            Ok::<_, store::Error>((true, unbound))
        });
        let (is_cancelled, unbound) = cancelled.await?;
        if let Some(id) = unbound {
            self.directory.remove(&address, id);
        }
        Ok(is_cancelled)
    }
}
