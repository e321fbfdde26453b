//! Choosing the limits that a request is charged to, and how much of them its requester may fill.
//!
//! # Who shares a limit
//!
//! Accounts cost nothing, and neither do names below a domain and addresses in an IPv6 network.
//! Therefore homeservers count by registered domain, and networks also by the /16 or /32 around
//! them. These limits are kept for each *cohort*: the accounts that registered in the same week. So
//! an attacker who creates accounts on a homeserver, or in a network, shares nothing with those who
//! were there before.
//!
//! All cohorts of a homeserver together have four times as much per hour as one of them, and those
//! of a /16 or /32 twice as much: otherwise an attacker who creates new accounts every week would
//! get the sum of all weeks. See below for what that leaves to earlier accounts.
//!
//! A domain that was first seen today has 30 % of the limits of a homeserver, and 100 % after 90
//! days.
//!
//! # What is kept free for others
//!
//! - Newcomers may fill half of the limits of the server and of a country.
//! - Of the part of a shared limit that it may fill, an account that has used more than a
//!   thirty-second of its own limit over time (2,000 addresses) leaves 65 % to others, and one that
//!   has used more than an eightieth (800) leaves 25 %.
//! - Of the limits that all cohorts share, accounts of this week leave 60 % to older ones, and
//!   two-year-old accounts leave nothing; in between, the share falls with age. So however much
//!   heavy attackers take, there is room above it for those who registered a few weeks before them.
//!   There is also room for newcomers who have used little, since an attacker fills at most a
//!   quarter in a year.
//! - Requests without an account have separate limits, a tenth of the others. They cannot use up
//!   anything that accounts need.
//!
//! So somebody who wants to keep a limit full for people who look up an ordinary address book needs
//! many accounts on their homeserver that registered in the same week: each account that fills the
//! last 25 % has used at most 800, and each that fills the 40 % before that at most 2,000. On a
//! domain that is new today, these are more than 40 accounts against address books of 1,500, and
//! more than 100 against books of 500; on one that is 90 days old, 200 and 500. A new account on it
//! can still look up 64,000 addresses while there are few others. A reserve in proportion to an
//! account's use would achieve less: each account could take a tenth of the remainder, and 40
//! accounts nearly all of it.
//!
//! Requests about people's own data are limited for each token and web session. The limits that
//! these share keep half free for web sessions, see [`Means`].
//!
//! Nothing else is kept free in the limits of a recipient. They protect their owner from any flood.
//! Attackers and honest people could not be told apart anyway, since most people who
//! validate an address have just registered. Only invitations keep half of it for settled accounts.

#[cfg(test)]
mod tests;

use super::kind::{Counted, Kind, Scope};
use super::{Limit, Micros};
use crate::clock::{DAY, Millis};
use crate::config::{Bucket, Budgets};
use crate::crypto::vault::BlindIndex;
use crate::identity::calling_code;
use crate::identity::network::Network;
use crate::identity::threepid::{Address, Medium};

/// The fraction of its own limit up to which an account has used little, and a minimum in units.
const LITTLE: (u32, u32) = (80, 2);
/// The fraction up to which it has not used much.
const MUCH: (u32, u32) = (32, 5);
/// The percentages of a shared limit that an account leaves free if it has used more than little,
/// or much.
const LEFT_FREE: [u32; 2] = [25, 65];
/// The accounts that registered within this time share their limits.
const COHORT: Millis = 7 * DAY;
/// The percentage of the limits of all cohorts that an account of this week leaves to older ones.
const LEFT_TO_OLDER: u32 = 60;
/// The age in weeks at which an account leaves nothing to older ones.
const OLD: u32 = 104;
/// The age in days at which a domain has all of its limits.
const GROWN: u32 = 90;
/// The percentage of its limits that a new domain has.
const NEW: u32 = 30;

/// The requester.
#[derive(Clone, Copy, Debug)]
pub enum Requester {
    /// An account.
    Account(Account),
    /// A homeserver that the operator has listed. It counts as a settled account that has used
    /// much: anybody who registers on it can have a number checked.
    Homeserver,
    /// Nobody in particular: the message is about an erasure, and would come too late if it had to
    /// wait.
    Urgent,
    /// Anyone without an account.
    Stranger,
}

