//! Consents to the policies.

use ruma_common::UserId;
use serde::Deserialize;

use super::Accounts;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::policy::{DocumentRef, Policies};
use crate::service::Caller;
use crate::store::consents::{self, NewConsent};
use crate::store::{self, accounts};

/// How many URLs a request may accept: far more than there are policies.
const MAX_URLS: usize = 1_000;

impl Accounts {
    /// Records that a user accepts the documents at these URLs. Unknown URLs are ignored, an
    /// acceptance on record keeps its time, and accepting one language accepts them all.
    ///
    /// # Errors
    /// 403 `M_FORBIDDEN` if one of them was withdrawn: clients repeat earlier acceptances without
    /// asking, which must not undo a withdrawal.
    pub async fn accept_terms(&self, caller: &Caller, urls: &[String]) -> Result<(), Error> {
        if urls.len() > MAX_URLS {
            return Err(Error::invalid("user_accepts", "fewer URLs"));
        }
        let (account_id, now) = (caller.account_id, self.clock.now());
        let published = self.content.load_full();
        let known = urls.iter().filter_map(|url| Some((url, published.policies.by_url(&self.public_url, url)?)));
        let new: Vec<_> = known
            .map(|(url, document)| NewConsent { url: url.clone(), ..self.consent(account_id, document, now) })
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let added = self.store.write(async move |conn| {
            // If the account is being erased, a consent added afterwards would never be deleted.
            if !accounts::lock(conn, account_id).await? {
                return Err(Error::unauthorized("The account no longer exists"));
            }
            let on_record = consents::of_account(conn, account_id).await?;
            let is_withdrawn = |new: &NewConsent| {
                on_record
                    .iter()
                    .any(|old| old.withdrawn_at.is_some() && (&old.policy, &old.version) == (&new.policy, &new.version))
            };
            if new.iter().any(is_withdrawn) {
                return Err(Error::forbidden(
                    "You withdrew this consent; only you can give it again, on the server's own page",
                ));
            }
            Ok(consents::add(conn, new).await?)
        });
        let added = added.await;
        self.tokens.clear();
        added
    }

    /// Records that a user accepts a document in force that they were shown on this server's own
    /// page. Unlike a client, they may renew a consent that they withdrew. Creates an account if
    /// the user has none. Returns false, and records nothing, if the document is not in force.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn give_consent(&self, mxid: &UserId, shown: &Shown) -> Result<bool, Error> {
        let published = self.content.load_full();
        let in_force = published.policies.newest(&shown.policy).filter(|newest| newest.version() == shown.version);
        let Some(document) = in_force.and_then(|version| version.document(&shown.language)) else { return Ok(false) };
        let ((index, sealed), now) = (self.sealer.seal_account(mxid), self.clock.now());
        let consent = self.consent(0, document, now);
        let given = self.store.write(async move |conn| {
            let account = accounts::get_or_create(conn, index.as_ref(), &sealed, now).await?;
            consents::give(conn, NewConsent { account_id: account.id, ..consent }).await
        });
        given.await.map_err(|error: store::Error| error)?;
        self.tokens.clear();
        Ok(true)
    }

    /// Withdraws a user's consents to these policies, in any version. Withdrawing twice, or what
    /// was never accepted, is not an error. When this returns, the withdrawal has taken effect on
    /// every node.
    ///
    /// # Errors
    /// 400 for an unknown policy; then nothing is withdrawn.
    pub async fn withdraw_terms(&self, mxid: &UserId, which: Withdrawal) -> Result<(), Error> {
        let (index, now) = (self.sealer.account_index(mxid), self.clock.now());
        let published = self.content.load_full();
        let offered: Vec<String> = published.policies.in_force().map(|version| version.policy().to_owned()).collect();
        let withdrawn = self.store.write(async move |conn| {
            let Some(account) = accounts::by_user(conn, index.as_ref()).await? else {
                return which.among(offered).map(drop);
            };
            // A concurrent acceptance comes either before this, or after it and is refused.
            accounts::lock(conn, account.id).await?;
            let on_record = consents::of_account(conn, account.id).await?.into_iter().map(|consent| consent.policy);
            for policy in which.among(offered.into_iter().chain(on_record).collect())? {
                consents::withdraw(conn, account.id, &policy, now).await?;
            }
            Ok(())
        });
        withdrawn.await?;
        self.expire_caches().await;
        Ok(())
    }

    fn consent(&self, account_id: i64, document: DocumentRef<'_>, accepted_at: Millis) -> NewConsent {
        NewConsent {
            account_id,
            policy: document.version.policy().to_owned(),
            version: document.version.version().to_owned(),
            language: document.language.to_owned(),
            url: Policies::url(&self.public_url, document),
            sha256: document.document.sha256.to_vec(),
            accepted_at,
        }
    }
}

/// A document that a user was shown on a page.
#[derive(Debug, Deserialize)]
pub struct Shown {
    /// The policy's id.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// The language it was shown in.
    pub language: String,
}

/// The consents to withdraw.
#[derive(Clone, Debug)]
pub enum Withdrawal {
    /// All of them.
    All,
    /// The consents to these policies, by id.
    Of(Vec<String>),
}

impl Withdrawal {
    /// Returns the policies in question, all of which must be known.
    fn among(self, known: Vec<String>) -> Result<Vec<String>, Error> {
        match self {
            Self::All => Ok(known),
            Self::Of(policies) if policies.iter().all(|policy| known.contains(policy)) => Ok(policies),
            Self::Of(_) => Err(Error::invalid("policies", "ids of policies of this server")),
        }
    }
}
