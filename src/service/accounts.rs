//! Accounts and access tokens.

mod terms;
mod token_cache;

use std::sync::Arc;

use ruma_common::{OwnedServerName, OwnedUserId};
use url::Url;

use super::lookups::memory;
use super::sealing::Sealer;
use super::{Audit, Caller, Network, RateLimits};
use crate::clock::{Clock, DAY, MINUTE, Millis, SECOND};
use crate::content::Published;
use crate::crypto::base62;
use crate::crypto::vault::{BlindIndex, token_hash};
use crate::error::Error;
use crate::federation::{self, Federation};
use crate::identity::rate_limit::rules::{Account, Means};
use crate::store::{self, Conn, Store, accounts, proofs};

pub use terms::{Shown, Withdrawal};
pub(super) use token_cache::TokenCache;

/// The length of an access token in letters and digits: 238 bits.
const TOKEN_LENGTH: usize = 40;

/// An OpenID token that a client got from its homeserver.
pub struct Registration {
    /// The homeserver that issued the token.
    pub matrix_server_name: OwnedServerName,
    /// The token.
    pub access_token: String,
    /// The validity in seconds, according to the party that presents it.
    pub expires_in: Option<i64>,
}

/// The time for which an OpenID token is remembered after its first use, unless it is valid for
/// longer. Homeservers issue them for an hour by default, and some let their operator change that.
pub(crate) const OPENID_TOKEN_KEPT: Millis = 30 * DAY;
/// The longest time for which an OpenID token is remembered. One that claims to be valid for longer
/// could be used again afterwards, so it is never a fresh proof.
pub(super) const OPENID_TOKEN_KEPT_AT_MOST: Millis = 90 * DAY;

/// An OpenID token, as it is remembered.
#[derive(Clone, Copy)]
struct Fingerprint {
    index: BlindIndex,
    forget_at: Millis,
    /// True if it is remembered for as long as it is valid.
    is_covered: bool,
}

impl Fingerprint {
    /// Remembers the token. Returns whether it is a fresh proof, that is, was not used before.
    async fn accept(self, conn: &mut Conn) -> Result<bool, store::Error> {
        let is_first = proofs::accept_openid_token(conn, self.index.as_ref(), self.forget_at).await?;
        Ok(is_first && self.is_covered)
    }
}

/// Registers users, recognises their access tokens, and records their consents.
pub struct Accounts {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) federation: Arc<Federation>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) content: Arc<Published>,
    pub(super) audit: Arc<Audit>,
    /// `server.public_url`, which the URLs of policies begin with.
    pub(super) public_url: Url,
    /// The time for which an unused token stays valid.
    pub(super) token_lifetime: Millis,
    pub(super) tokens: TokenCache,
}

impl Accounts {
    /// Exchanges an OpenID token for an access token of this server. Only the first use of an
    /// OpenID token on this server is a fresh proof of who its user is: it has no audience, so
    /// anyone who was given it could present it again. A repeated registration is not refused,
    /// because clients retry one whose answer they did not receive. But after all of the account's
    /// tokens were ended together, somebody who had one of its OpenID tokens must not come back
    /// with it. If the account has too many access tokens, one of those that have been unused for
    /// longest ends.
    ///
    /// # Errors
    /// 401 if the homeserver does not know the token or answers for another server's user, or if
    /// the token was used before and the account was signed out everywhere since then; 403 if its
    /// users may not register here; 429; and 502 if it cannot be reached.
    pub async fn register(&self, from: &Network, registration: &Registration) -> Result<String, Error> {
        let mxid = self.identify(from, registration).await?;
        let ((user, stored), now) = (self.sealer.seal_account(&mxid), self.clock.now());
        let homeserver = self.rate_limits.homeserver(&mxid, now).await?;
        let token = base62::random(TOKEN_LENGTH);
        let (hash, openid) = (token_hash(&token), self.fingerprint(registration));
        let (sealer, rate_limits) = (self.sealer.clone(), Arc::clone(&self.rate_limits));
        let added = self.store.write(async move |conn| {
            let account = accounts::get_or_create(conn, user.as_ref(), &stored, now).await?;
            let is_fresh = openid.accept(conn).await?;
            let is_shut_out = account.shut_out_at.is_some_and(|at| now - at < OPENID_TOKEN_KEPT_AT_MOST);
            if is_shut_out && !is_fresh {
                return Err(Error::unauthorized("The token was used before; ask the homeserver for a new one"));
            }
            let surplus = accounts::end_surplus_tokens(conn, account.id).await?;
            memory::forget(conn, &sealer, &surplus).await?;
            accounts::add_token(conn, &hash, account.id, now, is_fresh.then_some(now)).await?;
            let (account, by) =
                (Account { user, since: account.created_at }, if is_fresh { Means::Session } else { Means::Token });
            rate_limits.charge_vouched(conn, &account, homeserver.as_ref(), by).await
        });
        added.await?;
        Ok(token)
    }