/// The means by which somebody acts on their own data. Each leaves a part of the person's own
/// limits to the next, so that nobody with a token from elsewhere can use up what the person needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// An access token, or an OpenID token that was used before.
    Token,
    /// A web session, or an app's new OpenID token.
    Session,
    /// A web session that has just begun with a new OpenID token.
    NewSession,
}

/// An account.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// The blind index of its Matrix ID.
    pub user: BlindIndex,
    /// The time when it registered.
    pub since: Millis,
}

/// A homeserver whose users share a limit.
#[derive(Clone, Debug)]
pub struct Homeserver {
    /// Its [group](crate::identity::homeserver_group::of).
    pub group: String,
    /// The time when the first of its users was seen.
    pub since: Millis,
}

/// The settings, the time, and a function that makes the key of a kind and a subject.
pub struct Rules<'a, K> {
    /// The settings.
    pub budgets: &'a Budgets,
    /// The time.
    pub now: Millis,
    /// Returns the key of a limit.
    pub key: K,
}

/// The limits that a request is charged to.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The account's own limit, which is charged first: its level determines the reserves of the
    /// others.
    pub own: Option<Limit>,
    /// All others, which may already have a reserve.
    pub others: Vec<Limit>,
}

impl Limit {
    /// Keeps free the share that somebody who acts by these means leaves: half of it, or a quarter.
    #[must_use]
    pub fn left_by(self, means: Means) -> Self {
        let left = match means {
            Means::Token => 50,
            Means::Session => 25,
            Means::NewSession => 0,
        };
        Self { reserve: part(self.bucket.capacity, left), ..self }
    }
}

impl Plan {
    /// Returns a plan without an account.
    #[must_use]
    pub const fn of(others: Vec<Limit>) -> Self {
        Self { own: None, others }
    }

    /// Returns how much the account has used over time, given the level of its own limit.
    #[must_use]
    pub fn used(&self, forgotten_at: Micros, now: Millis) -> u32 {
        self.own.map_or(0, |own| own.used(forgotten_at, now))
    }

    /// Returns the other limits for an account that has used this much over time, including this
    /// request.
    pub fn others_after(&self, used: u32) -> impl Iterator<Item = Limit> {
        let percentage = self.own.map_or(0, |own| left_free(used, &own));
        self.others.iter().map(move |limit| {
            let fillable = limit.bucket.capacity.saturating_sub(limit.reserve);
            let left = if limit.kind.is_shared() { percentage } else { 0 };
            Limit { reserve: limit.reserve + part(fillable, left), ..*limit }
        })
    }
}

