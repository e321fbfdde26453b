//! Binding an address to a Matrix ID, and unbinding it.

use std::sync::Arc;

use ruma_common::canonical_json::CanonicalJsonObject;
use ruma_common::{OwnedUserId, UserId};

use super::association::association;
use super::{Asker, Bound, Caller, Submission, Vouch};
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::store::{self, accounts, bindings, outbox};
use crate::texts::Language;

impl Vouch {
    /// Binds the address of a validated session to the caller, and returns the signed association.
    ///
    /// # Errors
    /// As [`Self::validated`], 403 if `mxid` is not the caller, and 429.
    pub async fn bind(
        self: &Arc<Self>,
        caller: &Caller,
        session: &Submission,
        mxid: &str,
        language: Language,
    ) -> Result<CanonicalJsonObject, Error> {
        let validated = self.validated(Asker::User(caller), session).await?;
        if mxid != caller.mxid.as_str() {
            return Err(Error::forbidden("The address can only be bound to your own Matrix ID"));
        }
        let ts = self.bind_as(Some(caller.account_id), &validated.address, &caller.mxid, language).await?;
        self.see_own(caller, &validated.address);
        let mut association = association(&validated.address, &caller.mxid, ts);
        self.signing.sign(&mut association);
        Ok(association)
    }

    /// Binds an address to a user, completes the invitations that wait for it, tells the address in that language, and returns when.
    ///
    /// # Errors
    /// 403 if the address's owner objects, 429 if the address is told too much, and 503 if the database is away.
    pub async fn bind_address(
        self: &Arc<Self>,
        address: &Address,
        mxid: &UserId,
        language: Language,
    ) -> Result<Millis, Error> {
        self.bind_as(None, address, mxid, language).await
    }

    /// As [`Self::bind_address`], for the user of an account.
    async fn bind_as(
        self: &Arc<Self>,
        account_id: Option<i64>,
        address: &Address,
        mxid: &UserId,
        language: Language,
    ) -> Result<Millis, Error> {
        let now = self.clock.now();
        // Before anything is charged, and again below, where nobody can object in between.
        if self.objections.since(address).await?.is_some() {
            return Err(Error::owner_objects());
        }
        let new = self.sealer.seal_binding(address, mxid, now);
        let notice = self.bind_notice(address, mxid, now, language).await?;
        let (vouch, invited, whose) = (Arc::clone(self), address.clone(), mxid.to_owned());
        let bound = self.store.write(async move |conn| {
            vouch.objections.lock_to_bind(conn, &invited).await?;
            if let Some(id) = account_id {
                // An erasure may have been quicker; what is bound after it would stay.
                if !accounts::lock(conn, id).await? {
                    return Err(Error::unauthorized("The account no longer exists"));
                }
            }
            let bound = bindings::bind(conn, new).await?;
            vouch.complete_invites(conn, &invited, &whose, now).await?;
            if let Some(notice) = notice.filter(|_| bound.is_new) {
                outbox::queue(conn, notice).await?;
            }
            Ok::<_, Error>(bound)
        });
        let id = bound.await?.id;
        self.directory.insert(address, id);
        self.outbox.wake();
        Ok(now)
    }

    /// Unbinds the address that a validated session proves from the user it names; nothing bound is no error.
    ///
    /// # Errors
    /// 403 if the session proves nothing or another address.
    pub async fn unbind(
        &self,
        caller: &Caller,
        session: &Submission,
        mxid: &UserId,
        address: &Address,
        language: Language,
    ) -> Result<(), Error> {
        let proved = match self.validated(Asker::User(caller), session).await {
            Ok(validated) => validated.address == *address,
            Err(error) if error.is_refusal() => false,
            Err(error) => return Err(error),
        };
        if !proved {
            return Err(Error::forbidden("The session does not prove that the address is yours"));
        }
        self.unbind_address(address, mxid, Remover::Owner, language).await.map(drop)
    }

    /// Unbinds an address from a user, and tells the address who did so; returns whether it was bound.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn unbind_address(
        &self,
        address: &Address,
        mxid: &UserId,
        by: Remover,
        language: Language,
    ) -> Result<bool, Error> {
        let (address_index, user_index) = (self.sealer.binding_index(address), self.sealer.binding_user_index(mxid));
        let notice = self.unbind_notice(address, mxid, by, language).await?;
        let gone = self.store.write(async move |conn| {
            let gone = bindings::unbind(conn, address_index.as_ref(), user_index.as_ref()).await?;
            if let Some(notice) = notice.filter(|_| gone.is_some()) {
                outbox::queue(conn, notice).await?;
            }
            Ok::<_, store::Error>(gone)
        });
        let gone = gone.await?;
        if let Some(id) = gone {
            self.directory.remove(address, id);
            self.outbox.wake();
        }
        Ok(gone.is_some())
    }

    /// Unbinds every address of a user, and notifies each.
    ///
    /// # Errors
    /// 503 if the database is unavailable; then some may be unbound and others not.
    pub async fn unbind_all(&self, mxid: &UserId, language: Language) -> Result<(), Error> {
        let user = self.sealer.binding_user_index(mxid);
        for row in bindings::of_user(&mut self.store.read_much().await?, user.as_ref()).await? {
            let address = self.sealer.open_bound_address(&row.address_index, &row.address)?;
            self.unbind_address(&address, mxid, Remover::User, language).await?;
        }
        Ok(())
    }

    /// Returns the binding of an address.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn binding_of(&self, address: &Address) -> Result<Option<Bound>, Error> {
        Bound::find(&self.store, &self.sealer, address).await
    }

    /// Binds many addresses that are not bound yet, for a benchmark.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn load_bindings(&self, new: &[(Address, OwnedUserId)]) -> Result<(), Error> {
        let now = self.clock.now();
        let new: Vec<_> = new.iter().map(|(address, mxid)| self.sealer.seal_binding(address, mxid, now)).collect();
        let loaded = self.store.write(async move |conn| bindings::bind_many(conn, &new).await);
        Ok(loaded.await.map_err(|error: store::Error| error)?)
    }
}