    /// Returns the caller for a user on whose behalf their homeserver invites without an access
    /// token. They get an account if they have none, which owns the invitation.
    ///
    /// # Errors
    /// 429, and 503 if the database is unavailable.
    pub async fn without_token(&self, mxid: OwnedUserId) -> Result<Caller, Error> {
        let ((user, stored), now) = (self.sealer.seal_account(&mxid), self.clock.now());
        let homeserver = self.rate_limits.homeserver(&mxid, now).await?;
        let rate_limits = Arc::clone(&self.rate_limits);
        let account = self.store.write(async move |conn| {
            if let Some(account) = accounts::by_user(conn, user.as_ref()).await? {
                return Ok(account);
            }
            let account = accounts::get_or_create(conn, user.as_ref(), &stored, now).await?;
            let new = Account { user, since: account.created_at };
            rate_limits.charge_vouched(conn, &new, homeserver.as_ref(), Means::Token).await?;
            Ok::<_, Error>(account)
        });
        let account = account.await?;
        // Nobody has this token, so its look-ups are never found again.
        let token = base62::random(TOKEN_LENGTH);
        Ok(Caller {
            account_id: account.id,
            token: Arc::new(self.sealer.token(&token)),
            user_index: user,
            mxid,
            since: account.created_at,
            token_hash: token_hash(&token),
            terms_accepted: false,
        })
    }

    /// Returns the user of an OpenID token without creating an account. Each token is accepted
    /// once.
    ///
    /// # Errors
    /// The same as for [`Self::register`], and 401 if the token has been accepted before, or is
    /// valid for so long that it could be accepted again.
    pub async fn identify_once(&self, from: &Network, registration: &Registration) -> Result<OwnedUserId, Error> {
        let mxid = self.identify(from, registration).await?;
        let homeserver = self.rate_limits.homeserver(&mxid, self.clock.now()).await?;
        let (openid, rate_limits) = (self.fingerprint(registration), Arc::clone(&self.rate_limits));
        let user = mxid.clone();
        let accepted = self.store.write(async move |conn| {
            if !openid.accept(conn).await? {
                return Ok(false);
            }
            let account = rate_limits.account_of(conn, &user).await?;
            rate_limits.charge_vouched(conn, &account, homeserver.as_ref(), Means::NewSession).await?;
            Ok::<_, Error>(true)
        });
        if accepted.await? { Ok(mxid) } else { Err(Error::unauthorized("The token was used before")) }
    }

    /// Gives the token of a caller a fresh proof in exchange for an OpenID token of the same user.
    ///
    /// # Errors
    /// The same as for [`Self::register`], and 403 if the OpenID token is another user's, has been
    /// accepted before, or is valid for so long that it could be accepted again.
    pub async fn prove(&self, caller: &Caller, from: &Network, registration: &Registration) -> Result<(), Error> {
        if self.identify(from, registration).await? != caller.mxid {
            return Err(Error::forbidden("The OpenID token is another user's"));
        }
        let homeserver = self.rate_limits.homeserver(&caller.mxid, caller.since).await?;
        let (openid, rate_limits) = (self.fingerprint(registration), Arc::clone(&self.rate_limits));
        let (account, hash, now) =
            (Account { user: caller.user_index, since: caller.since }, caller.token_hash, self.clock.now());
        let proved = self.store.write(async move |conn| {
            let is_fresh = openid.accept(conn).await?;
            if is_fresh {
                proofs::give_proof(conn, &hash, now).await?;
                rate_limits.charge_vouched(conn, &account, homeserver.as_ref(), Means::Session).await?;
            }
            Ok::<_, Error>(is_fresh)
        });
        if proved.await? {
            Ok(())
        } else {
            Err(Error::forbidden("The OpenID token was used before; ask for a new one"))
        }
    }