impl<K: Fn(Kind, &[u8]) -> BlindIndex> Rules<'_, K> {
    /// Returns the limits of a look-up. A homeserver without a limit is `None`.
    pub fn lookup(&self, account: &Account, homeserver: Option<&Homeserver>, from: &Network) -> Plan {
        let requester = Requester::Account(*account);
        let mut others = self.networks(requester, Counted::Lookup, from);
        others.extend(homeserver.into_iter().flat_map(|of| self.homeserver(account, Counted::Lookup, of)));
        others.push(self.for_all(requester, Counted::Lookup, Scope::Server, &[]));
        Plan { own: Some(self.own(account, Counted::Lookup)), others }
    }

    /// Returns the limits of a message that validates an address or, for strangers, proves it.
    pub fn message(&self, requester: Requester, from: &Network, to: &Address) -> Plan {
        let counted = counted(to);
        let mut others = self.networks(requester, counted, from);
        others.extend(self.payers(requester, to));
        let own = match requester {
            Requester::Account(account) => Some(self.own(&account, counted)),
            Requester::Homeserver | Requester::Urgent | Requester::Stranger => None,
        };
        Plan { own, others }
    }

    /// Returns the limits of an invitation. A homeserver without a limit is `None`.
    pub fn invite(&self, account: &Account, homeserver: Option<&Homeserver>, from: &Network, to: &Address) -> Plan {
        let requester = Requester::Account(*account);
        let mut others = self.networks(requester, Counted::Invite, from);
        others.extend(homeserver.into_iter().flat_map(|of| self.homeserver(account, Counted::Invite, of)));
        others.push(self.for_all(requester, Counted::Invite, Scope::Server, &[]));
        others.push(self.for_all(requester, Counted::Invite, Scope::Address, to.to_lookup().as_bytes()));
        if to.medium() == Medium::Msisdn {
            others.extend(self.payers(requester, to));
        }
        Plan { own: Some(self.own(account, Counted::Invite)), others }
    }

    /// Returns the limits of a text with a notice or alert. The account that it is about counts as
    /// its cause, so it cannot use what is kept free for others.
    pub fn notice_text(&self, account: &Account, to: &Address) -> Plan {
        let mut others = self.payers(Requester::Account(*account), to);
        others.push(self.recipient(Counted::NoticeText, to));
        Plan { own: Some(self.own(account, Counted::NoticeText)), others }
    }

    /// Returns the limits of a text about an erasure. The erasure would be carried out without
    /// warning if the text had to wait for long, so nothing is kept free from it, but a user can
    /// cause only a few.
    pub fn erasure_text(&self, account: &Account, to: &Address) -> Plan {
        let mut others = self.payers(Requester::Urgent, to);
        others.push(self.own(account, Counted::ErasureText));
        Plan::of(others)
    }

    /// Returns the limits that protect this server from the cost of a message: those of all
    /// messages and, for a text, of its country.
    pub fn payers(&self, requester: Requester, to: &Address) -> Vec<Limit> {
        let country = calling_code::of(to).map(u16::to_be_bytes);
        let country = country.map(|code| self.for_all(requester, Counted::Text, Scope::Country, &code));
        let server = self.for_all(requester, counted(to), Scope::Server, &[]);
        country.into_iter().chain([server]).collect()
    }

    /// Returns the limits of a request from somebody whose account is not known yet: of the network
    /// and of the one around it. The former determines how much it leaves of the latter, as an
    /// account's own limit does.
    pub fn anonymous(&self, counted: Counted, from: &Network) -> (Limit, Limit) {
        let limit = |scope, name: String| self.limit(Kind::of(counted, scope), name.as_bytes());
        (limit(Scope::Network, from.to_string()), limit(Scope::WideNetwork, from.wide().to_string()))
    }

    /// Returns the limits of a registration, once the homeserver has vouched for the user. A
    /// homeserver without a limit is `None`.
    pub fn registration(&self, account: &Account, homeserver: Option<&Homeserver>, by: Means) -> Plan {
        let counted = Counted::Registration;
        let others = homeserver.into_iter().flat_map(|of| self.homeserver(account, counted, of)).collect();
        Plan { own: Some(self.own(account, counted).left_by(by)), others }
    }

    /// Returns the limit of messages of this kind to their recipient.
    pub fn recipient(&self, counted: Counted, to: &Address) -> Limit {
        let scope = match to.medium() {
            Medium::Email => Scope::Address,
            Medium::Msisdn => Scope::Number,
        };
        self.limit(Kind::of(counted, scope), to.to_lookup().as_bytes())
    }

    /// Returns the limit of a kind for a subject.
    pub fn limit(&self, kind: Kind, subject: &[u8]) -> Limit {
        debug_assert!(Kind::ALL.contains(&kind), "{kind} is missing in Kind::ALL");
        Limit { kind, key: (self.key)(kind, subject), bucket: kind.budget(self.budgets).1, reserve: 0 }
    }

    /// Returns how long a full limit of this kind can take to drain, in microseconds, whatever the
    /// age of the homeserver's domain: parts of small limits are rounded, and so drain more slowly
    /// than the whole.
    pub fn longest_drain(&self, kind: Kind) -> i64 {
        let limit = self.limit(kind, &[]);
        let drain = |age| {
            let bucket = grown(limit.bucket, age);
            Limit { bucket, ..limit }.cost(bucket.capacity)
        };
        (0..=Millis::from(GROWN)).map(|days| drain(days * DAY)).max().unwrap_or_default()
    }

    fn own(&self, account: &Account, counted: Counted) -> Limit {
        self.limit(Kind::of(counted, Scope::User), &account.user.lasting())
    }

    /// Returns the limits of the network and of the one around it.
    fn networks(&self, requester: Requester, counted: Counted, from: &Network) -> Vec<Limit> {
        let (name, wide) = (from.to_string(), from.wide().to_string());
        let [network, around] = [Scope::Network, Scope::WideNetwork].map(|scope| Kind::of(counted, scope));
        match requester {
            Requester::Account(account) => vec![
                self.limit(network, &in_cohort(&account, &name)),
                self.limit(around, &in_cohort(&account, &wide)),
                self.of_all_weeks(&account, self.limit(Kind::of(counted, Scope::WholeWideNetwork), wide.as_bytes())),
            ],
            Requester::Homeserver | Requester::Urgent => {
                vec![self.limit(network, name.as_bytes()), self.limit(around, wide.as_bytes())]
            }
            Requester::Stranger => vec![
                self.limit(network.of_strangers(), name.as_bytes()),
                self.limit(around.of_strangers(), wide.as_bytes()),
            ],
        }
    }

    /// Returns the limits of the cohort on a homeserver, and of all accounts on it.
    fn homeserver(&self, account: &Account, counted: Counted, homeserver: &Homeserver) -> [Limit; 2] {
        let Homeserver { group, since } = homeserver;
        let grown = |limit: Limit| Limit { bucket: grown(limit.bucket, self.now - since), ..limit };
        let cohort = self.limit(Kind::of(counted, Scope::Homeserver), &in_cohort(account, group));
        let whole = self.limit(Kind::of(counted, Scope::WholeHomeserver), group.as_bytes());
        [grown(cohort), self.of_all_weeks(account, grown(whole))]
    }

    /// Keeps free the share that an account leaves to older ones.
    fn of_all_weeks(&self, account: &Account, limit: Limit) -> Limit {
        let weeks = self.now.div_euclid(COHORT) - account.since.div_euclid(COHORT);
        let younger = OLD - u32::try_from(weeks.max(0)).map_or(OLD, |weeks| weeks.min(OLD));
        Limit { reserve: part(limit.bucket.capacity, LEFT_TO_OLDER) / OLD * younger, ..limit }
    }

    /// Returns a limit that does not depend on the requester's network or homeserver.
    fn for_all(&self, requester: Requester, counted: Counted, scope: Scope, subject: &[u8]) -> Limit {
        let kind = Kind::of(counted, scope);
        let limit = match requester {
            Requester::Stranger => self.limit(kind.of_strangers(), subject),
            _ => self.limit(kind, subject),
        };
        let left = match requester {
            Requester::Homeserver if limit.kind.is_shared() => LEFT_FREE[1],
            requester if limit.kind.is_half_for_newcomers() && self.is_newcomer(requester) => 50,
            _ => 0,
        };
        Limit { reserve: part(limit.bucket.capacity, left), ..limit }
    }

    fn is_newcomer(&self, requester: Requester) -> bool {
        match requester {
            Requester::Account(account) => self.now - account.since < self.budgets.newcomer,
            Requester::Homeserver | Requester::Urgent | Requester::Stranger => false,
        }
    }
}

