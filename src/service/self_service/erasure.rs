//! Erasing everything stored about a user, who gets a receipt.
//!
//! Look-ups read the rows they match from the database, so an erased binding is not found by any
//! node or under any pepper once the transaction has been committed. Concurrent requests of the
//! user either come before it, and their effects are erased as well, or come after it and are
//! refused: every transaction that would leave something behind locks the row of the account first.

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue, to_canonical_value};
use ruma_common::{OwnedUserId, UserId};
use serde_json::json;

use super::SelfService;
use crate::clock::Millis;
use crate::error::Error;
use crate::service::address_data::Erased;
use crate::service::lookups::memory;
use crate::store::{self, accounts, bindings, consents, invites, outbox, sessions, visits};

/// The result of an erasure.
#[derive(Debug)]
pub struct Receipt {
    /// The user.
    pub user_id: OwnedUserId,
    /// When they were erased.
    pub erased_at: Millis,
    /// What was erased.
    pub erased: Erased,
    /// How many records of consents are kept for their retention, tied to nobody.
    pub consents: usize,
    /// When those will be deleted.
    pub consents_until: Millis,
}

impl SelfService {
    /// Erases everything stored about a user. Records of consents are kept for their retention,
    /// tied to nobody.
    ///
    /// # Errors
    /// 503 if the database is unavailable; then nothing is erased.
    pub async fn erase_user(&self, mxid: &UserId) -> Result<Receipt, Error> {
        let (account, bound) = (self.sealer.account_index(mxid), self.sealer.binding_user_index(mxid));
        let queued = self.sealer.outbox_user_index(mxid);
        let web_sessions = self.sealer.web_session_user_index(mxid);
        let (sealer, now) = (self.sealer.clone(), self.clock.now());
        let done = self.store.write(async move |conn| {
            // The account is locked first: a concurrent bind or invitation of this user has
            // committed, or waits.
            let account = match accounts::by_user(conn, account.as_ref()).await? {
                Some(account) if accounts::lock(conn, account.id).await? => Some(account.id),
                _ => None,
            };
            let (mut erased, mut consents) = (Erased::default(), 0);
            if let Some(id) = account {
                consents = consents::account_gone(conn, id, now).await?;
                let tokens = accounts::remove_tokens_of(conn, id).await?;
                memory::forget(conn, &sealer, &tokens).await?;
                erased.access_tokens = tokens.len();
            }
            erased.bindings = bindings::unbind_all(conn, bound.as_ref()).await?;
            if let Some(id) = account {
                erased.validation_sessions = sessions::remove_of_account(conn, id).await?;
                erased.invitations = invites::remove_of_account(conn, id).await?;
                erased.account = accounts::remove(conn, id).await?;
            }
            erased.deliveries = outbox::remove_by_user(conn, queued.as_ref()).await?;
            erased.web_sessions = visits::end_all_of(conn, web_sessions.as_ref()).await?;
            Ok::<_, store::Error>((erased, consents))
        });
        let (erased, consents) = done.await?;
        self.store.purge_deleted().await;
        self.accounts.expire_caches().await;
        let consents_until = now + self.retention.consent;
        Ok(Receipt { user_id: mxid.to_owned(), erased_at: now, erased, consents, consents_until })
    }

    /// Returns a receipt as JSON, [signed](https://spec.matrix.org/latest/appendices/#signing-json)
    /// with this server's key; see docs/api.md.
    ///
    /// # Panics
    /// Never: a receipt is canonical JSON.
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
