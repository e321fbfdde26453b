//! Computing how many addresses attackers look up under given limits, with the
//! [rules](super::rules) and the calculation that the server uses, and a time that is set.
//!
//! The attackers know the rules. They register their accounts at once or week by week, whichever
//! yields more for the time in question, just before a week ends and just after. They use so much
//! of each account that all of them together leave as little as possible free, and they use
//! everything that drains.

#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::kind::{Kind, Scope};
use super::ledger::Ledger;
use super::rules::{Account, Homeserver, Plan, Rules, little, much};
use super::{Limit, micros};
use crate::clock::{DAY, HOUR, Millis};
use crate::config::Budgets;
use crate::crypto::vault::BlindIndex;
use crate::identity::network::Network;

const WEEK: Millis = 7 * DAY;
/// The attack begins 12 hours before a week of registrations ends.
const BEGIN: Millis = 3_000 * WEEK - 12 * HOUR;
const MONTH: Millis = 30 * DAY;
const YEAR: Millis = 365 * DAY;
/// The numbers of a large country.
const COUNTRY: u64 = 1_000_000_000;
/// The numbers of batches over which the accounts are spread: the first two batches come on the
/// first day, and each other one a week after the one before.
const BATCHES: [u32; 3] = [2, 6, 53];
/// The smallest look-up that is worthwhile.
const LEAST: u32 = 50;
/// The number of accounts that a shared limit must refuse before it counts as full.
const PATIENCE: u32 = 3;

/// The network that attackers have to themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An IPv4 /24.
    V4,
    /// An IPv6 /40: 256 networks of customers.
    V6Small,
    /// An IPv6 /32: 65,536 of them.
    V6Large,
}

/// An attack with a number of accounts, spread evenly over a number of new domains.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Accounts.
    pub accounts: u32,
    /// Domains.
    pub domains: u32,
    /// Their network.
    pub source: Source,
}

/// The numbers of addresses that an attack looks up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// On the first day.
    pub day: u64,
    /// In 30 days.
    pub month: u64,
    /// In a year.
    pub year: u64,
    /// Days until a billion, if they continue as in the second half of the year.
    pub billion: u64,
}

impl Attack {
    /// Returns the attacks in the documentation.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let sizes = [(1, 1), (100, 1), (100, 100), (10_000, 1), (10_000, 100)];
        let sources = [Source::V4, Source::V6Small, Source::V6Large];
        let with = |source| move |(accounts, domains)| Self { accounts, domains, source };
        sizes.into_iter().flat_map(|size| sources.map(|source| with(source)(size))).collect()
    }

    /// Simulates a year.
    #[must_use]
    pub fn run(&self, budgets: &Budgets) -> Outcome {
        let outcomes = BATCHES.map(|batches| Run::new(self, budgets, batches.min(self.accounts)).year());
        let most = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).max().unwrap_or_default();
        Outcome {
            day: most(|outcome| outcome.day),
            month: most(|outcome| outcome.month),
            year: most(|outcome| outcome.year),
            billion: outcomes.iter().map(|outcome| outcome.billion).min().unwrap_or_default(),
        }
    }

    fn network(&self, number: u32) -> Network {
        let v6 = |networks: u32| Ipv6Addr::from_bits((0x2001_0db8 << 96) | u128::from(number % networks) << 80);
        Network::of(match self.source {
            Source::V4 => Ipv4Addr::new(192, 0, 2, 1).into(),
            Source::V6Small => v6(1 << 8).into(),
            Source::V6Large => v6(1 << 16).into(),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4 /24",
            Self::V6Small => "IPv6 /40",
            Self::V6Large => "IPv6 /32",
        })
    }
}

/// One attack with its accounts spread over some batches.
struct Run<'a> {
    attack: &'a Attack,
    budgets: &'a Budgets,
    ledger: Ledger,
    now: Millis,
    batches: Vec<Batch>,
}

/// Accounts that are registered at once.
struct Batch {
    since: Millis,
    first: u32,
    count: u32,
    /// The account that looks up next.
    next: u32,
}

impl<'a> Run<'a> {
    fn new(attack: &'a Attack, budgets: &'a Budgets, batches: u32) -> Self {
        let begin = |number: u32| match number {
            0 => BEGIN,
            later => BEGIN + 12 * HOUR + Millis::from(later - 1) * WEEK,
        };
        let first = |number: u32| u64::from(attack.accounts) * u64::from(number) / u64::from(batches);
        let first = |number| u32::try_from(first(number)).unwrap_or(u32::MAX);
        let batch = |number| Batch {
            since: begin(number),
            first: first(number),
            count: first(number + 1) - first(number),
            next: 0,
        };
        Self { attack, budgets, ledger: Ledger::default(), now: BEGIN, batches: (0..batches).map(batch).collect() }
    }

    fn year(mut self) -> Outcome {
        let (mut outcome, mut half, mut total) = (Outcome::default(), 0, 0);
        while self.now < BEGIN + YEAR {
            total += self.step();
            self.now += if self.now < BEGIN + 2 * DAY { 6 * HOUR } else { DAY };
            match self.now - BEGIN {
                DAY => outcome.day = total,
                MONTH => outcome.month = total,
                time if time == YEAR / DAY / 2 * DAY => half = total,
                _ => {}
            }
        }
        outcome.year = total;
        let days = (YEAR / DAY - YEAR / DAY / 2).unsigned_abs();
        outcome.billion = 365 + (COUNTRY.saturating_sub(total) * days).div_ceil((total - half).max(1));
        outcome
    }

