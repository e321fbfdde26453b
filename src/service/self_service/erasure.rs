//! Erasing everything stored about a user, who gets a receipt.
//!
//! Look-ups read the rows they match from the database, so an erased binding is not found by any
//! node or under any pepper once the transaction has been committed. Concurrent requests of the
//! user either come before it, and their effects are erased as well, or come after it and are
//! refused: every transaction that would leave something behind locks the row of the account first.

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue, to_canonical_value};
use ruma_common::{OwnedUserId, UserId};
use serde_json::json;

use super::{Notices, SelfService};
use crate::clock::{Clock, Millis};
use crate::error::Error;
use crate::service::Actor;
use crate::service::address_data::Erased;
use crate::service::audit::{Act, Entry, Origin};
use crate::service::lookups::memory;
use crate::service::outbox::{Delivery, Event};
use crate::service::sealing::Sealer;
use crate::service::standing::{APART, Addresses, FRESH, Sight};
use crate::store::erasures::Erasure;
use crate::store::proofs::Bearer;
use crate::store::{Conn, accounts, bindings, consents, erasures, invites, outbox, proofs, sessions, visits};
use crate::texts::Language;

/// The result of an erasure.
#[derive(Debug)]
pub struct Receipt {
    /// The user.
    pub user_id: OwnedUserId,
    /// The time when they were erased.
    pub erased_at: Millis,
    /// The numbers of erased items.
    pub erased: Erased,
    /// The number of records of consents that are kept for their retention, not tied to anybody.
    pub consents: usize,
    /// The time when those will be deleted.
    pub consents_until: Millis,
}

/// The reason for erasing everything stored about a user.
#[derive(Clone)]
pub(super) enum Cause {
    /// The operator erases it.
    Operator,
    /// The user requests it, by this token or web session, in this language.
    User(Bearer, Language),
    /// The user requested it some days ago.
    Deferred(Erasure),
}

impl Cause {
    /// Checks that the erasure may happen, and uses the proof for it.
    async fn check(&self, conn: &mut Conn, sealer: &Sealer, addresses: &Addresses, clock: &Clock) -> Result<(), Error> {
        match self {
            Self::Operator | Self::Deferred(_) => Ok(()),
            Self::User(bearer, _) => {
                let (standing, now) = (proofs::standing(conn, bearer).await?, clock.now());
                if !Sight::of(sealer, &standing, addresses, clock).suffices(addresses) {
                    return Err(Error::confirmation_required());
                }
                let is_used = proofs::use_proof(conn, bearer, now - FRESH, now + APART).await?;
                if is_used { Ok(()) } else { Err(Error::proof_required()) }
            }
        }
    }

    /// Deletes the erasure that the user has requested, and checks that it is this one, if it is
    /// the cause, so that it happens only once.
    async fn settle(&self, conn: &mut Conn, user_index: &[u8]) -> Result<(), Error> {
        let Self::Deferred(row) = self else { return Ok(erasures::cancel(conn, user_index).await.map(drop)?) };
        let is_taken = erasures::take(conn, &row.user_index, row.requested_at).await?;
        if is_taken { Ok(()) } else { Err(Error::not_found("This erasure was stopped or has happened")) }
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Operator => Origin::Command,
            Self::User(bearer, _) => bearer.into(),
            Self::Deferred(_) => Origin::Maintenance,
        }
    }

    /// Returns the language in which the user's addresses are told, if they are.
    fn language(&self, notices: &Notices) -> Option<Language> {
        match self {
            Self::Operator => None,
            Self::User(_, language) => Some(*language),
            Self::Deferred(row) => Some(notices.language(&row.language)),
        }
    }
}

impl SelfService {
    /// Erases everything stored about a user, for the operator. Records of consents are kept for
    /// their retention, not tied to anybody.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing is erased in that case.
    pub async fn erase_user(&self, mxid: &UserId) -> Result<Receipt, Error> {
        let receipt = self.erase(mxid, Cause::Operator).await?;
        self.erased().await;
        Ok(receipt)
    }

    /// Erases everything stored about a user at their own request, and tells their addresses.
    ///
    /// # Errors
    /// 403 without a fresh proof, or without a confirmation of every address, including those
    /// removed in the last days; and 503 if the database is unavailable. Nothing is erased in these
    /// cases.
    pub async fn erase_own(&self, actor: &Actor, language: Language) -> Result<Receipt, Error> {
        let receipt = self.erase(&actor.mxid, Cause::User(actor.bearer.clone(), language)).await?;
        self.erased().await;
        Ok(receipt)
    }

