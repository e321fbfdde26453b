//! What people do about their own data: they see, export and erase it. A [web
//! session](super::web_sessions) or an access token proves who they are.

mod address;
mod erasure;
mod export;

use std::sync::Arc;

use ruma_common::{OwnedServerName, UserId};

use super::lookups::memory;
use super::sealing::Sealer;
use super::{Accounts, Directory, Objections, Outbox, RateLimits, WebSession, WebSessions};
use crate::clock::Clock;
use crate::config::Retention;
use crate::crypto::signing::SigningKeys;
use crate::error::Error;
use crate::store::{self, Store, accounts};

pub use erasure::Receipt;
pub use export::{AddressExport, Export, ExportedAccount, ExportedConsent, ExportedToken, ExportedWebSession};

/// Shows, exports and erases what is stored about a user or an address.
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
}

impl SelfService {
    /// Ends a user's sessions on this server: access tokens, and web sessions except for this one.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn log_out_everywhere(&self, mxid: &UserId, this: &WebSession) -> Result<(), Error> {
        let (account, sealer) = (self.sealer.account_index(mxid), self.sealer.clone());
        let removed = self.store.write(async move |conn| {
            if let Some(account) = accounts::by_user(conn, account.as_ref()).await? {
                let tokens = accounts::remove_tokens_of(conn, account.id).await?;
                memory::forget(conn, &sealer, &tokens).await?;
            }
            Ok::<_, store::Error>(())
        });
        removed.await?;
        self.web_sessions.end_others(this).await?;
        self.accounts.expire_caches().await;
        Ok(())
    }
}
