//! Rate limits on what people do with their own data. No setting changes them, except where they
//! count messages like any others.
//!
//! A token may be in the wrong hands, since OpenID tokens have no audience. So each token and web
//! session has its own limits, and the limits that they share keep one part free for web sessions,
//! and another for those that have just begun. The limits of a recipient do the same, since
//! otherwise a token could prevent its user from getting a link.

use ruma_common::UserId;

use super::RateLimits;
use super::charging::{Refused, charge_one, refusal_by};
use crate::error::Error;
use crate::identity::network::Network;
use crate::identity::rate_limit::kind::{Counted, DAY, Kind, Scope};
use crate::identity::rate_limit::rules::{Means, Plan, Requester};
use crate::identity::rate_limit::{Limit, micros};
use crate::identity::threepid::{Address, Medium};
use crate::service::Actor;
use crate::service::standing::{FRESH, is_recent};
use crate::store::proofs::{self, Bearer};
use crate::store::{self, Conn, rate_limits as rows};

/// The number of views that taking back a withdrawal counts as, since each time leaves a row for
/// long.
const CHANGE: u32 = 10;

impl RateLimits {
    /// Charges one view of everything stored about a user.
    pub(in crate::service) async fn charge_view(&self, actor: &Actor) -> Result<(), Error> {
        self.charge_views(actor, 1).await
    }

    /// Charges a consent that is given again.
    pub(in crate::service) async fn charge_change(&self, actor: &Actor) -> Result<(), Error> {
        self.charge_views(actor, CHANGE).await
    }

    async fn charge_views(&self, actor: &Actor, views: u32) -> Result<(), Error> {
        let by = self.means(actor).await?;
        let limits = vec![self.of_bearer(Counted::View, actor), self.of_user(Counted::View, actor).left_by(by)];
        self.charge(&Plan::of(limits), views).await
    }

    /// Charges one view of everything stored about an address to its readers.
    pub(in crate::service) async fn charge_address_view(&self, of: &Address) -> Result<(), Error> {
        self.charge_address_views(of, 1).await
    }

    /// Charges an objection that is withdrawn.
    pub(in crate::service) async fn charge_address_change(&self, of: &Address) -> Result<(), Error> {
        self.charge_address_views(of, CHANGE).await
    }

    async fn charge_address_views(&self, of: &Address, views: u32) -> Result<(), Error> {
        let index = self.sealer.web_session_address_index(of);
        let limit = self.rules().limit(Kind::of(Counted::View, Scope::Subject), &index.lasting());
        self.charge(&Plan::of(vec![limit]), views).await
    }

    /// Charges one export of everything stored about a user, in the transaction that uses their
    /// fresh proof.
    pub(in crate::service) async fn charge_export(&self, conn: &mut Conn, actor: &Actor) -> Result<(), Error> {
        let limit = self.of_user(Counted::Export, actor).left_by(proved(actor));
        self.charge_within(conn, &Plan::of(vec![limit])).await.map(drop)
    }

    /// Charges a link by which a user confirms that they read one of their addresses to the token
    /// or session, the user, the networks, the address and the limits on cost. The limits of the
    /// user and of the address are separate from those of messages that strangers can cause.
    /// Somebody who signs in on the pages may have no account, and then counts as a newcomer.
    ///
    /// # Errors
    /// 429 also for a token, if the reader of the address has [denied](Self::note_denial) a link.
    pub(in crate::service) async fn charge_confirmation(
        &self,
        actor: &Actor,
        to: &Address,
        from: &Network,
    ) -> Result<(), Error> {
        let (rules, by) = (self.rules(), self.means(actor).await?);
        let counted = match to.medium() {
            Medium::Email => Counted::Confirmation,
            Medium::Msisdn => Counted::TextConfirmation,
        };
        if by == Means::Token {
            self.check_denial(to).await?;
        }
        let account = self.account_of(&mut self.store.read().await?, &actor.mxid).await?;
        let mut others = rules.message(Requester::Account(account), from, to).others;
        others.push(self.of_bearer(counted, actor));
        others.push(rules.recipient(counted, to).left_by(by));
        let own = Some(self.of_user(counted, actor).left_by(by));
        self.charge(&Plan { own, others }, 1).await
    }

    /// Records that the reader of an address has denied asking for a link: for a day, and for two
    /// after another one, tokens cannot have links sent there. The web sessions of that time have
    /// ended.
    pub(in crate::service) async fn note_denial(&self, of: &Address) -> Result<(), Error> {
        let (limit, now) = (self.rules().recipient(Counted::Denial, of), self.clock.now());
        self.store.write_one(async move |conn| charge_one(conn, &limit, DAY, now).await).await?;
        Ok(())
    }

