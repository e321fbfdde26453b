//! Budgets, charged: what [`budget`] says, done to the rows of the database.

mod address;
mod invites;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ruma_common::{ServerName, UserId};

use super::{Asker, Caller, Vouch};
use crate::clock::{HOUR, Millis};
use crate::config::Bucket;
use crate::error::Error;
use crate::identity::budget::{self, Credits, Level, Principal, RetryAfter};
use crate::identity::calling_code;
use crate::identity::threepid::{Address, Medium};
use crate::store::budgets::{self, StoredLevel};
use crate::store::{self, Conn};

/// How often a charge is tried when others charge the same buckets in the same moment.
const TRIES: usize = 20;

/// How many are given back in one transaction.
const REFUNDS_AT_ONCE: usize = 500;

/// Where a request comes from, as coarse as budgets want it: a /24 or a /48.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address; an IPv4 address in IPv6's clothes is one of IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !0xff).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, if self.0.is_ipv4() { 24 } else { 48 })
    }
}

/// Why a transaction that charges was not committed.
pub(super) enum Failure {
    /// Another one charged the same bucket in the same moment: try again.
    Overtaken,
    /// It is not to be.
    Refused(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl From<RetryAfter> for Error {
    fn from(wait: RetryAfter) -> Self {
        Self::limit_exceeded(wait.millis())
    }
}

/// Who is charged, and the bucket.
type Account = (Principal, Bucket);

/// What this node has been charged for ahead.
#[derive(Default)]
pub(super) struct Purse {
    credits: Mutex<Credits>,
    /// When the operator was last told that everybody's budget is full.
    alarmed_at: AtomicI64,
}

impl Purse {
    fn credits(&self) -> MutexGuard<'_, Credits> {
        self.credits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vouch {
    /// Charges a look-up of `n` new addresses to the user, the homeserver, the network and the server.
    pub(super) async fn spend_lookup(&self, caller: &Caller, from: &Network, n: u32) -> Result<(), Error> {
        let budgets = &self.config.budgets;
        let newcomer =
            self.clock.now() - caller.since < Millis::try_from(budgets.newcomer.as_millis()).unwrap_or(Millis::MAX);
        let user = if newcomer { budgets.lookup_newcomer } else { budgets.lookup_user };
        let homeserver = caller.mxid.server_name();
        let mut accounts = vec![
            (self.sealer.principal("lookup:user", caller.user_index.as_ref()), user),
            (self.sealer.principal("lookup:network", from.to_string().as_bytes()), budgets.lookup_network),
        ];
        if !budgets.trusted_homeservers.iter().any(|trusted| trusted == homeserver) {
            accounts.push((self.homeserver_principal("lookup:homeserver", homeserver), budgets.lookup_homeserver));
        }
        let server = (self.sealer.principal("lookup:server", &[]), budgets.lookup_server);
        if budgets.stop_server {
            accounts.push(server);
            return self.spend(&accounts, n).await;
        }
        self.spend(&accounts, n).await?;
        match self.spend(&[server], n).await {
            Err(error) if error.errcode() == "M_LIMIT_EXCEEDED" => self.alarm(),
            Ok(()) | Err(_) => {}
        }
        Ok(())
    }

    /// Charges one registration to the network.
    pub(super) async fn spend_registration(&self, from: &Network) -> Result<(), Error> {
        let network = self.sealer.principal("register:network", from.to_string().as_bytes());
        self.spend(&[(network, self.config.budgets.registrations_network)], 1).await
    }

    /// Takes an OpenID token as the proof that somebody is there, once. Homeservers make them for an hour, and who was
    /// given one could present it again: one that was a proof before is none any more.
    ///
    /// # Errors
    /// 401 if it was one before, and 503 if the database is away.
    pub(super) async fn spend_openid_token(&self, token: &str) -> Result<(), Error> {
        let once = (self.sealer.principal("openid:token", token.as_bytes()), Bucket { capacity: 1, per_hour: 1 });
        self.spend(&[once], 1).await.map_err(|error| match error.errcode() {
            "M_LIMIT_EXCEEDED" => Error::unauthorized("The token was used before"),
            _ => error,
        })
    }

    /// Charges one unbinding that a homeserver has signed to the network: to check it, that homeserver is asked for its keys.
    pub(super) async fn spend_unbinding(&self, from: &Network) -> Result<(), Error> {
        let network = self.sealer.principal("unbind:network", from.to_string().as_bytes());
        self.spend(&[(network, self.config.budgets.unbindings_network)], 1).await
    }

    /// Charges one download of everything that is held about a user to that user.
    pub(super) async fn spend_export(&self, mxid: &UserId) -> Result<(), Error> {
        let user = self.sealer.principal("export:user", self.sealer.account_index(mxid).as_ref());
        self.spend(&[(user, self.config.budgets.exports_user)], 1).await
    }

    /// Charges one message to whoever asks for it: the user, where there is one, and the network. Neither gets it back when the message
    /// cannot be sent, or nothing would keep them from asking for the same without end.
    pub(super) async fn spend_message(&self, asker: Asker<'_>, medium: Medium, from: &Network) -> Result<(), Error> {
        let budgets = &self.config.budgets;
        let (user, of_user) = match medium {
            Medium::Email => ("message:user", budgets.messages_user),
            Medium::Msisdn => ("text:user", budgets.texts_user),
        };
        let mut accounts = vec![self.message_network(medium, from)];
        if let Asker::User(caller) = asker {
            accounts.push((self.sealer.principal(user, caller.user_index.as_ref()), of_user));
        }
        self.spend(&accounts, 1).await
    }

    /// The network that causes a message.
    fn message_network(&self, medium: Medium, from: &Network) -> Account {
        let (name, bucket) = match medium {
            Medium::Email => ("message:network", self.config.budgets.messages_network),
            Medium::Msisdn => ("text:network", self.config.budgets.texts_network),
        };
        (self.sealer.principal(name, from.to_string().as_bytes()), bucket)
    }

    /// Charges one message to where it goes, in the transaction that claims it.
    pub(super) async fn spend_message_to(&self, conn: &mut Conn, to: &Address, now: Millis) -> Result<(), Failure> {
        let needs: Vec<Need> = self.destination(to).into_iter().map(|(of, bucket)| (of, bucket, 1)).collect();
        charge(conn, &needs, now, budget::take_exactly).await.map(drop)
    }

    /// Gives back what [`Self::spend_message_to`] charged for a message that was not to be.
    pub(super) async fn refund_message_to(&self, conn: &mut Conn, to: &Address) -> Result<(), Failure> {
        let unspent: Vec<_> = self.destination(to).into_iter().map(|(of, _)| (of, 1)).collect();
        refund(conn, &unspent).await
    }

    /// Where a message goes: to an address; and a text, which costs money, to a country, and to the account of the server's operator.
    fn destination(&self, to: &Address) -> Vec<Account> {
        let (name, bucket) = match to.medium() {
            Medium::Email => ("message:address", self.config.budgets.messages_address),
            Medium::Msisdn => ("text:number", self.config.budgets.texts_number),
        };
        let mut accounts = self.payers(to);
        accounts.push((self.sealer.principal(name, to.to_lookup().as_bytes()), bucket));
        accounts
    }

    /// Who pays for a message: for a text its country and the server, for a mail nobody.
    fn payers(&self, to: &Address) -> Vec<Account> {
        let Some(country) = calling_code::of(to) else { return Vec::new() };
        vec![
            (self.sealer.principal("text:country", &country.to_be_bytes()), self.config.budgets.texts_country),
            (self.sealer.principal("text:server", &[]), self.config.budgets.texts_server),
        ]
    }

    /// Charges a notice to the address that is told, apart from the messages that strangers may cause to it.
    pub(super) async fn spend_notice(&self, to: &Address) -> Result<(), Error> {
        let bucket = match to.medium() {
            Medium::Email => self.config.budgets.messages_address,
            Medium::Msisdn => self.config.budgets.texts_number,
        };
        self.spend(&[(self.notice_principal(to), bucket)], 1).await
    }

    /// Gives back what [`Self::spend_notice`] charged for a notice that was not to be.
    pub(super) fn refund_notice(&self, to: &Address) {
        self.purse.credits().add(self.notice_principal(to), 1, self.clock.now());
    }

    fn notice_principal(&self, to: &Address) -> Principal {
        self.sealer.principal("notice:address", to.to_lookup().as_bytes())
    }

    /// Charges a text to who pays for it, and not to its number.
    pub(super) async fn spend_text(&self, to: &Address) -> Result<(), Error> {
        self.spend(&self.payers(to), 1).await
    }

    /// Gives back what [`Self::spend_text`] charged for a text that was not sent.
    pub(super) fn refund_text(&self, to: &Address) {
        let now = self.clock.now();
        for (payer, _) in self.payers(to) {
            self.purse.credits().add(payer, 1, now);
        }
    }

    /// Charges `n` to all of the accounts or to none, from what was charged ahead as far as that goes.
    async fn spend(&self, accounts: &[Account], n: u32) -> Result<(), Error> {
        let now = self.clock.now();
        let principals: Vec<Principal> = accounts.iter().map(|(principal, _)| *principal).collect();
        for _ in 0..TRIES {
            let Err(missing) = self.purse.credits().spend(&principals, n, now) else { return Ok(()) };
            let bucket =
                |of: Principal| accounts.iter().find(|(principal, _)| *principal == of).map(|(_, bucket)| *bucket);
            let needs: Vec<Need> =
                missing.into_iter().filter_map(|(principal, n)| Some((principal, bucket(principal)?, n))).collect();
            match self.store.write(async move |conn| charge(conn, &needs, now, budget::take_ahead).await).await {
                Ok(taken) => {
                    let mut credits = self.purse.credits();
                    for (principal, units) in taken {
                        credits.add(principal, units, now);
                    }
                }
                Err(Failure::Overtaken) => {}
                // Those who filled the bucket in the same moment may have charged ahead for us.
                Err(Failure::Refused(error)) => {
                    return self.purse.credits().spend(&principals, n, now).map_err(|_| error);
                }
            }
        }
        Err(Error::away())
    }

    /// Gives back what was charged ahead and lies idle; all of it if the node stops.
    ///
    /// # Errors
    /// 503 if the database is away; then it is kept, to be given back later.
    pub async fn give_back(&self, stopping: bool) -> Result<(), Error> {
        let now = self.clock.now();
        let unspent =
            if stopping { self.purse.credits().take_everything() } else { self.purse.credits().take_idle(now) };
        for (done, some) in unspent.chunks(REFUNDS_AT_ONCE).enumerate() {
            if let Err(error) = self.give_back_some(some.to_vec()).await {
                let mut credits = self.purse.credits();
                for (principal, units) in &unspent[done * REFUNDS_AT_ONCE..] {
                    credits.add(*principal, *units, now);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn give_back_some(&self, some: Vec<(Principal, u32)>) -> Result<(), Error> {
        for _ in 0..TRIES {
            let unspent = some.clone();
            match self.store.write(async move |conn| refund(conn, &unspent).await).await {
                Ok(()) => return Ok(()),
                Err(Failure::Overtaken) => {}
                Err(Failure::Refused(error)) => return Err(error),
            }
        }
        Err(Error::away())
    }

    /// A homeserver vouches for users under any of its ports, and under its name in any letters: it is one all the same.
    fn homeserver_principal(&self, budget: &str, homeserver: &ServerName) -> Principal {
        let host = homeserver.host().to_ascii_lowercase();
        self.sealer.principal(budget, host.trim_end_matches('.').as_bytes())
    }

    /// Tells the operator, once an hour, that more is looked up than the whole server should see.
    fn alarm(&self) {
        let now = self.clock.now();
        let last = self.purse.alarmed_at.load(Ordering::Relaxed);
        if now - last >= HOUR
            && self.purse.alarmed_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            log::warn!("more addresses are looked up than [budgets.server] allows");
        }
    }
}

/// Who is charged, the bucket, and how much is needed.
type Need = (Principal, Bucket, u32);

/// One transaction: reads the levels, charges as `rule` says, and writes them if they are still what they were.
async fn charge(
    conn: &mut Conn,
    needs: &[Need],
    now: Millis,
    rule: impl Fn(&[(Level, Bucket, u32)], Millis) -> Result<Vec<(Level, u32)>, RetryAfter>,
) -> Result<Vec<(Principal, u32)>, Failure> {
    let old = levels(conn, needs.iter().map(|(principal, ..)| *principal)).await?;
    let level = |principal: &Principal| old.iter().find(|(of, _)| of == principal).map(|(_, level)| *level);
    let filled: Vec<_> =
        needs.iter().map(|(of, bucket, n)| (level(of).map(from_row).unwrap_or_default(), *bucket, *n)).collect();
    let charged = rule(&filled, now).map_err(Error::from)?;
    // In the same order for everybody, so that no two transactions wait for each other.
    let mut writes: Vec<_> = needs.iter().zip(&charged).collect();
    writes.sort_unstable_by_key(|((principal, ..), _)| *principal);
    for ((principal, bucket, _), (new, _)) in writes {
        let empty_at = new.empty_at(*bucket);
        if !budgets::replace(conn, principal.to_vec(), level(principal), to_row(*new), empty_at).await? {
            return Err(Failure::Overtaken);
        }
    }
    Ok(needs.iter().zip(charged).map(|((principal, ..), (_, units))| (*principal, units)).collect())
}

async fn refund(conn: &mut Conn, unspent: &[(Principal, u32)]) -> Result<(), Failure> {
    let mut unspent = unspent.to_vec();
    unspent.sort_unstable();
    let old = levels(conn, unspent.iter().map(|(principal, _)| *principal)).await?;
    for (principal, row) in old {
        let units = unspent.iter().find(|(of, _)| *of == principal).map_or(0, |(_, units)| *units);
        let level = from_row(row).refund(units).parts;
        if !budgets::lower(conn, principal.to_vec(), row, level).await? {
            return Err(Failure::Overtaken);
        }
    }
    Ok(())
}

async fn levels(
    conn: &mut Conn,
    of: impl Iterator<Item = Principal>,
) -> Result<Vec<(Principal, StoredLevel)>, store::Error> {
    let rows = budgets::levels(conn, of.map(|principal| principal.to_vec()).collect()).await?;
    let known = |(principal, level): (Vec<u8>, _)| Some((Principal::try_from(principal).ok()?, level));
    let mut levels: Vec<_> = rows.into_iter().filter_map(known).collect();
    levels.sort_unstable_by_key(|(principal, _)| *principal);
    Ok(levels)
}

fn from_row(row: StoredLevel) -> Level {
    Level { parts: row.level, at: row.leveled_at }
}

fn to_row(level: Level) -> StoredLevel {
    StoredLevel { level: level.parts, leveled_at: level.at }
}
