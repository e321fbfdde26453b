//! Consents to the policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruma_common::UserId;
use serde::Deserialize;
use serde_json::json;

use super::Accounts;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::policy::{DocumentRef, Policies};
use crate::service::audit::{Act, Entry, Origin};
use crate::service::{Actor, Caller};
use crate::store::consents::{self, NewConsent};
use crate::store::{self, accounts};

/// The maximum number of URLs that a request may accept: far more than there are policies.
const MAX_URLS: usize = 1_000;

/// The maximum number of consents kept for an account: far more than anybody gives on purpose.
const LONGEST_HISTORY: usize = 200;

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
        let (audit, user) = (Arc::clone(&self.audit), caller.mxid.clone());
        let added = self.store.write(async move |conn| {
            // If the account is being erased, a consent added afterwards would never be deleted.
            if !accounts::lock(conn, account_id).await? {
                return Err(Error::unauthorized("The account no longer exists"));
            }
            let on_record = consents::of_account(conn, account_id).await?;
            // The last one counts.
            let standing = |new: &NewConsent| on_record.iter().rev().find(|old| old.is_of(new));
            if new.iter().filter_map(standing).any(|old| old.withdrawn_at.is_some()) {
                return Err(Error::forbidden(
                    "You withdrew this consent; only you can give it again, on the server's own page",
                ));
            }
            // Several languages of a document are one consent.
            let mut added = BTreeSet::new();
            for consent in new {
                if standing(&consent).is_none() && added.insert((consent.policy.clone(), consent.version.clone())) {
                    audit.note(conn, accepted(&consent, Origin::Api).user(&user)).await?;
                    consents::add(conn, consent).await?;
                }
            }
            Ok(())
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
    /// 429 if the user has too often renewed consents that they withdrew; 503 if the database is
    /// unavailable.
    pub async fn give_consent(&self, actor: &Actor, shown: &Shown) -> Result<bool, Error> {
        let published = self.content.load_full();
        let in_force = published.policies.newest(&shown.policy).filter(|newest| newest.version() == shown.version);
        let Some(document) = in_force.and_then(|version| version.document(&shown.language)) else { return Ok(false) };
        let ((index, sealed), now) = (self.sealer.seal_account(&actor.mxid), self.clock.now());
        let consent = self.consent(0, document, now);
        let mut conn = self.store.read().await?;
        if let Some(account) = accounts::by_user(&mut conn, index.as_ref()).await? {
            let on_record = consents::of_account(&mut conn, account.id).await?;
            if on_record.iter().rev().find(|old| old.is_of(&consent)).is_some_and(|old| old.withdrawn_at.is_some()) {
                // Otherwise somebody could fill the history and the audit log.
                self.rate_limits.charge_change(actor).await?;
            }
        }
        let (audit, user) = (Arc::clone(&self.audit), actor.mxid.clone());
        let given = self.store.write(async move |conn| {
            let account = accounts::get_or_create(conn, index.as_ref(), &sealed, now).await?;
            let consent = NewConsent { account_id: account.id, ..consent };
            let on_record = consents::of_account(conn, account.id).await?;
            if on_record.iter().any(|old| old.is_of(&consent) && old.withdrawn_at.is_none()) {
                return Ok(());
            }
            if on_record.len() >= LONGEST_HISTORY {
                consents::remove_oldest(conn, account.id).await?;
            }
            audit.note(conn, accepted(&consent, Origin::Page).user(&user)).await?;
            consents::add(conn, consent).await
        });
        given.await.map_err(|error: store::Error| error)?;
        self.tokens.clear();
        Ok(true)
    }

    /// Withdraws a user's consents to these policies, in any version. Withdrawing twice, or
    /// withdrawing a consent that was never given, is not an error. When this returns, the
    /// withdrawal has taken effect on every node.
    ///
    /// # Errors
    /// 400 for an unknown policy; nothing is withdrawn in that case.
    pub async fn withdraw_terms(&self, mxid: &UserId, which: Withdrawal, origin: Origin) -> Result<(), Error> {
        let (index, now) = (self.sealer.account_index(mxid), self.clock.now());
        let published = self.content.load_full();
        let offered: Vec<String> = published.policies.in_force().map(|version| version.policy().to_owned()).collect();
        let (audit, user) = (Arc::clone(&self.audit), mxid.to_owned());
        let withdrawn = self.store.write(async move |conn| {
            let Some(account) = accounts::by_user(conn, index.as_ref()).await? else {
                return which.among(offered).map(drop);
            };
            // A concurrent acceptance comes either before this, or after it and is refused.
            accounts::lock(conn, account.id).await?;
            let on_record = consents::of_account(conn, account.id).await?.into_iter().map(|consent| consent.policy);
            for policy in which.among(offered.into_iter().chain(on_record).collect())? {
                if consents::withdraw(conn, account.id, &policy, now).await? > 0 {
                    let entry = Entry::new(Act::Withdraw, origin).user(&user);
                    audit.note(conn, entry.detail(json!({ "policy": policy }))).await?;
                }
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

/// Returns the entry of the audit log for a consent, without its user.
fn accepted(consent: &NewConsent, origin: Origin) -> Entry<'static> {
    let detail = json!({ "policy": consent.policy, "version": consent.version, "language": consent.language });
    Entry::new(Act::Accept, origin).detail(detail)
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
