//! Binding an address to a Matrix ID, and unbinding it.

use std::sync::Arc;

use ruma_common::canonical_json::CanonicalJsonObject;
use ruma_common::{OwnedUserId, UserId};
use serde_json::json;

use super::association::association;
use super::audit::{Act, Entry, Origin};
use super::sealing::Sealer;
use super::{Asker, Audit, Bound, Caller, Directory, Invitations, Notices, Outbox, RateLimits, Submission, Validation};
use crate::clock::{Clock, Millis};
use crate::config;
use crate::crypto::signing::SigningKeys;
use crate::error::Error;
use crate::federation::Federation;
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::store::bindings::{Circumstances, Sought};
use crate::store::{self, Conn, Store, accounts, bindings, invites, outbox};
use crate::texts::Language;

/// Binds addresses to users, and unbinds them.
pub struct Bindings {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) server: config::Server,
    pub(super) signing: Arc<SigningKeys>,
    pub(super) federation: Arc<Federation>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) directory: Arc<Directory>,
    pub(super) validation: Arc<Validation>,
    pub(super) invitations: Arc<Invitations>,
    pub(super) notices: Arc<Notices>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) audit: Arc<Audit>,
}

/// The rows that entitle a caller to bind an address.
#[derive(Clone, Copy)]
struct Proof {
    account: i64,
    token_hash: [u8; 32],
    session: i64,
}

impl Proof {
    /// Checks that all rows still exist, in a transaction that has locked the address. Otherwise a
    /// binding could survive a concurrent erasure, a sign-out everywhere, or the cancellation of
    /// the session by the owner of the address.
    async fn check(self, conn: &mut Conn, is_locked: bool, found: &Circumstances) -> Result<(), Error> {
        if !is_locked {
            let account = accounts::by_id(conn, self.account).await?;
            let gone = account.map_or("The account no longer exists", |_| "The access token is no longer valid");
            return Err(Error::unauthorized(gone));
        }
        if found.has_session { Ok(()) } else { Err(Error::no_valid_session()) }
    }
}

impl Bindings {
    /// Binds the address of a validated session to the caller, and returns the signed association.
    ///
    /// # Errors
    /// The same as for [`Validation::validated`], 403 if `mxid` is not the caller, and 429.
    pub async fn bind(
        &self,
        caller: &Caller,
        session: &Submission,
        mxid: &str,
        language: Language,
    ) -> Result<CanonicalJsonObject, Error> {
        let validated = self.validation.validated(Asker::User(caller), session).await?;
        if mxid != caller.mxid.as_str() {
            return Err(Error::forbidden("The address can only be bound to your own Matrix ID"));
        }
        let proof = Proof { account: caller.account_id, token_hash: caller.token_hash, session: validated.session };
        let ts = self.bind_as(Some(proof), &validated.address, &caller.mxid, language).await?;
        let mut association = association(&validated.address, &caller.mxid, ts);
        self.signing.sign(&mut association);
        Ok(association)
    }

    /// Binds an address to a user, completes its pending invitations, notifies the address in the
    /// given language, alerts the user's other addresses, and returns the time of the binding. This
    /// is the operator's bind, which is not limited.
    ///
    /// # Errors
    /// 403 if the address's owner objects, and 503 if the database is unavailable.
    pub async fn bind_address(&self, address: &Address, mxid: &UserId, language: Language) -> Result<Millis, Error> {
        self.bind_as(None, address, mxid, language).await
    }

