//! What the owner of an address can do about what is stored about it.

use super::SelfService;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::address_data::Erased;
use crate::store::{self, visits};

impl SelfService {
    /// Unbinds an address from any user. Deletes its validation sessions too, or it could be bound
    /// again at once, and its queued deliveries. Nobody is notified, since the reader of the
    /// address's messages has done it.
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
            data.lock(conn).await?;
            let web_sessions = visits::end_all_of(conn, sessions.as_ref()).await?;
            let (mut erased, unbound) = data.delete(conn).await?;
            erased.web_sessions = web_sessions;
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
