//! Leaving: everything held about a user is erased, and the user gets a receipt.
//!
//! A look-up asks the database for the rows it has found, so what is erased is found under no pepper and on no node from the moment the
//! transaction ends. What a user does in the same moment comes before it, and goes with the rest, or after it, and is refused: each
//! transaction that would leave something behind locks the row of its account first.

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue, to_canonical_value};
use ruma_common::{OwnedUserId, UserId};
use serde_json::json;

use super::{Erased, Subject, Vouch};
use crate::clock::Millis;
use crate::error::Error;
use crate::store::{self, Conn, accounts, bindings, consents, invites, outbox, sessions, visits};

/// What an erasure leaves the user with.
#[derive(Debug)]
pub struct Receipt {
    /// Who was erased.
    pub user_id: OwnedUserId,
    /// When.
    pub erased_at: Millis,
    /// What was removed.
    pub erased: Erased,
    /// How many records of consents stay for their last retention, tied to no one.
    pub consents: usize,
    /// Until when they do.
    pub consents_until: Millis,
}

impl Vouch {
    /// Erases everything held about a user. Consents stay for their last retention, tied to no one.
    ///
    /// # Errors
    /// 503 if the database is away; then nothing is erased.
    pub async fn erase_user(&self, mxid: &UserId) -> Result<Receipt, Error> {
        let (account, bound) = (self.sealer.account_index(mxid), self.sealer.binding_user_index(mxid));
        let queued = self.sealer.outbox_user_index(mxid);
        let visited = self.visit_subject_index(&Subject::User(mxid.to_owned()));
        let now = self.clock.now();
        let done = self.store.write(async move |conn| {
            // The account goes first. Who is about to bind, or to complete an invitation of this user, waits for that or has come before.
            let (mut erased, consents) = match accounts::by_user(conn, account.as_ref()).await? {
                Some(account) => erase_account(conn, account.id, now).await?,
                None => (Erased::default(), 0),
            };
            erased.bindings = bindings::unbind_all(conn, bound.as_ref()).await?;
            erased.deliveries = outbox::remove_by_user(conn, queued.as_ref()).await?;
            erased.visits = visits::end_all_of(conn, visited.as_ref()).await?;
            Ok::<_, store::Error>((erased, consents))
        });
        let (erased, consents) = done.await?;
        if self.store.settle().await.is_err() {
            log::warn!("what was erased is still in the database's log, until that is written over");
        }
        self.have_bearers_forgotten().await;
        let consents_until = now + self.config.retention.consent;
        Ok(Receipt { user_id: mxid.to_owned(), erased_at: now, erased, consents, consents_until })
    }

    /// A receipt as JSON, [signed](https://spec.matrix.org/latest/appendices/#signing-json) with this server's key; see docs/api.md.
    ///
    /// # Panics
    /// Never: a receipt is canonical JSON.
    #[must_use]
    pub fn signed_receipt(&self, receipt: &Receipt) -> CanonicalJsonObject {
        let object = json!({
            "type": "im.vouch.erasure_receipt",
            "server_name": self.config.server.name,
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

/// Removes an account with all that hangs on it; returns what that was, and how many consents stay.
async fn erase_account(conn: &mut Conn, id: i64, now: Millis) -> Result<(Erased, usize), store::Error> {
    if !accounts::lock(conn, id).await? {
        return Ok((Erased::default(), 0));
    }
    let consents = consents::account_gone(conn, id, now).await?;
    let erased = Erased {
        access_tokens: accounts::remove_tokens_of(conn, id).await?,
        validation_sessions: sessions::remove_of_account(conn, id).await?,
        invitations: invites::remove_of_account(conn, id).await?,
        account: accounts::remove(conn, id).await?,
        ..Erased::default()
    };
    Ok((erased, consents))
}