    /// Returns the form in which an OpenID token is remembered.
    fn fingerprint(&self, registration: &Registration) -> Fingerprint {
        let claimed = registration.expires_in.unwrap_or_default().saturating_mul(SECOND);
        let kept = claimed.clamp(OPENID_TOKEN_KEPT, OPENID_TOKEN_KEPT_AT_MOST);
        Fingerprint {
            index: self.sealer.openid_token_index(&registration.access_token),
            forget_at: self.clock.now() + kept,
            is_covered: claimed <= kept,
        }
    }

    async fn identify(&self, from: &Network, registration: &Registration) -> Result<OwnedUserId, Error> {
        self.rate_limits.charge_registration(from).await?;
        let Registration { matrix_server_name, access_token, .. } = registration;
        Ok(self.federation.userinfo(matrix_server_name, access_token).await?)
    }

    /// Returns the owner of an access token. The result is cached for a second, unless policies are
    /// still to be accepted, because an acceptance on another node takes effect at once.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Arc<Caller>>, Error> {
        self.store.again_if_exchanged(async || self.owner(token).await).await
    }

    async fn owner(&self, token: &str) -> Result<Option<Arc<Caller>>, Error> {
        let (hash, now) = (token_hash(token), self.clock.now());
        if let Some(caller) = self.tokens.get(&hash, now) {
            return Ok(Some(caller));
        }
        let lookup = self.tokens.begin_lookup(now);
        let idle_since = now - self.token_lifetime;
        let Some(owner) = accounts::by_token(&mut self.store.read().await?, &hash, idle_since).await? else {
            return Ok(None);
        };
        // The first use distinguishes it from one that nobody uses, which ends first if there are
        // too many.
        let is_first = owner.used_at == owner.created_at && now - owner.created_at > MINUTE;
        if is_first || now - owner.used_at > DAY.min(self.token_lifetime / 10) {
            let noted = self.store.note(async move |conn| accounts::touch_token(conn, &hash, now).await);
            // The next request tries again, so this one need not fail.
            if let Err(error) = noted.await {
                log::warn!("the use of a token could not be recorded: {error}");
            }
        }
        let caller = Arc::new(self.recognize(token, owner, hash)?);
        if caller.terms_accepted {
            self.tokens.put(hash, Arc::clone(&caller), lookup);
        }
        Ok(Some(caller))
    }

    fn recognize(&self, token: &str, owner: accounts::TokenOwner, token_hash: [u8; 32]) -> Result<Caller, Error> {
        let accounts::TokenOwner { account, accepted, .. } = owner;
        let accepted = accepted.iter().map(|(policy, version)| (policy.as_str(), version.as_str()));
        let mxid = self.sealer.open_account(&account)?;
        Ok(Caller {
            account_id: account.id,
            token: Arc::new(self.sealer.token(token)),
            user_index: self.sealer.account_index(&mxid),
            mxid,
            since: account.created_at,
            token_hash,
            terms_accepted: self.content.load().policies.missing(accepted).is_empty(),
        })
    }

    /// Invalidates an access token.
    ///
    /// # Errors
    /// 401 `M_UNKNOWN_TOKEN` if it is not valid.
    pub async fn log_out(&self, token: &str) -> Result<(), Error> {
        let (hash, idle_since) = (token_hash(token), self.clock.now() - self.token_lifetime);
        let sealer = self.sealer.clone();
        let removed = self.store.write(async move |conn| {
            let is_removed = accounts::remove_token(conn, &hash, idle_since).await?;
            if is_removed {
                memory::forget(conn, &sealer, &[hash.to_vec()]).await?;
            }
            Ok::<_, store::Error>(is_removed)
        });
        let removed = removed.await;
        self.tokens.clear();
        if removed? { Ok(()) } else { Err(Error::unknown_token()) }
    }

    /// Forgets which users have accepted all policies, since there are new ones.
    pub fn ask_again(&self) {
        self.tokens.clear();
    }

    /// Waits until no node uses an owner that it cached before. A change to tokens or consents has
    /// taken effect everywhere by then.
    pub(super) async fn expire_caches(&self) {
        self.tokens.clear();
        tokio::time::sleep(token_cache::LIFETIME).await;
    }
}

impl From<federation::Error> for Error {
    fn from(error: federation::Error) -> Self {
        match error {
            federation::Error::Blocked => Self::forbidden("This homeserver's users may not register here"),
            federation::Error::Rejected => Self::unauthorized("The homeserver does not know this token"),
            federation::Error::Untrusted => Self::unauthorized("The homeserver did not vouch for this token"),
            federation::Error::Unavailable { retry_after, .. } => Self::homeserver_unreachable(retry_after),
        }
    }
}
