//! Viewing, exporting and erasing one's own data. A [web session](super::web_sessions) or an access
//! token proves who somebody is.

mod address;
mod address_export;
mod deferred;
mod erasure;
mod export;

use std::sync::Arc;

use ruma_common::{OwnedServerName, UserId};

use super::audit::{Act, Entry, Origin};
use super::lookups::memory;
use super::sealing::Sealer;
use super::{
    Accounts, Audit, Directory, Notices, Objections, Outbox, PublicLinks, RateLimits, WebSession, WebSessions,
};
use crate::clock::{Clock, Millis};
use crate::config::Retention;
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::store::{self, Conn, Store, accounts, erasures, sessions, visits};

pub use address_export::AddressExport;
pub use deferred::Stoppable;
pub use erasure::Receipt;
pub(super) use export::address_id;
pub use export::{
    Export, ExportedAccount, ExportedAddress, ExportedConsent, ExportedToken, ExportedWebSession, Need, PendingErasure,
};

/// Shows, exports and erases the data stored about a user or an address.
pub struct SelfService {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) signing: Arc<SigningKeys>,
    pub(super) server_name: OwnedServerName,
    pub(super) retention: Retention,
    pub(super) accounts: Arc<Accounts>,
    pub(super) web_sessions: Arc<WebSessions>,
    pub(super) objections: Arc<Objections>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) directory: Arc<Directory>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) notices: Arc<Notices>,
    pub(super) links: Arc<PublicLinks>,
    pub(super) audit: Arc<Audit>,
}

impl SelfService {
    /// Ends a user's sessions on this server: access tokens, and web sessions except for this one.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn log_out_everywhere(&self, mxid: &UserId, this: &WebSession) -> Result<(), Error> {
        let (shut_out, sealer, now) = (ShutOut::of(&self.sealer, mxid), self.sealer.clone(), self.clock.now());
        let (audit, user) = (Arc::clone(&self.audit), mxid.to_owned());
        let done = self.store.write(async move |conn| {
            let gone = shut_out.end_tokens(conn, now).await?;
            gone.conclude(conn, &sealer, &audit, &user).await
        });
        done.await.map_err(|error: store::Error| error)?;
        self.web_sessions.end_others(this).await?;
        self.accounts.expire_caches().await;
        Ok(())
    }

    /// Ends all of a user's sessions on this server, since they are used by somebody else, and
    /// stops their erasure if wanted.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing has changed in that case.
    pub async fn shut_out(&self, mxid: &UserId, with_erasure: bool) -> Result<(), Error> {
        let (shut_out, sealer, now) = (ShutOut::of(&self.sealer, mxid), self.sealer.clone(), self.clock.now());
        let (audit, user) = (Arc::clone(&self.audit), mxid.to_owned());
        let done = self.store.write(async move |conn| {
            let gone = shut_out.carry_out(conn, now, with_erasure).await?;
            gone.conclude(conn, &sealer, &audit, &user).await
        });
        done.await.map_err(|error: store::Error| error)?;
        self.accounts.expire_caches().await;
        Ok(())
    }
}

/// Ends all of a user's sessions within a transaction, and stops their erasure if wanted.
#[derive(Clone, Copy)]
pub(super) struct ShutOut {
    account: BlindIndex,
    sessions: BlindIndex,
    erasure: BlindIndex,
}

impl ShutOut {
    pub fn of(sealer: &Sealer, mxid: &UserId) -> Self {
        Self {
            account: sealer.account_index(mxid),
            sessions: sealer.web_session_user_index(mxid),
            erasure: sealer.erasure_index(mxid),
        }
    }

    /// Ends the sessions, except for those that [`Gone::remove_sessions`] removes. The erasure
    /// comes last: one that is being requested by a token or web session is either stored before
    /// that ends, or can no longer be requested.
    pub async fn carry_out(self, conn: &mut Conn, now: Millis, with_erasure: bool) -> Result<Gone, store::Error> {
        let mut gone = self.end_tokens(conn, now).await?;
        gone.is_any |= visits::end_all_of(conn, self.sessions.as_ref()).await? > 0;
        if with_erasure {
            gone.is_any |= erasures::cancel(conn, self.erasure.as_ref()).await?;
        }
        Ok(gone)
    }

    /// Ends only the access tokens.
    async fn end_tokens(self, conn: &mut Conn, now: Millis) -> Result<Gone, store::Error> {
        let Some(account) = accounts::by_user(conn, self.account.as_ref()).await? else { return Ok(Gone::default()) };
        // This locks the account.
        let tokens = accounts::end_tokens(conn, account.id, now).await?;
        Ok(Gone { account: Some(account.id), is_any: !tokens.is_empty(), tokens })
    }
}

/// The result of a [`ShutOut`].
#[derive(Default)]
#[must_use]
pub(super) struct Gone {
    account: Option<i64>,
    /// The hashes of the tokens.
    pub tokens: Vec<Vec<u8>>,
    /// True if it has ended anything.
    is_any: bool,
}

impl Gone {
    /// Removes related data, and writes the audit log.
    async fn conclude(
        &self,
        conn: &mut Conn,
        sealer: &Sealer,
        audit: &Audit,
        user: &UserId,
    ) -> Result<(), store::Error> {
        self.remove_sessions(conn).await?;
        memory::forget(conn, sealer, &self.tokens).await?;
        self.note(conn, audit, user).await
    }

    /// Writes the audit log, if there was anything to end.
    pub async fn note(&self, conn: &mut Conn, audit: &Audit, user: &UserId) -> Result<(), store::Error> {
        if self.is_any {
            audit.note(conn, Entry::new(Act::SignOut, Origin::Page).user(user)).await?;
        }
        Ok(())
    }

    /// Removes the account's validation sessions: otherwise somebody who registers again could bind
    /// addresses validated in them. Locks are taken in order, and these come after those of
    /// bindings.
    pub async fn remove_sessions(&self, conn: &mut Conn) -> Result<(), store::Error> {
        if let Some(account) = self.account {
            sessions::remove_of_account(conn, account).await?;
        }
        Ok(())
    }
}
