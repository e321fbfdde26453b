//! Consents to the policies.

use super::{Caller, Vouch};
use crate::error::Error;
use crate::store::accounts;
use crate::store::consents::{self, NewConsent};

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
            .map(|(url, document)| NewConsent {
                account_id,
                policy: document.version.policy().to_owned(),
                version: document.version.version().to_owned(),
                language: document.language.to_owned(),
                url: url.clone(),
                sha256: document.document.sha256.to_vec(),
                accepted_at: now,
            })
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let result = self
            .store
            .write(async move |conn| {
                // An erasure may have been quicker; a consent that came after would stay for ever.
                if !accounts::lock(conn, account_id).await? {
                    return Err(Error::unauthorized("The account is gone"));
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
}
