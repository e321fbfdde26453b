//! Rate limits: charging requests to the limits chosen by the
//! [rules](crate::identity::rate_limit::rules). The configuration calls them budgets.

mod charging;
mod credits;
mod homeservers;
mod levels;
mod metering;
mod own_data;
#[cfg(test)]
mod tests;
mod warnings;

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use ruma_common::UserId;

use super::sealing::Sealer;
use super::{Asker, Caller};
use crate::clock::{APART, Clock, HOUR, MINUTE};
use crate::config::Budgets;
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::identity::network::Network;
use crate::identity::rate_limit::kind::{Counted, Kind, Scope};
use crate::identity::rate_limit::rules::{Account, Homeserver, Means, Plan, Requester, Rules, counted};
use crate::identity::rate_limit::{Limit, micros};
use crate::identity::threepid::Address;
use crate::metrics::{Metrics, Series};
use crate::store::{self, Conn, Store, accounts, meta, rate_limits as rows};
use charging::refund;
use credits::{Credits, Refund};
use homeservers::Homeservers;
pub use levels::LimitLevels;
pub(super) use metering::Common;
use warnings::Warnings;

/// Charges rate limits, which all nodes share.
pub struct RateLimits {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    budgets: Budgets,
    /// The amounts that this node has charged in advance.
    credits: Mutex<Credits>,
    /// Held while some credit is being given back.
    giving_back: tokio::sync::Mutex<()>,
    /// The number of times that credit was given back.
    returned: AtomicU64,
    /// The times since which homeservers have been known.
    homeservers: Homeservers,
    /// The time when the operator was last warned about a shared limit.
    warnings: Warnings,
    refusals: Series<Kind, Counter>,
}

impl RateLimits {
    pub(super) fn new(store: Store, sealer: Sealer, clock: Clock, budgets: Budgets, metrics: &Metrics) -> Self {
        Self {
            store,
            sealer,
            clock,
            budgets,
            credits: Mutex::default(),
            giving_back: tokio::sync::Mutex::default(),
            returned: AtomicU64::default(),
            homeservers: Homeservers::default(),
            warnings: Warnings::default(),
            refusals: metrics.counters("limit_refusals", "Requests refused by a rate limit"),
        }
    }

