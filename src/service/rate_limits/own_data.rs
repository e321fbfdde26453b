//! The rate limits of what people do about their own data. No setting changes them, except where
//! they count messages as any other.

use ruma_common::UserId;

use super::RateLimits;
use super::charging::charge_one;
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::identity::network::Network;
use crate::identity::rate_limit::kind::{Counted, DAY, Kind, Scope};
use crate::identity::rate_limit::rules::{Account, Plan, Requester};
use crate::identity::threepid::{Address, Medium};
use crate::store::{self, Conn};

impl RateLimits {
    /// Charges a link by which a user confirms that they read an address of theirs: to the user,
    /// the networks, the address and those who pay for it. The limits of the user and of the
    /// address are apart from those of messages that strangers can cause. Whoever signs in on the
    /// pages need not have an account, so everybody counts as a newcomer.
    pub(in crate::service) async fn charge_confirmation(
        &self,
        mxid: &UserId,
        to: &Address,
        from: &Network,
    ) -> Result<(), Error> {
        let (rules, user) = (self.rules(), self.sealer.account_index(mxid));
        let counted = match to.medium() {
            Medium::Email => Counted::Confirmation,
            Medium::Msisdn => Counted::TextConfirmation,
        };
        let newcomer = Requester::Account(Account { user, since: self.clock.now() });
        let mut limits = rules.message(newcomer, from, to).others;
        limits.push(rules.limit(Kind::of(counted, Scope::User), user.as_ref()));
        limits.push(rules.recipient(counted, to));
        self.charge(&Plan::of(limits), 1).await
    }

    /// Charges a request for an erasure, which tells every address of the user.
    pub(in crate::service) async fn charge_erasure(&self, mxid: &UserId) -> Result<(), Error> {
        let user = self.sealer.account_index(mxid);
        let limit = self.rules().limit(Kind::of(Counted::Erasure, Scope::User), user.as_ref());
        self.charge(&Plan::of(vec![limit]), DAY).await
    }

    /// Charges an address that is added to a user who has others, which are told of it, in the
    /// transaction that binds it.
    pub(in crate::service) async fn charge_addition(&self, conn: &mut Conn, mxid: &UserId) -> Result<(), Error> {
        let user = self.sealer.account_index(mxid);
        let limit = self.rules().limit(Kind::of(Counted::Addition, Scope::User), user.as_ref());
        self.charge_within(conn, &Plan::of(vec![limit])).await.map(drop)
    }

    /// Whether the addresses of a user are to be told again of what is done by whoever has confirmed
    /// `by`, in the transaction that queues the alerts: once a day.
    pub(in crate::service) async fn may_alert(
        &self,
        conn: &mut Conn,
        what: Counted,
        by: &BlindIndex,
    ) -> Result<bool, store::Error> {
        let limit = self.rules().limit(Kind::of(what, Scope::User), by.as_ref());
        Ok(charge_one(conn, &limit, DAY, self.clock.now()).await?.is_some())
    }
}
