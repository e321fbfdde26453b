//! Objections: the owner of an address does not want it to be invited or listed.
//!
//! An objection is a keyed fingerprint of the address and a time; it is not tied to any person.
//! Objecting also deletes the data stored about the address: the binding, the sessions, the
//! invitations, and queued deliveries. The other addresses of the user it was bound to are told.
//! From then on
//! * nobody can bind the address, whatever they have proved before;
//! * nobody can have a message sent to it by `requestToken` or `store-invite`. They are answered as
//!   if it could not be delivered, after the same rate limits, and nothing is stored. So they learn
//!   that this server does not reach the address, but not whether its owner objects, its mail
//!   server rejects us, or it does not exist. The response time does not reveal it either: the mail
//!   server is asked only whether it accepts the recipient, and instead of sending a text the
//!   server waits for as long as one of the last texts took.
//!
//! The link that is requested at `/address` is still sent: otherwise nobody could withdraw an
//! objection.

use std::sync::Arc;

use ruma_common::UserId;

use super::address_data::{AddressData, Objector};
use super::audit::{Act, Entry};
use super::sealing::Sealer;
use super::{Audit, Directory, Notices};
use crate::clock::{Clock, Millis};
use crate::error::Error;
use crate::identity::threepid::{Address, Medium};
use crate::store::outbox::NewDelivery;
use crate::store::{self, Store, import, objections, outbox};
use crate::texts::Language;

/// Records objections, and enforces them.
pub struct Objections {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) directory: Arc<Directory>,
    pub(super) notices: Arc<Notices>,
    pub(super) audit: Arc<Audit>,
    /// The time for which the key of a deleted invitation stays valid.
    pub(super) key_retention: Millis,
}

impl Objections {
    /// Records an objection and deletes the data stored about the address, except for the web
    /// sessions of its owner. Tells the other addresses of its user in the given language, and also
    /// this one unless its reader objects. Objecting twice is not an error. Returns `false` if
    /// nothing was done because the address was bound after the link was sent to its reader.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing has changed in that case.
    pub async fn object(&self, address: &Address, by: Objector, language: Language) -> Result<bool, Error> {
        self.record(address, by, None, language).await
    }

    /// Works like [`Self::object`], for a user who shows a validation session. The reader of the
    /// address's messages is told how to withdraw it, since a mail scanner may have validated the
    /// session.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing has changed in that case.
    pub async fn object_as(&self, mxid: &UserId, address: &Address, language: Language) -> Result<(), Error> {
        let told = self.notices.of_objection(address, mxid, language);
        self.record(address, Objector::Session, Some(told), language).await.map(drop)
    }

    async fn record(
        &self,
        address: &Address,
        by: Objector,
        told: Option<NewDelivery>,
        language: Language,
    ) -> Result<bool, Error> {
        let (data, now) = (self.data(address), self.clock.now());
        let objection = self.sealer.objection_index(address);
        let (notices, audit, sealer) = (Arc::clone(&self.notices), Arc::clone(&self.audit), self.sealer.clone());
        let about = address.clone();
        let unbound = self.store.write(async move |conn| {
            data.lock(conn).await?;
            if let Objector::Link { sent_at } = by
                && data.is_bound_since(conn, sent_at).await?
            {
                return Ok(None);
            }
            // A concurrent bind or invitation comes either before this and is undone, or after it
            // and is refused.
            let unbound = data.delete(conn, by).await?.unbound;
            let is_new = objections::add(conn, objection.as_ref(), now).await?;
            outbox::queue_all(conn, told.into_iter().filter(|_| is_new).collect()).await?;
            let has_changed = is_new || unbound.is_some();
            if has_changed || by == Objector::Operator {
                let user = unbound.as_ref().and_then(|(_, row)| sealer.bound_user(row));
                let entry = Entry::new(Act::Object, by).address(&about);
                audit.note(conn, Entry { user: user.as_deref(), has_changed, ..entry }).await?;
            }
            notices.queue_loss(conn, unbound, by, language).await.map(Some)
        });
        let Some(unbound) = unbound.await? else { return Ok(false) };
        if let Some(id) = unbound {
            self.directory.remove(address, id);
        }
        self.notices.outbox.wake();
        Ok(true)
    }

    /// Withdraws an objection; returns whether there was one.
    ///
    /// # Errors
    /// 429 if readers of the address have done so, or viewed its data, too often; 503 if the
    /// database is unavailable.
    pub async fn withdraw(&self, address: &Address, by: Objector) -> Result<bool, Error> {
        if by == Objector::Reader {
            // Otherwise somebody could fill the audit log by repeatedly objecting and withdrawing.
            self.notices.rate_limits.charge_address_change(address).await?;
        }
        let (indexes, bound) = (self.sealer.objection_indexes(address), self.sealer.binding_index(address));
        let (now, audit, about) = (self.clock.now(), Arc::clone(&self.audit), address.clone());
        let withdrawn = self.store.write(async move |conn| {
            let is_withdrawn = objections::withdraw(conn, indexes.clone()).await?;
            if is_withdrawn {
                import::note_unbound(conn, bound.as_ref().to_vec(), now).await?;
            }
            if is_withdrawn || by == Objector::Operator {
                let entry = Entry::new(Act::WithdrawObjection, by).address(&about);
                audit.note(conn, Entry { has_changed: is_withdrawn, ..entry }).await?;
            }
            Ok::<_, store::Error>(is_withdrawn)
        });
        Ok(withdrawn.await?)
    }

    /// Returns when the owner of an address objected, if they did.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn since(&self, address: &Address) -> Result<Option<Millis>, Error> {
        Ok(objections::since(&mut self.store.read().await?, self.sealer.objection_indexes(address)).await?)
    }

    /// Returns whether messages to an address are wanted, that is, whether its owner does not
    /// object.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub(super) async fn is_wanted(&self, address: &Address) -> Result<bool, Error> {
        Ok(self.since(address).await?.is_none())
    }

    /// Returns the data stored about an address, to be deleted.
    pub(super) fn data(&self, address: &Address) -> AddressData {
        AddressData::new(&self.sealer, address, self.clock.now() + self.key_retention)
    }
}

/// Returns the error for a message that could not be delivered.
pub(super) fn undeliverable(address: &Address) -> Error {
    match address.medium() {
        Medium::Email => Error::email_refused(),
        Medium::Msisdn => Error::text_not_sent(),
    }
}
