//! Consents to the policies.

use ruma_common::UserId;
use serde::Deserialize;

use super::{Caller, Vouch};
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::policy::{DocumentRef, Policies};
use crate::store::consents::{self, NewConsent};
use crate::store::{self, accounts};

/// The most URLs that one request may accept: far more than there are policies.
const MOST_URLS: usize = 1_000;

impl Vouch {
    /// Records that a user accepts the documents at these URLs. An unknown URL is ignored, an acceptance on record keeps its time,
    /// and one language counts for all.
    ///
    /// # Errors
    /// 403 `M_FORBIDDEN` if one of them was withdrawn: clients post again by themselves what they once showed, and that
    /// must not undo it.
    pub async fn accept_terms(&self, caller: &Caller, urls: &[String]) -> Result<(), Error> {
        if urls.len() > MOST_URLS {
            return Err(Error::invalid("user_accepts", "fewer URLs"));
        }
        let (account_id, now) = (caller.account_id, self.clock.now());
        let base = &self.config.server.public_url;
        let known = urls.iter().filter_map(|url| Some((url, self.policies.by_url(base, url)?)));
        let new: Vec<_> = known
            .map(|(url, document)| NewConsent { url: url.clone(), ..self.consent(account_id, document, now) })
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let result = self
            .store
            .write(async move |conn| {
                // An erasure may have been quicker; a consent that came after would stay for ever.
                if !accounts::lock(conn, account_id).await? {
                    return Err(Error::unauthorized("The account no longer exists"));
                }
                let on_record = consents::of_account(conn, account_id).await?;
                let withdrawn = |consent: &&NewConsent| {
                    on_record.iter().any(|old| {
                        old.withdrawn_at.is_some() && (&old.policy, &old.version) == (&consent.policy, &consent.version)
                    })
                };
                if new.iter().find(withdrawn).is_some() {
                    return Err(Error::forbidden(
                        "You withdrew this consent; only you can give it again, on the server's own page",
                    ));
                }
                Ok(consents::add(conn, new).await?)
            })
            .await;
        self.bearers.forget();
        result
    }

    /// Records that a user accepts a document in force that he was shown, on this server's own page: so it may be one whose consent he has
    /// withdrawn, and then counts from now. Who has no account gets one. Returns false, and records nothing, for what is not in force.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn give_consent(&self, mxid: &UserId, shown: &Shown) -> Result<bool, Error> {
        let in_force = self.policies.newest(&shown.policy).filter(|newest| newest.version() == shown.version);
        let Some(document) = in_force.and_then(|version| version.document(&shown.language)) else { return Ok(false) };
        let ((index, sealed), now) = (self.sealer.seal_account(mxid), self.clock.now());
        let consent = self.consent(0, document, now);
        let given = self.store.write(async move |conn| {
            let account = accounts::get_or_create(conn, index.as_ref(), &sealed, now).await?;
            consents::give(conn, NewConsent { account_id: account.id, ..consent }).await
        });
        given.await.map_err(|error: store::Error| error)?;
        self.bearers.forget();
        Ok(true)
    }

    /// Withdraws what a user has accepted of these policies, in whatever version. To withdraw again, or what was never accepted, is no
    /// error. When this returns, it holds on every node.
    ///
    /// # Errors
    /// 400 for a policy that is none of this server's; then nothing is withdrawn.
    pub async fn withdraw_terms(&self, mxid: &UserId, which: Withdrawal) -> Result<(), Error> {
        let (index, now) = (self.sealer.account_index(mxid), self.clock.now());
        let offered: Vec<String> = self.policies.in_force().map(|version| version.policy().to_owned()).collect();
        let done = self.store.write(async move |conn| {
            let Some(account) = accounts::by_user(conn, index.as_ref()).await? else { return which.among(&offered) };
            // An acceptance in the same moment comes before this, or after it and is refused.
            accounts::lock(conn, account.id).await?;
            let on_record = consents::of_account(conn, account.id).await?.into_iter().map(|consent| consent.policy);
            let known: Vec<String> = offered.into_iter().chain(on_record).collect();
            let policies = which.among(&known)?;
            for policy in &policies {
                consents::withdraw(conn, account.id, policy, now).await?;
            }
            Ok(policies)
        });
        done.await?;
        self.have_bearers_forgotten().await;
        Ok(())
    }

    fn consent(&self, account_id: i64, document: DocumentRef<'_>, accepted_at: Millis) -> NewConsent {
        NewConsent {
            account_id,
            policy: document.version.policy().to_owned(),
            version: document.version.version().to_owned(),
            language: document.language.to_owned(),
            url: Policies::url(&self.config.server.public_url, document),
            sha256: document.document.sha256.to_vec(),
            accepted_at,
        }
    }
}

/// A document that somebody has seen on a page.
#[derive(Debug, Deserialize)]
pub struct Shown {
    /// The policy's id.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// The language it was read in.
    pub language: String,
}

/// What is withdrawn.
#[derive(Debug)]
pub enum Withdrawal {
    /// Everything.
    All,
    /// The consents to these policies, by id.
    Of(Vec<String>),
}

impl Withdrawal {
    /// The policies that are meant, all of which must be known.
    fn among(self, known: &[String]) -> Result<Vec<String>, Error> {
        match self {
            Self::All => Ok(known.to_vec()),
            Self::Of(policies) if policies.iter().all(|policy| known.contains(policy)) => Ok(policies),
            Self::Of(_) => Err(Error::invalid("policies", "ids of policies of this server")),
        }
    }
}
