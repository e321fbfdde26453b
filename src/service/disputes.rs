//! Disputes: undoing what somebody else did with an address, by the "this wasn't me" link in a
//! message to it.
//!
//! Undoing a binding also deletes its queued deliveries: nobody may join a room as the owner of an
//! address that was not theirs.
//!
//! A reader of another address of the user can remove an added one, since somebody else may have
//! added it, and with it all addresses that were new then or came later. This also ends all
//! sessions of the user and stops an erasure, even if nothing is left to remove. The link is sent
//! only to an address that is [trusted](super::notices::trusted) at that moment, works for [a
//! while](UNDOABLE), and only while that address is bound to the user: once it is not, somebody
//! else may read it.

use std::sync::Arc;

use ruma_common::{OwnedUserId, UserId};
use url::Url;

use super::audit::{Act, Entry, Origin};
use super::dispute_link::DisputeLink;
use super::links::PublicLinks;
use super::lookups::memory;
use super::outbox::Delivery;
use super::sealing::Sealer;
use super::self_service::ShutOut;
use super::standing::SETTLED;
use super::{Accounts, Audit, Directory, Notices, Outbox};
use crate::clock::{Clock, DAY, HOUR, Millis};
use crate::crypto::vault::Purpose;
use crate::error::{Error, ErrorKind};
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::store::bindings::{self, Binding};
use crate::store::outbox::NewDelivery;
use crate::store::sessions::{self, Session};
use crate::store::{Store, accounts, invites, outbox};
use crate::texts::Language;

/// The time for which an address can be removed on behalf of another one after it was added: as
/// long as it takes to settle, plus some days for people who were away.
const UNDOABLE: Millis = 7 * DAY;

/// The action that the reader of a message disputes, or has disputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispute {
    /// The address is bound to this user.
    Bound(OwnedUserId),
    /// Another address was bound to this user as well.
    Added(OwnedUserId),
    /// The same, but only sessions had to be ended, since the address had already been unbound.
    SignedOut,
    /// This user may prove ownership of the address.
    Asked(OwnedUserId),
    /// Nothing, because it has been undone or has expired.
    Settled,
    /// Nothing, because the address has been bound again since.
    Superseded,
    /// Nothing, because this server made no such link.
    Unknown,
}

/// The same as [`Dispute`], with the data needed to undo it.
enum Disputed {
    Binding(Binding, OwnedUserId),
    Addition(Addition, OwnedUserId),
    Session(Session, OwnedUserId),
    Other(Dispute),
}

/// An address that was added to a user, which another one disputes.
#[derive(Clone)]
struct Addition {
    user_index: Vec<u8>,
    reader: Vec<u8>,
    added: Vec<u8>,
    added_at: Millis,
}

impl Addition {
    /// Returns whether a binding of the user is removed as well, because it was new then or came
    /// later.
    fn covers(&self, row: &Binding) -> bool {
        row.address_index != self.reader && (row.address_index == self.added || row.bound_at > self.added_at - SETTLED)
    }

    /// Returns whether a reader of one of these addresses may still dispute it.
    fn is_read(&self, rows: &[Binding]) -> bool {
        rows.iter().any(|row| row.address_index == self.reader)
    }
}

/// Shows and undoes the subject of a link.
pub struct Disputes {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) links: Arc<PublicLinks>,
    pub(super) directory: Arc<Directory>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) notices: Arc<Notices>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) audit: Arc<Audit>,
}