    fn rules(&self) -> Rules<'_, impl Fn(Kind, &[u8]) -> BlindIndex> {
        let key = |kind, subject: &[u8]| self.sealer.rate_limit_key(kind, subject);
        Rules { budgets: &self.budgets, now: self.clock.now(), key }
    }

    /// Charges a look-up of `n` new addresses to the user, the homeserver, the networks and the
    /// server.
    pub(super) async fn charge_lookup(&self, caller: &Caller, from: &Network, n: u32) -> Result<(), Error> {
        let homeserver = self.homeserver(&caller.mxid, caller.since).await?;
        let plan = self.rules().lookup(&account(caller), homeserver.as_ref(), from);
        self.charge(&plan, n).await
    }

    /// Charges one registration to the network and the one around it, before its homeserver is
    /// asked.
    pub(super) async fn charge_registration(&self, from: &Network) -> Result<(), Error> {
        self.charge_anonymous(Counted::Registration, from).await
    }

    /// Charges one registration for which a homeserver has vouched to the user and the homeserver,
    /// in its transaction. If these were charged earlier, anybody could use up other people's
    /// limits.
    pub(super) async fn charge_vouched(
        &self,
        conn: &mut Conn,
        account: &Account,
        homeserver: Option<&Homeserver>,
        by: Means,
    ) -> Result<(), Error> {
        self.charge_within(conn, &self.rules().registration(account, homeserver, by)).await.map(drop)
    }

    /// Charges one unbinding signed by a homeserver to the network and the one around it, since
    /// checking it means asking that homeserver for its keys.
    pub(super) async fn charge_unbinding(&self, from: &Network) -> Result<(), Error> {
        self.charge_anonymous(Counted::Unbinding, from).await
    }

    /// Charges one message to its requester, if that is a user, to the networks, to the recipient
    /// and to the limits on cost, in the transaction that claims it.
    pub(super) async fn charge_message(
        &self,
        conn: &mut Conn,
        asker: Requester,
        from: &Network,
        to: &Address,
    ) -> Result<(), Error> {
        let rules = self.rules();
        let mut plan = rules.message(asker, from, to);
        plan.others.push(rules.recipient(counted(to), to));
        self.charge_within(conn, &plan).await.map(drop)
    }

    /// Refunds a message that was not sent to its recipient and to the limits on cost. Its
    /// requester is not refunded, since otherwise nothing would stop them from trying again and
    /// again.
    pub(super) async fn refund_message(&self, conn: &mut Conn, asker: Requester, to: &Address) -> Result<(), Error> {
        let rules = self.rules();
        let mut limits = rules.payers(asker, to);
        limits.push(rules.recipient(counted(to), to));
        refund(conn, limits.into_iter().map(Refund::of).collect()).await
    }

    /// Charges a notice to its address, separately from the messages that strangers can cause, in the
    /// transaction that queues it.
    pub(super) async fn charge_notice(&self, conn: &mut Conn, to: &Address) -> Result<(), Error> {
        let limit = self.rules().recipient(Counted::Notice, to);
        self.charge_within(conn, &Plan::of(vec![limit])).await.map(drop)
    }

    /// Returns a user as the limits see them; without an account, as a newcomer.
    pub(super) async fn account_of(&self, conn: &mut Conn, mxid: &UserId) -> Result<Account, store::Error> {
        let user = self.sealer.account_index(mxid);
        let since = accounts::by_user(conn, user.as_ref()).await?.map(|account| account.created_at);
        Ok(Account { user, since: since.unwrap_or_else(|| self.clock.now()) })
    }

    /// Charges the text of a notice or alert to the user it is about, its number and the limits on
    /// cost. Returns the charges, for [`Self::refund_charged`].
    pub(super) async fn charge_notice_text(&self, about: &UserId, to: &Address) -> Result<Vec<Limit>, Error> {
        let account = self.account_of(&mut self.store.read().await?, about).await?;
        self.charge_now(self.rules().notice_text(&account, to)).await
    }

    /// Refunds a text with a link that was not sent to the limits on cost.
    pub(super) fn refund_text(&self, to: &Address) {
        self.add_credit(&self.rules().payers(Requester::Homeserver, to));
    }

    /// Charges a text about the erasure of a user's data to the user and the limits on cost.
    /// Returns the charges, for [`Self::refund_charged`].
    pub(super) async fn charge_erasure_text(&self, of: &UserId, to: &Address) -> Result<Vec<Limit>, Error> {
        let account = Account { user: self.sealer.account_index(of), since: self.clock.now() };
        self.charge_now(self.rules().erasure_text(&account, to)).await
    }

    /// Charges a link that proves an address to the limits that its requester may be told about:
    /// those of the networks' messages and those on cost. The requester does not identify
    /// themselves.
    pub(super) async fn charge_proof(&self, to: &Address, from: &Network) -> Result<(), Error> {
        self.charge(&self.rules().message(Requester::Stranger, from, to), 1).await
    }

    /// Charges such a link to its address, separately from the other messages that strangers can
    /// cause, so that this page, which needs no account, cannot be used to stop anybody from
    /// proving an address.
    pub(super) async fn charge_proof_to(&self, to: &Address) -> Result<(), Error> {
        self.charge(&Plan::of(vec![self.rules().recipient(Counted::Proof, to)]), 1).await
    }

    /// Refunds [`Self::charge_proof_to`].
    pub(super) fn refund_proof_to(&self, to: &Address) {
        self.add_credit(&[self.rules().recipient(Counted::Proof, to)]);
    }

    /// Refunds a link that was not sent to the limits on cost.
    pub(super) fn refund_proof(&self, to: &Address) {
        self.add_credit(&self.rules().payers(Requester::Stranger, to));
    }

    /// Charges one invitation to the inviter, their homeserver, the networks, the server and the
    /// address; and a text also to the limits on cost. Returns the charges, for
    /// [`Self::refund_invite`].
    pub(super) async fn charge_invite(
        &self,
        caller: &Caller,
        from: &Network,
        to: &Address,
    ) -> Result<Vec<Limit>, Error> {
        let homeserver = self.homeserver(&caller.mxid, caller.since).await?;
        self.charge_now(self.rules().invite(&account(caller), homeserver.as_ref(), from, to)).await
    }

    /// Charges one unit of each limit of a plan, and nothing in advance. Returns the charges.
    async fn charge_now(&self, plan: Plan) -> Result<Vec<Limit>, Error> {
        let now = self.clock.now();
        let charged = self.store.write(async move |conn| charging::charge_all(conn, &plan, now).await).await;
        charged.map_err(|uncharged| self.report(uncharged, now))
    }

    /// Refunds an invitation that was not sent to its address and the server. Its requester is not
    /// refunded, since otherwise nothing would stop them from trying again and again, with an
    /// address that is always refused.
    pub(super) async fn refund_invite(&self, mut charged: Vec<Limit>) -> Result<(), Error> {
        charged.retain(|limit| matches!(limit.kind.scope, Scope::Address | Scope::Server));
        self.refund_charged(charged).await
    }

    /// Refunds the charges for something that was not sent. It still counts towards its user's use
    /// over time.
    pub(super) async fn refund_charged(&self, charged: Vec<Limit>) -> Result<(), Error> {
        let refunds = charged.into_iter().map(Refund::of).collect();
        self.store.write(async move |conn| refund(conn, refunds).await).await
    }

    /// Takes levels back once after time was taken back: charges made at the time that turned out
    /// to be wrong count from now. Limits that drain slowly lose what drains in the span of the
    /// jump, even if they were charged before it.
    pub(super) async fn follow_time_back(&self) -> Result<(), store::Error> {
        let now = self.clock.now();
        let unsettled = meta::unsettled_time(&mut self.store.read().await?).await?;
        let Some(unsettled) = unsettled.filter(|unsettled| *unsettled > now.saturating_add(APART)) else {
            return Ok(());
        };
        // A wrong clock has run for at most an hour, or time would not have been taken back.
        let (since, by) = (micros(unsettled.saturating_sub(HOUR)), micros(unsettled.saturating_sub(now)));
        let taken_back = self.store.write(async move |conn| {
            let is_first = meta::take_limits_back(conn, unsettled).await?;
            if is_first { rows::take_back(conn, since, by).await } else { Ok(0) }
        });
        let taken_back: usize = taken_back.await?;
        if taken_back > 0 {
            log::warn!("{taken_back} levels of rate limits were lowered: a wrong clock had stored them");
        }
        self.lower_impossible_levels().await
    }

    /// Lowers levels that no correct clock can have stored: otherwise, limits that were charged
    /// while a clock was weeks ahead would refuse everybody for weeks. They go back as far as time
    /// has been taken back, and in any case to the capacity.
    pub(super) async fn lower_impossible_levels(&self) -> Result<(), store::Error> {
        let now = self.clock.now();
        let unsettled = meta::unsettled_time(&mut self.store.read().await?).await?;
        let by = micros(unsettled.map_or(0, |unsettled| unsettled.saturating_sub(now).max(0)));
        let now = micros(now);
        let stored = rows::kinds(&mut self.store.read().await?, now).await?;
        for kind in Kind::ALL {
            let (drain, name) = (self.rules().longest_drain(kind), kind.to_string());
            let most = now.saturating_add(drain).saturating_add(micros(MINUTE));
            if stored.iter().any(|row| row.name == name && row.last_empty_at > Some(most)) {
                let lowered = self.store.write(async move |conn| rows::lower(conn, &name, most, by).await).await?;
                log::warn!("{lowered} levels of the limit {kind} were lowered: a wrong clock had stored them");
            }
        }
        Ok(())
    }
}

/// Returns the facts about an account that the rules need.
fn account(caller: &Caller) -> Account {
    Account { user: caller.user_index, since: caller.since }
}

impl From<Asker<'_>> for Requester {
    fn from(asker: Asker<'_>) -> Self {
        match asker {
            Asker::User(caller) => Self::Account(account(caller)),
            Asker::Homeserver(_) => Self::Homeserver,
        }
    }
}