    /// Makes an erasure take effect everywhere.
    pub(super) async fn erased(&self) {
        self.outbox.wake();
        self.store.purge_deleted().await;
        self.accounts.expire_caches().await;
    }

    /// Erases in one transaction. The alerts that it queues, and the notices that are already
    /// queued, belong to nobody from then on; they are deleted when they arrive.
    pub(super) async fn erase(&self, mxid: &UserId, cause: Cause) -> Result<Receipt, Error> {
        let (sealer, notices, now) = (self.sealer.clone(), self.notices.clone(), self.clock.now());
        let (user, clock, audit) = (mxid.to_owned(), self.clock.clone(), self.audit.clone());
        let done = self.store.write(async move |conn| {
            let bound_index = sealer.binding_user_index(&user);
            // The account is locked first: a concurrent bind or invitation of this user has
            // committed, or waits.
            let account = match accounts::by_user(conn, sealer.account_index(&user).as_ref()).await? {
                Some(account) if accounts::lock(conn, account.id).await? => Some(account.id),
                _ => None,
            };
            let (bound, addresses) = Addresses::of(conn, &sealer, &clock, &user).await?;
            cause.check(conn, &sealer, &addresses, &clock).await?;
            let (mut erased, mut consents, mut tokens) = (Erased::default(), 0, Vec::new());
            if let Some(id) = account {
                tokens = accounts::remove_tokens_of(conn, id).await?;
                erased.access_tokens = tokens.len();
            }
            erased.web_sessions = visits::end_all_of(conn, sealer.web_session_user_index(&user).as_ref()).await?;
            if let Some(id) = account {
                consents = consents::account_gone(conn, id, now).await?;
            }
            cause.settle(conn, sealer.erasure_index(&user).as_ref()).await?;
            erased.bindings = bindings::unbind_all(conn, bound_index.as_ref()).await?;
            if let Some(id) = account {
                erased.validation_sessions = sessions::remove_of_account(conn, id).await?;
                erased.invitations = invites::remove_of_account(conn, id).await?;
                erased.account = accounts::remove(conn, id).await?;
            }
            let queued = sealer.outbox_user_index(&user);
            outbox::detach(conn, queued.as_ref(), vec![Delivery::NOTICE, Delivery::ALERT]).await?;
            erased.deliveries = outbox::remove_by_user(conn, queued.as_ref()).await?;
            if let Some(language) = cause.language(&notices) {
                let alerts = notices.alerts(|_| Event::Erased, &user, now, &bound, language)?;
                outbox::queue_all(conn, alerts).await?;
            }
            memory::forget(conn, &sealer, &tokens).await?;
            let entry = Entry::new(Act::Erase, cause.origin()).user(&user);
            audit.note(conn, Entry { has_changed: erased != Erased::default(), ..entry }).await?;
            for (address, _) in &addresses.bound {
                let entry = Entry::new(Act::Unbind, cause.origin()).user(&user).address(address);
                audit.note(conn, entry.detail(json!({ "because": "erase" }))).await?;
            }
            Ok::<_, Error>((erased, consents))
        });
        let (erased, consents) = done.await?;
        let consents_until = now + self.retention.consent;
        Ok(Receipt { user_id: mxid.to_owned(), erased_at: now, erased, consents, consents_until })
    }

    /// Returns a receipt as JSON, [signed](https://spec.matrix.org/latest/appendices/#signing-json)
    /// with this server's key; see docs/api.md.
    ///
    /// # Panics
    /// Never panics: a receipt is canonical JSON.
    #[must_use]
    pub fn signed_receipt(&self, receipt: &Receipt) -> CanonicalJsonObject {
        let object = json!({
            "type": "im.vouch.erasure_receipt",
            "server_name": self.server_name,
            "user_id": receipt.user_id,
            "erased_at": receipt.erased_at,
            "erased": receipt.erased,
            "kept": { "consents": receipt.consents, "consents_until": receipt.consents_until },
        });
        let Ok(CanonicalJsonValue::Object(mut object)) = to_canonical_value(object) else {
            unreachable!("names, counts and times before the year 285,000 are canonical JSON")
        };
        self.signing.sign(&mut object);
        object
    }
}
