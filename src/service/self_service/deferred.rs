//! Erasures of users who can no longer read any of their addresses: requested with a fresh proof,
//! announced to every address, and carried out three days later unless somebody stops them.

use ruma_common::OwnedUserId;

use super::erasure::Cause;
use super::export::{Need, PendingErasure};
use super::{SelfService, erasures};
use crate::crypto::vault::Purpose;
use crate::error::{Error, ErrorKind};
use crate::service::Actor;
use crate::service::audit::{Act, Entry, Origin};
use crate::service::erasure_link::ErasureLink;
use crate::service::notices::trusted;
use crate::service::outbox::Event;
use crate::service::standing::{APART, FRESH, SETTLED};
use crate::store::bindings::Binding;
use crate::store::erasures::Erasure;
use crate::store::{accounts, bindings, outbox, proofs};
use crate::texts::Language;

/// The number of erasures that a node carries out in a row.
const AT_ONCE: i64 = 100;

/// The subject of the link in a message about an erasure.
#[derive(Debug, PartialEq, Eq)]
pub enum Stoppable {
    /// The erasure of this user.
    Erasure(OwnedUserId, PendingErasure),
    /// Nothing, because it was stopped or has happened.
    Over,
    /// Nothing, because this server made no such link.
    Unknown,
}

impl SelfService {
    /// Requests an erasure, which uses the user's fresh proof, and tells their addresses. If one
    /// has already been requested, it stays as it is.
    ///
    /// # Errors
    /// 403 without a fresh proof, 429, and 503 if the database is unavailable.
    pub async fn request_erasure(&self, actor: &Actor, language: Language) -> Result<PendingErasure, Error> {
        if self.needs(actor).await?.contains(&Need::Proof) {
            return Err(Error::proof_required());
        }
        let index = self.sealer.erasure_index(&actor.mxid);
        if let Some(pending) = erasures::of_user(&mut self.store.read().await?, index.as_ref()).await? {
            return Ok(pending.into());
        }
        let now = self.clock.now();
        let erasure = Erasure {
            user_index: index.as_ref().to_vec(),
            mxid: self.sealer.seal_erasure(&actor.mxid),
            language: language.tag().to_owned(),
            requested_at: now,
            due_at: now + SETTLED,
        };
        let pending = PendingErasure::from(erasure.clone());
        let (sealer, notices, rate_limits) = (self.sealer.clone(), self.notices.clone(), self.rate_limits.clone());
        let (actor, audit) = (actor.clone(), self.audit.clone());
        let requested = self.store.write(async move |conn| {
            let Actor { mxid, bearer } = &actor;
            accounts::lock_user(conn, sealer.account_index(mxid).as_ref()).await?;
            if !proofs::use_proof(conn, bearer, now - FRESH, now + APART).await? {
                return Err(Error::proof_required());
            }
            if !erasures::request(conn, erasure.clone()).await? {
                return Ok(erasures::of_user(conn, &erasure.user_index).await?.map(PendingErasure::from));
            }
            rate_limits.charge_erasure(conn, &actor).await?;
            audit.note(conn, Entry::new(Act::RequestErasure, bearer).user(mxid)).await?;
            let rows = bindings::of_user(conn, sealer.binding_user_index(mxid).as_ref()).await?;
            let can_stop = trusted(&rows, now);
            let event = |row: &Binding| Event::Erasing { due_at: erasure.due_at, can_stop: can_stop(row) };
            outbox::queue_all(conn, notices.alerts(event, mxid, now, &rows, language)?).await?;
            Ok(None)
        });
        let earlier = requested.await?;
        self.outbox.wake();
        Ok(earlier.unwrap_or(pending))
    }