    /// Works like [`Self::bind_address`]. With a proof, it fails if that no longer exists, and with
    /// 429 if the address has had too many notices.
    async fn bind_as(
        &self,
        proof: Option<Proof>,
        address: &Address,
        mxid: &UserId,
        language: Language,
    ) -> Result<Millis, Error> {
        let now = self.clock.now();
        let new = self.sealer.seal_binding(address, mxid, now);
        let notice = self.notices.of_bind(address, mxid, now, language);
        let sought = Sought {
            objections: self.sealer.objection_indexes(address),
            session: proof.map(|proof| proof.session),
            erasure: self.sealer.erasure_index(mxid).as_ref().to_vec(),
        };
        let (invitations, index) = (Arc::clone(&self.invitations), self.sealer.invite_address_index(address));
        let (notices, rate_limits) = (Arc::clone(&self.notices), Arc::clone(&self.rate_limits));
        let (invited, user, row) = (address.clone(), mxid.to_owned(), new.clone());
        let account_index = self.sealer.account_index(mxid);
        let (audit, queue, sealer) = (Arc::clone(&self.audit), Arc::clone(&self.outbox), self.sealer.clone());
        let bound = self.store.write(async move |conn| {
            invites::lock_address(conn, index.as_ref()).await?;
            let is_locked = match proof {
                Some(proof) => accounts::lock_with_token(conn, proof.account, &proof.token_hash).await?,
                // An erasure of the user has finished, or removes the binding.
                None => accounts::lock_user(conn, account_index.as_ref()).await?,
            };
            let found = bindings::circumstances(conn, sought).await?;
            if found.has_objection {
                return Err(Error::owner_objects());
            }
            if let Some(proof) = proof {
                proof.check(conn, is_locked, &found).await?;
            }
            let (previous, others) = bindings::before(conn, &row).await?;
            let former = previous.as_ref().and_then(|row| sealer.bound_address(row));
            let is_respelled = former.as_ref().is_none_or(|former| former.to_sealed() != invited.to_sealed());
            let bound = bindings::bind(conn, new, previous.as_ref(), is_respelled).await?;
            let mut deliveries = invitations.complete(conn, &invited, &user, now).await?;
            let mut handed = None;
            if bound.is_new {
                if let Some(notice) = notice {
                    handed = queue.queue(conn, notice).await?;
                }
                let origin = if proof.is_some() { Origin::Api } else { Origin::Command };
                if let Some(loser) = previous.as_ref().and_then(|row| sealer.bound_user(row)) {
                    let moved = Entry::new(Act::Unbind, origin).user(&loser).address(&invited);
                    audit.note(conn, moved.detail(json!({ "because": "bind" }))).await?;
                }
                audit.note(conn, Entry::new(Act::Bind, origin).user(&user).address(&invited)).await?;
                let alerts = notices.of_addition(&invited, row, &others, found.erasure, &user, language)?;
                let moves = previous.is_some();
                if let Some(previous) = previous.filter(|_| proof.is_some()) {
                    deliveries.extend(notices.of_move(conn, previous, language).await?);
                }
                if proof.is_some() && !alerts.is_empty() {
                    rate_limits.charge_addition(conn, &user).await?;
                }
                // The operator may bind as often as they want.
                if proof.is_some() {
                    notices.charge_bind(conn, &invited, moves).await?;
                }
                deliveries.extend(alerts);
            }
            let are_some_due = !deliveries.is_empty() || (bound.is_new && handed.is_none());
            outbox::queue_all(conn, deliveries).await?;
            Ok::<_, Error>((bound, former, handed, are_some_due))
        });
        let (bound, former, handed, are_some_due) = bound.await?;
        self.directory.insert(address, bound.id);
        if let Some((former, replaced)) = former.zip(bound.replaced) {
            self.directory.remove(&former, replaced);
        }
        if let Some(handed) = handed {
            self.outbox.hand(handed);
        }
        if are_some_due {
            self.outbox.wake();
        }
        Ok(now)
    }

    /// Unbinds the address that a validated session proves from a user. It is not an error if
    /// nothing is bound.
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
        let proved = match self.validation.validated(Asker::User(caller), session).await {
            Ok(validated) => validated.address == *address,
            Err(error) if error.is_refusal() => false,
            Err(error) => return Err(error),
        };
        if !proved {
            return Err(Error::forbidden("The session does not prove that the address is yours"));
        }
        self.unbind_address(address, mxid, Remover::Owner, language).await.map(drop)
    }

    /// Unbinds an address from a user. Tells the address who did it, and the user's other addresses
    /// unless it was the user or the operator. Returns whether it was bound.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn unbind_address(
        &self,
        address: &Address,
        mxid: &UserId,
        by: Remover,
        language: Language,
    ) -> Result<bool, Error> {
        let (address_index, user_index) = (self.sealer.binding_index(address), self.sealer.binding_user_index(mxid));
        let told = self.notices.of_unbind(address, mxid, by, language);
        let (notices, user) = (Arc::clone(&self.notices), mxid.to_owned());
        let (audit, unbound) = (Arc::clone(&self.audit), address.clone());
        let removed = self.store.write(async move |conn| {
            let removed = bindings::unbind(conn, address_index.as_ref(), user_index.as_ref()).await?;
            if removed.is_some() || by == Remover::Operator {
                let entry = Entry::new(Act::Unbind, by).user(&user).address(&unbound);
                audit.note(conn, Entry { has_changed: removed.is_some(), ..entry }).await?;
            }
            if removed.is_some() {
                let mut deliveries = Vec::from_iter(told);
                if !matches!(by, Remover::User | Remover::Operator) {
                    deliveries.extend(notices.of_loss(conn, &user, language).await?);
                }
                outbox::queue_all(conn, deliveries).await?;
            }
            Ok::<_, Error>(removed)
        });
        let removed = removed.await?;
        if let Some(id) = removed {
            self.removed(address, id);
        }
        Ok(removed.is_some())
    }

    /// Follows up on a committed unbind.
    pub(super) fn removed(&self, address: &Address, id: i64) {
        self.directory.remove(address, id);
        self.outbox.wake();
    }

    /// Returns the binding of an address.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn of(&self, address: &Address) -> Result<Option<Bound>, Error> {
        Bound::find(&self.store, &self.sealer, address).await
    }

    /// Binds many addresses that are not bound yet, for benchmarks.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn load(&self, new: &[(Address, OwnedUserId)]) -> Result<(), Error> {
        let now = self.clock.now();
        let new: Vec<_> = new.iter().map(|(address, mxid)| self.sealer.seal_binding(address, mxid, now)).collect();
        let loaded = self.store.write(async move |conn| bindings::bind_many(conn, &new).await);
        Ok(loaded.await.map_err(|error: store::Error| error)?)
    }
}