    /// Records that a link was denied, for longer than it works.
    pub(in crate::service) async fn note_denied_link(&self, token: &str) -> Result<(), Error> {
        let (limit, now) = (self.of_link(token), self.clock.now());
        self.store.write_one(async move |conn| charge_one(conn, &limit, DAY, now).await).await?;
        Ok(())
    }

    /// Returns whether a link was denied.
    pub(in crate::service) async fn is_denied_link(&self, token: &str) -> Result<bool, Error> {
        let (limit, now) = (self.of_link(token), self.clock.now());
        let rows = rows::by_keys(&mut self.store.read().await?, vec![limit.key.as_ref().to_vec()]).await?;
        Ok(rows.first().is_some_and(|row| row.empty_at > micros(now)))
    }

    fn of_link(&self, token: &str) -> Limit {
        self.rules().limit(Kind::of(Counted::Denial, Scope::Subject), token.as_bytes())
    }

    async fn check_denial(&self, of: &Address) -> Result<(), Error> {
        let (limit, now) = (self.rules().recipient(Counted::Denial, of), self.clock.now());
        let rows = rows::by_keys(&mut self.store.read().await?, vec![limit.key.as_ref().to_vec()]).await?;
        // The wait lasts until it is empty.
        let wait = rows.first().map_or(0, |row| limit.wait(limit.bucket.capacity, row.empty_at, now));
        if wait > 0 { Err(self.report(Refused { full: vec![limit], wait }.into(), now)) } else { Ok(()) }
    }

    /// Charges a request for an erasure, which tells every address of the user, in the transaction
    /// that uses their fresh proof.
    pub(in crate::service) async fn charge_erasure(&self, conn: &mut Conn, actor: &Actor) -> Result<(), Error> {
        let (limit, now) = (self.of_user(Counted::Erasure, actor).left_by(proved(actor)), self.clock.now());
        if charge_one(conn, &limit, DAY, now).await?.is_some() {
            return Ok(());
        }
        Err(self.report(refusal_by(conn, &[(limit, DAY)], now).await?.into(), now))
    }

    /// Charges an address that is added to a user who has others, which are told of it, in the
    /// transaction that binds it.
    pub(in crate::service) async fn charge_addition(&self, conn: &mut Conn, mxid: &UserId) -> Result<(), Error> {
        let user = self.sealer.account_index(mxid);
        let limit = self.rules().limit(Kind::of(Counted::Addition, Scope::User), &user.lasting());
        self.charge_within(conn, &Plan::of(vec![limit])).await.map(drop)
    }

    /// Returns whether the addresses of a user should be told again about actions confirmed by
    /// `by`, in the transaction that queues the alerts: once a day.
    pub(in crate::service) async fn may_alert(
        &self,
        conn: &mut Conn,
        what: Counted,
        by: &[u8],
    ) -> Result<bool, store::Error> {
        let limit = self.rules().limit(Kind::of(what, Scope::User), by);
        Ok(charge_one(conn, &limit, DAY, self.clock.now()).await?.is_some())
    }

    /// Returns the means by which somebody acts.
    async fn means(&self, actor: &Actor) -> Result<Means, Error> {
        if let Bearer::Token(_) = actor.bearer {
            return Ok(Means::Token);
        }
        let standing = proofs::standing(&mut self.store.read().await?, &actor.bearer).await?;
        let is_new = standing.proof_at.is_some_and(|at| is_recent(at, FRESH, self.clock.now()));
        Ok(if is_new { Means::NewSession } else { Means::Session })
    }

    fn of_bearer(&self, counted: Counted, actor: &Actor) -> Limit {
        self.rules().limit(Kind::of(counted, Scope::Subject), hash(&actor.bearer))
    }

    fn of_user(&self, counted: Counted, actor: &Actor) -> Limit {
        self.rules().limit(Kind::of(counted, Scope::User), &self.sealer.account_index(&actor.mxid).lasting())
    }
}

/// Returns the means by which somebody acts who uses a fresh proof.
const fn proved(actor: &Actor) -> Means {
    match actor.bearer {
        Bearer::Token(_) => Means::Token,
        Bearer::Visit(_) => Means::NewSession,
    }
}

fn hash(bearer: &Bearer) -> &[u8] {
    match bearer {
        Bearer::Token(hash) | Bearer::Visit(hash) => hash,
    }
}
