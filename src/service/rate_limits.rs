//! Rate limits: which of them a request is charged to. The configuration calls them budgets; how
//! they count is in [`rate_limit`](crate::identity::rate_limit).

mod charging;
mod credits;
#[cfg(test)]
mod tests;

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ruma_common::{ServerName, UserId};

use super::sealing::Sealer;
use super::{Asker, Caller};
use crate::clock::{Clock, HOUR};
use crate::config::{Bucket, Budgets};
use crate::crypto::vault::BlindIndex;
use crate::error::{Error, ErrorKind};
use crate::identity::calling_code;
use crate::identity::network::Network;
use crate::identity::rate_limit::Limit;
use crate::identity::threepid::{Address, Medium};
use crate::store::{Conn, Store};
use credits::Credits;

/// The views of the pages that show everything stored about a person.
const VIEWS: Bucket = Bucket { capacity: 60, per_hour: 600 };

/// Charges rate limits, which all nodes share.
pub struct RateLimits {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    budgets: Budgets,
    /// What this node has charged in advance.
    credits: Mutex<Credits>,
    /// When the operator was last warned that the server's limit is exceeded.
    warned_at: AtomicI64,
}

impl RateLimits {
    pub(super) fn new(store: Store, sealer: Sealer, clock: Clock, budgets: Budgets) -> Self {
        Self { store, sealer, clock, budgets, credits: Mutex::default(), warned_at: AtomicI64::default() }
    }

    /// Charges a look-up of `n` new addresses to the user, the homeserver, the network and the
    /// server.
    pub(super) async fn charge_lookup(&self, caller: &Caller, from: &Network, n: u32) -> Result<(), Error> {
        let budgets = &self.budgets;
        let age = Duration::from_millis((self.clock.now() - caller.since).max(0).cast_unsigned());
        let user = if age < budgets.newcomer { budgets.lookup_newcomer } else { budgets.lookup_user };
        let mut limits = vec![
            self.limit("lookup:user", caller.user_index.as_ref(), user),
            self.network("lookup:network", from, budgets.lookup_network),
        ];
        limits.extend(self.homeserver("lookup:homeserver", caller.mxid.server_name(), budgets.lookup_homeserver));
        let server = self.limit("lookup:server", &[], budgets.lookup_server);
        if budgets.stop_server {
            limits.push(server);
            return self.charge(&limits, n).await;
        }
        self.charge(&limits, n).await?;
        if let Err(error) = self.charge(&[server], n).await
            && error.kind() == ErrorKind::LimitExceeded
        {
            self.warn();
        }
        Ok(())
    }

    /// Charges one registration to the network.
    pub(super) async fn charge_registration(&self, from: &Network) -> Result<(), Error> {
        self.charge(&[self.network("register:network", from, self.budgets.registrations_network)], 1).await
    }

    /// Accepts an OpenID token as proof of a user's presence, once. Homeservers issue them for an
    /// hour, so that anyone who was given one could present it again.
    ///
    /// # Errors
    /// 401 if it was accepted before, and 503 if the database is unavailable.
    pub(super) async fn use_openid_token(&self, token: &str) -> Result<(), Error> {
        let once = self.limit("openid:token", token.as_bytes(), Bucket { capacity: 1, per_hour: 1 });
        self.charge(&[once], 1).await.map_err(|error| match error.kind() {
            ErrorKind::LimitExceeded => Error::unauthorized("The token was used before"),
            _ => error,
        })
    }

    /// Charges one unbinding signed by a homeserver to the network: checking it means asking that
    /// homeserver for its keys.
    pub(super) async fn charge_unbinding(&self, from: &Network) -> Result<(), Error> {
        self.charge(&[self.network("unbind:network", from, self.budgets.unbindings_network)], 1).await
    }

    /// Charges one export of everything stored about a user to that user.
    pub(super) async fn charge_export(&self, mxid: &UserId) -> Result<(), Error> {
        let index = self.sealer.account_index(mxid);
        self.charge(&[self.limit("export:user", index.as_ref(), self.budgets.exports_user)], 1).await
    }

    /// Charges one view of a page that shows everything stored about a person, known by the index
    /// of their web sessions. No setting changes this limit: nobody who reads the page reaches it.
    pub(super) async fn charge_view(&self, of: &BlindIndex) -> Result<(), Error> {
        self.charge(&[self.limit("view:subject", of.as_ref(), VIEWS)], 1).await
    }

    /// Charges one message to its asker: the user, if there is one, and the network. It is not
    /// refunded if the message cannot be sent: otherwise nothing would stop them from asking again
    /// and again.
    pub(super) async fn charge_message(&self, asker: Asker<'_>, medium: Medium, from: &Network) -> Result<(), Error> {
        let mut limits = vec![self.message_network(medium, from)];
        if let Asker::User(caller) = asker {
            let (name, bucket) = match medium {
                Medium::Email => ("message:user", self.budgets.messages_user),
                Medium::Msisdn => ("text:user", self.budgets.texts_user),
            };
            limits.push(self.limit(name, caller.user_index.as_ref(), bucket));
        }
        self.charge(&limits, 1).await
    }

    /// Charges one message to its recipient, in the transaction that claims it.
    pub(super) async fn charge_message_to(&self, conn: &mut Conn, to: &Address) -> Result<(), Error> {
        charging::charge(conn, each(self.recipient(to)), self.clock.now(), false).await.map(drop)
    }

    /// Refunds [`Self::charge_message_to`].
    pub(super) async fn refund_message_to(&self, conn: &mut Conn, to: &Address) -> Result<(), Error> {
        charging::refund(conn, each(self.recipient(to))).await
    }

