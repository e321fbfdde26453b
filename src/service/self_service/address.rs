//! Actions of an address's owner on the data stored about it.

use super::SelfService;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::address_data::{Deleted, Erased, Objector};
use crate::service::audit::{Act, Entry, Origin};
use crate::store::visits;
use crate::texts::Language;

impl SelfService {
    /// Unbinds an address from any user. Also deletes its validation sessions, since it could
    /// otherwise be bound again at once, and its queued deliveries. The address is not notified,
    /// since the reader of its messages did this; the user's other addresses are told in the given
    /// language.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing has changed in that case.
    pub async fn release(&self, address: &Address, language: Language) -> Result<(), Error> {
        let (data, notices) = (self.objections.data(address), self.notices.clone());
        let (audit, sealer, about) = (self.audit.clone(), self.sealer.clone(), address.clone());
        let unbound = self.store.write(async move |conn| {
            let unbound = data.unbind(conn, Objector::Reader).await?.unbound;
            if let Some((_, row)) = &unbound {
                let user = sealer.bound_user(row);
                let entry = Entry::new(Act::Unbind, Objector::Reader).address(&about);
                audit.note(conn, Entry { user: user.as_deref(), ..entry }).await?;
            }
            notices.queue_loss(conn, unbound, Objector::Reader, language).await
        });
        if let Some(id) = unbound.await? {
            self.directory.remove(address, id);
            self.outbox.wake();
        }
        Ok(())
    }

    /// Cancels all validation sessions of an address.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn cancel_confirmations(&self, address: &Address) -> Result<(), Error> {
        let (data, audit, about) = (self.objections.data(address), self.audit.clone(), address.clone());
        let cancelled = self.store.write(async move |conn| {
            // A bind by one of them has committed, or finds none.
            data.lock(conn).await?;
            if data.delete_sessions(conn).await? > 0 {
                audit.note(conn, Entry::new(Act::CancelSessions, Origin::Page).address(&about)).await?;
            }
            Ok::<_, Error>(())
        });
        cancelled.await
    }

    /// Deletes the pending invitations of an address.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn delete_invitations(&self, address: &Address) -> Result<(), Error> {
        let (data, audit, about) = (self.objections.data(address), self.audit.clone(), address.clone());
        let deleted = self.store.write(async move |conn| {
            if data.delete_invitations(conn).await? > 0 {
                audit.note(conn, Entry::new(Act::DeleteInvitations, Origin::Page).address(&about)).await?;
            }
            Ok::<_, Error>(())
        });
        deleted.await
    }

    /// Erases everything stored about an address, including the web sessions of its owner. An
    /// objection is kept, since the address could otherwise be invited again; it is a fingerprint
    /// that only this server's key can produce, and its owner can withdraw it. The other addresses
    /// of its user are told in the given language, unless the operator erases it.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing is erased in that case.
    pub async fn erase_address(&self, address: &Address, by: Objector, language: Language) -> Result<Erased, Error> {
        let (data, notices) = (self.objections.data(address), self.notices.clone());
        let sessions = self.sealer.web_session_address_index(address);
        let (audit, sealer, about) = (self.audit.clone(), self.sealer.clone(), address.clone());
        let erased = self.store.write(async move |conn| {
            data.lock(conn).await?;
            let web_sessions = visits::end_all_of(conn, sessions.as_ref()).await?;
            let Deleted { mut erased, unbound } = data.delete(conn, by).await?;
            erased.web_sessions = web_sessions;
            let user = unbound.as_ref().and_then(|(_, row)| sealer.bound_user(row));
            let entry = Entry::new(Act::Erase, by).address(&about);
            let has_changed = erased != Erased::default();
            audit.note(conn, Entry { user: user.as_deref(), has_changed, ..entry }).await?;
            Ok::<_, Error>((erased, notices.queue_loss(conn, unbound, by, language).await?))
        });
        let (erased, unbound) = erased.await?;
        if let Some(id) = unbound {
            self.directory.remove(address, id);
            self.outbox.wake();
        }
        self.store.purge_deleted().await;
        Ok(erased)
    }
}