impl Disputes {
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
            Disputed::Addition(_, mxid) => Dispute::Added(mxid),
            Disputed::Session(_, mxid) => Dispute::Asked(mxid),
            Disputed::Other(dispute) => dispute,
        })
    }

    /// Undoes the action that the link with this token disputes, and returns it. Doing so twice is
    /// not an error. An address that another one has removed is told in the given language.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing is undone in that case.
    pub async fn undo(&self, token: &str, language: Language) -> Result<Dispute, Error> {
        let (is_undone, dispute) = match self.find(token).await? {
            Disputed::Binding(row, mxid) => (self.undo_binding(row, &mxid, language).await?, Dispute::Bound(mxid)),
            Disputed::Addition(addition, mxid) => return self.undo_addition(addition, mxid, language).await,
            Disputed::Session(row, mxid) => (self.cancel_session(&row, &mxid, language).await?, Dispute::Asked(mxid)),
            Disputed::Other(dispute) => return Ok(dispute),
        };
        Ok(if is_undone { dispute } else { Dispute::Settled })
    }

    async fn find(&self, token: &str) -> Result<Disputed, Error> {
        let Some(link) = DisputeLink::open(&self.links, token) else { return Ok(Disputed::Other(Dispute::Unknown)) };
        let mut conn = self.store.read().await?;
        match link {
            DisputeLink::Binding { address_index, user_index, bound_at } => {
                let address_index = self.sealer.in_link(Purpose::BindingAddress, address_index);
                let user_index = self.sealer.in_link(Purpose::BindingUser, user_index);
                match bindings::by_address(&mut conn, &address_index).await? {
                    // The time is earlier if a wrong clock had dated the binding, and it was
                    // corrected.
                    Some(row) if row.user_index == user_index && row.bound_at <= bound_at => {
                        let mxid = self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
                        return Ok(Disputed::Binding(row, mxid));
                    }
                    Some(_) => return Ok(Disputed::Other(Dispute::Superseded)),
                    None => {}
                }
            }
            DisputeLink::Addition { user_index, reader, added, added_at } => {
                let addition = Addition {
                    user_index: self.sealer.in_link(Purpose::BindingUser, user_index),
                    reader: self.sealer.in_link(Purpose::BindingAddress, reader),
                    added: self.sealer.in_link(Purpose::BindingAddress, added),
                    added_at,
                };
                let rows = bindings::of_user(&mut conn, &addition.user_index).await?;
                let reader = rows.iter().find(|row| row.address_index == addition.reader);
                // A time that may turn out to be wrong does not count.
                if let Some(reader) = reader.filter(|_| self.clock.settled() - added_at < UNDOABLE) {
                    let mxid = self.sealer.open_bound_mxid(&reader.address_index, &reader.mxid)?;
                    return Ok(Disputed::Addition(addition, mxid));
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

    /// Removes an address that was added, on behalf of another one, ends the sessions of its user,
    /// and stops an erasure.
    async fn undo_addition(&self, addition: Addition, mxid: OwnedUserId, language: Language) -> Result<Dispute, Error> {
        let (shut_out, about) = (ShutOut::of(&self.sealer, &mxid), self.sealer.outbox_user_index(&mxid));
        let (sealer, notices, user) = (self.sealer.clone(), Arc::clone(&self.notices), mxid.clone());
        let (now, audit) = (self.clock.now(), Arc::clone(&self.audit));
        let removed = self.store.write(async move |conn| {
            let gone = shut_out.carry_out(conn, now, true).await?;
            let rows = bindings::of_user(conn, &addition.user_index).await?;
            if !addition.is_read(&rows) {
                return Err(Error::not_found("The address is no longer bound"));
            }
            let mut removed = Vec::new();
            for row in rows.iter().filter(|row| addition.covers(row)) {
                if let Some(id) = bindings::unbind(conn, &row.address_index, &row.user_index).await? {
                    removed.push((sealer.open_bound_address(&row.address_index, &row.address)?, id, row.bound_at));
                }
            }
            gone.remove_sessions(conn).await?;
            gone.note(conn, &audit, &user).await?;
            for (address, _, since) in &removed {
                audit.note(conn, Entry::new(Act::Unbind, Origin::Page).user(&user).address(address)).await?;
                let to = sealer.outbox_address_index(address);
                outbox::remove_since(conn, to.as_ref(), about.as_ref(), *since, Delivery::ALERT).await?;
                let told = notices.of_unbind(address, &user, Remover::User, language);
                outbox::queue_all(conn, told.into_iter().collect()).await?;
            }
            if !removed.is_empty() {
                let told = notices.of_loss(conn, &user, language).await?;
                outbox::queue_all(conn, told).await?;
            }
            memory::forget(conn, &sealer, &gone.tokens).await?;
            Ok(removed)
        });
        let removed = match removed.await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Dispute::Settled),
            removed => removed?,
        };
        for (address, id, _) in &removed {
            self.directory.remove(address, *id);
        }
        self.outbox.wake();
        self.accounts.expire_caches().await;
        Ok(if removed.is_empty() { Dispute::SignedOut } else { Dispute::Added(mxid) })
    }

    /// Returns the message that tells an address of its removal by a link that was sent at this
    /// time; none if the link is recent, since its reader did it.
    fn told(&self, address: &Address, mxid: &UserId, sent_at: Millis, language: Language) -> Option<NewDelivery> {
        let is_old = self.clock.settled() - sent_at >= HOUR;
        is_old.then(|| self.notices.of_unbind(address, mxid, Remover::Reader, language)).flatten()
    }

    /// Removes this binding, but not a later one, with every proof of the address, since it could
    /// otherwise be bound again at once.
    async fn undo_binding(&self, row: Binding, mxid: &OwnedUserId, language: Language) -> Result<bool, Error> {
        let address = self.sealer.open_bound_address(&row.address_index, &row.address)?;
        let (invited, proofs) =
            (self.sealer.invite_address_index(&address), self.sealer.session_address_index(&address));
        let (to, about) = (self.sealer.outbox_address_index(&address), self.sealer.outbox_user_index(mxid));
        let told = self.told(&address, mxid, row.bound_at, language);
        let (notices, user) = (Arc::clone(&self.notices), mxid.clone());
        let (audit, disputed) = (Arc::clone(&self.audit), address.clone());
        let removed = self.store.write(async move |conn| {
            invites::lock_address(conn, invited.as_ref()).await?;
            let removed =
                bindings::unbind_made_in(conn, &row.address_index, &row.user_index, row.bound_at..=row.bound_at)
                    .await?;
            if removed.is_some() {
                sessions::remove_by_address(conn, proofs.as_ref()).await?;
                audit.note(conn, Entry::new(Act::Unbind, Origin::Page).user(&user).address(&disputed)).await?;
                outbox::remove_since(conn, to.as_ref(), about.as_ref(), row.bound_at, Delivery::ALERT).await?;
                let others = notices.of_loss(conn, &user, language).await?;
                outbox::queue_all(conn, told.into_iter().chain(others).collect()).await?;
            }
            Ok::<_, Error>(removed)
        });
        let removed = removed.await?;
        if let Some(id) = removed {
            self.directory.remove(&address, id);
            self.outbox.wake();
        }
        Ok(removed.is_some())
    }

    /// Removes a session, the binding that its user has made since it was validated, and the
    /// deliveries of that binding.
    async fn cancel_session(&self, session: &Session, mxid: &OwnedUserId, language: Language) -> Result<bool, Error> {
        let address = self.sealer.open_session_address(session)?;
        let (invited, bound) = (self.sealer.invite_address_index(&address), self.sealer.binding_index(&address));
        let (user, about) = (self.sealer.binding_user_index(mxid), self.sealer.outbox_user_index(mxid));
        let (to, id) = (self.sealer.outbox_address_index(&address), session.id);
        let told = self.told(&address, mxid, session.modified_at, language);
        let (notices, person) = (Arc::clone(&self.notices), mxid.clone());
        let (audit, disputed) = (Arc::clone(&self.audit), address.clone());
        let cancelled = self.store.write(async move |conn| {
            invites::lock_address(conn, invited.as_ref()).await?;
            let session = sessions::by_id(conn, id).await?;
            let Some(session) = session else { return Ok((false, None)) };
            let mut unbound = None;
            if let Some(since) = session.validated_at {
                unbound = bindings::unbind_made_in(conn, bound.as_ref(), user.as_ref(), since..=i64::MAX).await?;
            }
            sessions::remove(conn, id).await?;
            let act = if unbound.is_some() { Act::Unbind } else { Act::CancelSessions };
            audit.note(conn, Entry::new(act, Origin::Page).user(&person).address(&disputed)).await?;
            if let Some(since) = session.validated_at {
                outbox::remove_since(conn, to.as_ref(), about.as_ref(), since, Delivery::ALERT).await?;
            }
            if unbound.is_some() {
                let others = notices.of_loss(conn, &person, language).await?;
                outbox::queue_all(conn, told.into_iter().chain(others).collect()).await?;
            }
            Ok::<_, Error>((true, unbound))
        });
        let (is_cancelled, unbound) = cancelled.await?;
        if let Some(id) = unbound {
            self.directory.remove(&address, id);
            self.outbox.wake();
        }
        Ok(is_cancelled)
    }
}