    /// Stops the erasure that the user has requested, which uses their fresh proof; returns whether
    /// there was one. If there was none, the proof can still be used.
    ///
    /// # Errors
    /// 403 without a fresh proof, and 503 if the database is unavailable.
    pub async fn cancel_erasure(&self, actor: &Actor) -> Result<bool, Error> {
        let (now, index, bearer) = (self.clock.now(), self.sealer.erasure_index(&actor.mxid), actor.bearer.clone());
        let (audit, mxid) = (self.audit.clone(), actor.mxid.clone());
        let cancelled = self.store.write(async move |conn| {
            if erasures::of_user(conn, index.as_ref()).await?.is_none() {
                return Ok(false);
            }
            if !proofs::use_proof(conn, &bearer, now - FRESH, now + APART).await? {
                return Err(Error::proof_required());
            }
            audit.note(conn, Entry::new(Act::StopErasure, &bearer).user(&mxid)).await?;
            Ok(erasures::cancel(conn, index.as_ref()).await?)
        });
        cancelled.await
    }

    /// Returns what the link with this token would stop; changes nothing.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn stoppable(&self, token: &str) -> Result<Stoppable, Error> {
        let Some(link) = ErasureLink::open(&self.links, token) else { return Ok(Stoppable::Unknown) };
        let mut conn = self.store.read().await?;
        let user_index = self.sealer.in_link(Purpose::BindingUser, link.user_index);
        let rows = bindings::of_user(&mut conn, &user_index).await?;
        let reader = self.sealer.in_link(Purpose::BindingAddress, link.reader);
        // Somebody else may read the address once it is unbound.
        let Some(reader) = rows.iter().find(|row| row.address_index == reader) else {
            return Ok(Stoppable::Over);
        };
        let mxid = self.sealer.open_bound_mxid(&reader.address_index, &reader.mxid)?;
        let row = erasures::of_user(&mut conn, self.sealer.erasure_index(&mxid).as_ref()).await?;
        let row = row.filter(|row| row.requested_at == link.requested_at);
        Ok(row.map_or(Stoppable::Over, |row| Stoppable::Erasure(mxid, row.into())))
    }

    /// Stops the erasure of the link with this token, and returns it. With `shut_out`, all sessions
    /// of the user end too.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing is stopped in that case.
    pub async fn stop(&self, token: &str, shut_out: bool) -> Result<Stoppable, Error> {
        let stoppable = self.stoppable(token).await?;
        let Stoppable::Erasure(mxid, PendingErasure { requested_at, .. }) = &stoppable else { return Ok(stoppable) };
        if shut_out {
            self.shut_out(mxid, true).await?;
            return Ok(stoppable);
        }
        let (index, requested_at) = (self.sealer.erasure_index(mxid), *requested_at);
        let (audit, user) = (self.audit.clone(), mxid.clone());
        let stopped = self.store.write(async move |conn| {
            let is_stopped = erasures::take(conn, index.as_ref(), requested_at).await?;
            if is_stopped {
                audit.note(conn, Entry::new(Act::StopErasure, Origin::Page).user(&user)).await?;
            }
            Ok::<_, Error>(is_stopped)
        });
        Ok(if stopped.await? { stoppable } else { Stoppable::Over })
    }

    /// Carries out the erasures that are due. Each is carried out by one node.
    ///
    /// # Errors
    /// 503 if the database is unavailable. Erasures that fail are tried again by the next call.
    pub async fn carry_out_erasures(&self) -> Result<(), Error> {
        let due = erasures::due(&mut self.store.read().await?, self.clock.settled(), AT_ONCE).await?;
        let (mut result, mut is_any) = (Ok(()), false);
        for row in due {
            let erased = match self.sealer.open_erasure(&row) {
                Ok(mxid) => self.erase(&mxid, Cause::Deferred(row)).await,
                Err(error) => Err(error),
            };
            match erased {
                Ok(_) => is_any = true,
                // Another node has carried it out, or somebody has just stopped it.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => result = Err(error),
            }
        }
        if is_any {
            self.erased().await;
        }
        result
    }
}