/// Returns the kind of event that a message to an address counts as.
#[must_use]
pub fn counted(to: &Address) -> Counted {
    match to.medium() {
        Medium::Email => Counted::Message,
        Medium::Msisdn => Counted::Text,
    }
}

/// Returns the subject of a limit that the accounts of a cohort share.
fn in_cohort(account: &Account, name: &str) -> Vec<u8> {
    [&account.since.div_euclid(COHORT).to_be_bytes(), name.as_bytes()].concat()
}

/// Returns the number of units of its own limit up to which an account has used little.
#[must_use]
pub fn little(own: &Limit) -> u32 {
    let (part, least) = LITTLE;
    (own.bucket.capacity / part).max(least)
}

/// Returns the number of units of its own limit up to which an account has not used much.
#[must_use]
pub fn much(own: &Limit) -> u32 {
    let (part, least) = MUCH;
    (own.bucket.capacity / part).max(least)
}

/// Returns the percentage of shared limits left free by an account that has this limit of its own
/// and has used this much.
fn left_free(used: u32, own: &Limit) -> u32 {
    // If the limit drains slowly, not all use is remembered.
    let remembered = own.used(own.memory(0), 0);
    let is_more_than = |units: u32| used > units.min(remembered.saturating_sub(1));
    match (is_more_than(little(own)), is_more_than(much(own))) {
        (false, _) => 0,
        (true, false) => LEFT_FREE[0],
        (true, true) => LEFT_FREE[1],
    }
}

/// Returns a percentage of a number, rounded down.
fn part(of: u32, percentage: u32) -> u32 {
    u32::try_from(u64::from(of) * u64::from(percentage) / 100).unwrap_or(of)
}

/// Returns the bucket of a homeserver whose domain has been known for this long.
fn grown(bucket: Bucket, age: Millis) -> Bucket {
    let days = u32::try_from(age.max(0) / DAY).map_or(GROWN, |days| days.min(GROWN));
    bucket.scaled(NEW * GROWN + (100 - NEW) * days, 100 * GROWN)
}