    /// Charges a notice to its address, apart from the messages that strangers can cause.
    pub(super) async fn charge_notice(&self, to: &Address) -> Result<(), Error> {
        self.charge(&[self.address("notice:address", to)], 1).await
    }

    /// Refunds [`Self::charge_notice`].
    pub(super) fn refund_notice(&self, to: &Address) {
        self.add_credit(&[self.address("notice:address", to)]);
    }

    /// Charges a text to those who pay for it, but not to its number.
    pub(super) async fn charge_text(&self, to: &Address) -> Result<(), Error> {
        self.charge(&self.payers(to), 1).await
    }

    /// Refunds [`Self::charge_text`].
    pub(super) fn refund_text(&self, to: &Address) {
        self.add_credit(&self.payers(to));
    }

    /// Charges a link that proves an address to the limits that its asker may be told about: those
    /// of the network's messages and of the payers of a text. The asker does not identify
    /// themselves.
    pub(super) async fn charge_proof(&self, to: &Address, from: &Network) -> Result<(), Error> {
        self.charge(&[self.message_network(to.medium(), from)], 1).await?;
        self.charge_text(to).await
    }

    /// Charges such a link to its address, apart from the other messages that strangers can cause:
    /// so this page, which needs no account, cannot be used to keep anybody from proving an
    /// address.
    pub(super) async fn charge_proof_to(&self, to: &Address) -> Result<(), Error> {
        self.charge(&[self.address("proof:address", to)], 1).await
    }

    /// Refunds [`Self::charge_proof_to`].
    pub(super) fn refund_proof_to(&self, to: &Address) {
        self.add_credit(&[self.address("proof:address", to)]);
    }

    /// Charges one invitation to the inviter, their homeserver, the network and the address; and a
    /// text also to those who pay for it. Returns what was charged, for [`Self::refund_invite`].
    pub(super) async fn charge_invite(
        &self,
        caller: &Caller,
        from: &Network,
        to: &Address,
    ) -> Result<Vec<Limit>, Error> {
        let (budgets, homeserver) = (&self.budgets, caller.mxid.server_name());
        let mut limits = vec![
            self.network("invite:network", from, budgets.invites_network),
            self.limit("invite:user", caller.user_index.as_ref(), budgets.invites_user),
            self.limit("invite:address", to.to_lookup().as_bytes(), budgets.invites_address),
        ];
        limits.extend(self.homeserver("invite:homeserver", homeserver, budgets.invites_homeserver));
        limits.extend(self.payers(to));
        let (charges, now) = (each(limits.clone()), self.clock.now());
        self.store.write(async move |conn| charging::charge(conn, charges, now, false).await).await?;
        Ok(limits)
    }

    /// Refunds [`Self::charge_invite`].
    pub(super) async fn refund_invite(&self, charged: Vec<Limit>) -> Result<(), Error> {
        self.store.write(async move |conn| charging::refund(conn, each(charged)).await).await
    }

    fn limit(&self, name: &str, subject: &[u8], bucket: Bucket) -> Limit {
        Limit { key: self.sealer.rate_limit_key(name, subject), bucket }
    }

    fn network(&self, name: &str, from: &Network, bucket: Bucket) -> Limit {
        self.limit(name, from.to_string().as_bytes(), bucket)
    }

    /// Returns the limit of a homeserver that is not trusted. Its users may give its name in any
    /// case and with any port: it is one homeserver all the same.
    fn homeserver(&self, name: &str, homeserver: &ServerName, bucket: Bucket) -> Option<Limit> {
        let host = homeserver.host().to_ascii_lowercase();
        let is_trusted = self.budgets.trusted_homeservers.iter().any(|trusted| trusted == homeserver);
        (!is_trusted).then(|| self.limit(name, host.trim_end_matches('.').as_bytes(), bucket))
    }

    /// Returns one of the limits for messages to an address, which all have the same bucket.
    fn address(&self, name: &str, to: &Address) -> Limit {
        let bucket = match to.medium() {
            Medium::Email => self.budgets.messages_address,
            Medium::Msisdn => self.budgets.texts_number,
        };
        self.limit(name, to.to_lookup().as_bytes(), bucket)
    }

    /// Returns the limit of the network that causes a message.
    fn message_network(&self, medium: Medium, from: &Network) -> Limit {
        match medium {
            Medium::Email => self.network("message:network", from, self.budgets.messages_network),
            Medium::Msisdn => self.network("text:network", from, self.budgets.texts_network),
        }
    }

    /// Returns the limits of a message's recipient: the address, and the payers of a text.
    fn recipient(&self, to: &Address) -> Vec<Limit> {
        let name = match to.medium() {
            Medium::Email => "message:address",
            Medium::Msisdn => "text:number",
        };
        let mut limits = self.payers(to);
        limits.push(self.address(name, to));
        limits
    }

    /// Returns the limits of what a text costs: those of its country and of the server. An email
    /// costs nothing.
    fn payers(&self, to: &Address) -> Vec<Limit> {
        let Some(country) = calling_code::of(to) else { return Vec::new() };
        vec![
            self.limit("text:country", &country.to_be_bytes(), self.budgets.texts_country),
            self.limit("text:server", &[], self.budgets.texts_server),
        ]
    }

    /// Warns the operator, at most once an hour, that more is looked up than the server should see.
    fn warn(&self) {
        let (now, last) = (self.clock.now(), self.warned_at.load(Ordering::Relaxed));
        let is_ours = || self.warned_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if now - last >= HOUR && is_ours() {
            log::warn!("more addresses are looked up than [budgets.server] allows");
        }
    }
}

/// One unit of each limit.
fn each(limits: Vec<Limit>) -> Vec<(Limit, u32)> {
    limits.into_iter().map(|limit| (limit, 1)).collect()
}
