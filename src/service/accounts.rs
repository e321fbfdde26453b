//! Who calls: accounts and access tokens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ruma_common::{OwnedServerName, OwnedUserId};

use super::{Network, Vouch};
use crate::clock::{DAY, Millis, SECOND};
use crate::crypto::base62;
use crate::crypto::vault::{BlindIndex, token_hash};
use crate::error::Error;
use crate::federation;
use crate::store::{self, accounts};

/// Letters and digits of an access token: 238 bits.
const TOKEN_LENGTH: usize = 40;

/// An OpenID token, as a client got it from its homeserver.
pub struct Registration {
    /// Whom to ask about the token.
    pub matrix_server_name: OwnedServerName,
    /// The token.
    pub access_token: String,
}

/// The owner of an access token.
#[derive(Debug)]
pub struct Caller {
    /// The account's row.
    pub account_id: i64,
    /// Blind index of the Matrix ID among accounts.
    pub user_index: BlindIndex,
    /// The Matrix ID.
    pub mxid: OwnedUserId,
    /// When the user first registered.
    pub since: Millis,
    /// When the token was issued, against an OpenID token.
    pub proved_at: Millis,
    /// Whether every policy in force is accepted.
    pub terms_accepted: bool,
}

impl Vouch {
    /// Exchanges an OpenID token for an access token of ours.
    ///
    /// # Errors
    /// 401 if the homeserver does not know the token or answers for another server's user, 403 if it may not register here,
    /// 429, and 502 if it cannot be asked.
    pub async fn register(&self, from: &Network, registration: Registration) -> Result<String, Error> {
        let mxid = self.identify(from, &registration).await?;
        let (index, sealed) = self.sealer.seal_account(&mxid);
        let token = base62::random(TOKEN_LENGTH);
        let (hash, now) = (token_hash(&token), self.clock.now());
        self.store
            .write(async move |conn| {
                let account = accounts::get_or_create(conn, index.as_ref(), &sealed, now).await?;
                accounts::add_token(conn, &hash, account.id, now).await
            })
            .await
            .map_err(|error: store::Error| error)?;
        Ok(token)
    }

    /// Whose OpenID token it is, by the word of the homeserver; charged to the network.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub(super) async fn identify(&self, from: &Network, registration: &Registration) -> Result<OwnedUserId, Error> {
        self.rate_limits.charge_registration(from).await?;
        let Registration { matrix_server_name, access_token } = registration;
        Ok(self.federation.userinfo(matrix_server_name, access_token).await?)
    }

    /// Whose token it is, or `None` if it is nobody's. What was found is good for a second, unless terms are still to be accepted: they may be
    /// on another node, and then hold at once.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn caller(&self, token: &str) -> Result<Option<Arc<Caller>>, Error> {
        let (hash, now) = (token_hash(token), self.clock.now());
        if let Some(caller) = self.bearers.get(&hash, now) {
            return Ok(Some(caller));
        }
        let (generation, begun) = (self.bearers.generation(), Instant::now());
        let idle_since = now - self.config.retention.access_token;
        let Some(bearer) = accounts::by_token(&mut self.store.read().await?, &hash, idle_since).await? else {
            return Ok(None);
        };
        if now - bearer.used_at > DAY.min(self.config.retention.access_token / 10) {
            self.store.note(async move |conn| accounts::touch_token(conn, &hash, now).await).await?;
        }
        let caller = Arc::new(self.recognize(bearer)?);
        if caller.terms_accepted {
            self.bearers.put(hash, Known { caller: Arc::clone(&caller), at: (now, begun) }, generation);
        }
        Ok(Some(caller))
    }

    fn recognize(&self, bearer: accounts::Bearer) -> Result<Caller, Error> {
        let accounts::Bearer { account, issued_at: proved_at, accepted, .. } = bearer;
        let accepted = accepted.iter().map(|(policy, version)| (policy.as_str(), version.as_str()));
        Ok(Caller {
            account_id: account.id,
            user_index: BlindIndex(account.user_index.as_slice().try_into().map_err(|_| Error::internal())?),
            mxid: self.sealer.open_account(&account)?,
            since: account.created_at,
            proved_at,
            terms_accepted: self.policies.missing(accepted).is_empty(),
        })
    }

    /// Makes a token unusable.
    ///
    /// # Errors
    /// 401 `M_UNKNOWN_TOKEN` if it is nobody's.
    pub async fn log_out(&self, token: &str) -> Result<(), Error> {
        let hash = token_hash(token);
        let idle_since = self.clock.now() - self.config.retention.access_token;
        let removed =
            self.store.write_one(async move |conn| accounts::remove_token(conn, &hash, idle_since).await).await;
        self.bearers.forget();
        if removed? { Ok(()) } else { Err(Error::unknown_token()) }
    }

    /// Waits until no node takes anybody any more for what the database said before: so what is done to tokens and consents holds on every
    /// node by the time it is answered.
    pub(super) async fn have_bearers_forgotten(&self) {
        self.bearers.forget();
        tokio::time::sleep(REMEMBERED).await;
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

/// What tokens stand for, remembered for a second.
#[derive(Default)]
pub(super) struct Bearers {
    known: RwLock<HashMap<[u8; 32], Known>>,
    /// Counts how often everything was forgotten: what was read from the database before is not put in after.
    generation: AtomicU64,
}

struct Known {
    caller: Arc<Caller>,
    /// When it was looked for, by the server's clock and by the machine's: the first can be set by a test, the second by nobody.
    at: (Millis, Instant),
}

const REMEMBERED: Duration = Duration::from_secs(1);
const MOST_REMEMBERED: usize = 50_000;

impl Bearers {
    fn get(&self, hash: &[u8; 32], now: Millis) -> Option<Arc<Caller>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Known { caller, at: (clock, machine) } = known.get(hash)?;
        (now - clock < SECOND && machine.elapsed() < REMEMBERED).then(|| Arc::clone(caller))
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn put(&self, hash: [u8; 32], found: Known, generation: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if generation != self.generation() {
            return;
        }
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(hash, found);
    }

    /// Forgets everything, so that a logout, a withdrawal or an erasure holds at once on this node.
    pub(super) fn forget(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::SeqCst);
        known.clear();
    }
}