    /// Looks up everything possible. Returns how much that was.
    fn step(&mut self) -> u64 {
        let mut total = 0;
        for number in (0..self.batches.len()).rev() {
            let Batch { since, count, .. } = self.batches[number];
            if since > self.now {
                continue;
            }
            if self.now - since < DAY {
                total += self.begin(number);
            }
            // One that has used less than the others is refused later.
            let mut refused = 0;
            while refused < self.attack.domains.saturating_add(PATIENCE).min(count) {
                let plan = self.next_plan(number);
                match self.take(&plan, u32::MAX) {
                    Ok(0) => break,
                    Ok(taken) => (total, refused) = (total + taken, 0),
                    Err(scope) => refused += if self.is_common(scope) { self.attack.domains.max(PATIENCE) } else { 1 },
                }
            }
        }
        total
    }

    /// Returns whether all accounts of a batch share the limit.
    fn is_common(&self, scope: Scope) -> bool {
        match scope {
            Scope::Homeserver | Scope::WholeHomeserver => self.attack.domains == 1,
            Scope::Network => self.attack.source == Source::V4,
            scope => matches!(scope, Scope::WideNetwork | Scope::WholeWideNetwork | Scope::Server),
        }
    }

    /// Uses the accounts of a new batch on its first day: a few as much as they can, until the part
    /// that heavy users may fill is full; then others until they have almost used much, and the
    /// rest until they have almost used more than little.
    fn begin(&mut self, number: usize) -> u64 {
        let Batch { first, count, .. } = self.batches[number];
        let own = self.plan(number, first).own;
        let (much, little) = own.map_or((0, 0), |own| (much(&own), little(&own)));
        let (mut total, mut unused) = (0, (first..first + count).collect::<Vec<_>>());
        for most in [u32::MAX, much, little] {
            let mut refused = 0;
            unused.retain(|account| {
                let is_hopeless = refused > self.attack.domains.saturating_add(PATIENCE);
                let taken = if is_hopeless {
                    0
                } else {
                    let plan = self.plan(number, *account);
                    self.take(&plan, most).unwrap_or_default()
                };
                refused = if taken == 0 { refused + 1 } else { 0 };
                total += taken;
                taken == 0
            });
        }
        total
    }

    /// Looks up as much as one account can, so that it has used `most` in all. If that is less than
    /// [`LEAST`], returns the limit that refuses, or 0 if it is the account's own.
    fn take(&mut self, plan: &Plan, most: u32) -> Result<u64, Scope> {
        let used = |own: &Limit| own.used(self.ledger.level(own).forgotten_at, self.now);
        let room = plan.own.map_or(0, |own| self.room(&own).min(most.saturating_sub(used(&own))));
        if room < LEAST {
            return Ok(0);
        }
        let least = LEAST.max(room / 16);
        let mut units = room;
        loop {
            match self.ledger.charge(plan, units, self.now) {
                Ok(()) => return Ok(units.into()),
                Err(limit) if units <= least => return Err(limit.kind.scope),
                Err(_) => units = (units / 2).max(least),
            }
        }
    }

    /// Returns how many units fit a limit.
    fn room(&self, limit: &Limit) -> u32 {
        let level = self.ledger.level(limit).empty_at.saturating_sub(micros(self.now)).max(0);
        let used = level.cast_unsigned().div_ceil(limit.cost(1).cast_unsigned().max(1));
        limit.bucket.capacity.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// Returns the limits of the next account of a batch.
    fn next_plan(&mut self, number: usize) -> Plan {
        let Batch { first, count, next, .. } = &mut self.batches[number];
        let account = *first + *next % (*count).max(1);
        *next += 1;
        self.plan(number, account)
    }

    /// Returns the limits of an account of a batch.
    fn plan(&self, number: usize, account: u32) -> Plan {
        let since = self.batches[number].since;
        let homeserver = Homeserver { group: (account % self.attack.domains).to_string(), since: BEGIN };
        let user = BlindIndex::new(u128::from(account).to_be_bytes());
        let rules = Rules { budgets: self.budgets, now: self.now, key };
        rules.lookup(&Account { user, since }, Some(&homeserver), &self.attack.network(account))
    }
}

/// Returns a key. Nobody attacks a simulation, so it needs no secret.
fn key(kind: Kind, subject: &[u8]) -> BlindIndex {
    let mut hasher = DefaultHasher::new();
    (kind, subject).hash(&mut hasher);
    BlindIndex::new(u128::from(hasher.finish()).to_be_bytes())
}

/// Returns the attacks under these limits as a Markdown table.
#[must_use]
pub fn table(budgets: &Budgets) -> String {
    let head = "| accounts | domains | from one | first day | 30 days | a year | 10⁹ numbers take |\n\
        |---:|---:|---|---:|---:|---:|---:|\n";
    let row = |attack: Attack| {
        let Outcome { day, month, year, billion } = attack.run(budgets);
        let Attack { accounts, domains, source } = attack;
        let [accounts, domains] = [accounts, domains].map(|number| grouped(number.into()));
        let [day, month, year] = [day, month, year].map(grouped);
        let years = format!("{}.{} years", grouped(billion / 365), billion % 365 * 10 / 365);
        format!("| {accounts} | {domains} | {source} | {day} | {month} | {year} | {years} |\n")
    };
    iter::once(head.to_owned()).chain(Attack::all().into_iter().map(row)).collect()
}

/// Formats a number with thousands separators.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
