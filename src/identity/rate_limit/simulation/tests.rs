//! Honest people, alone and under attack. The results are in docs/limits.md.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use super::*;
use crate::config::Config;
use crate::crypto::master_key::MasterKey;
use crate::crypto::vault::Vault;
use crate::identity::pepper::{Digest, Epoch, Peppers, digest};
use crate::identity::recent_lookups::{RecentLookups, Row, Token};

const NODES: usize = 3;
const DEVICES: usize = 3;
const MINUTE: Millis = HOUR / 60;
/// Contacts are looked up in groups of this size, each under one hash, so that the simulation is
/// quick.
const GROUP: usize = 10;

/// The server: its limits, its nodes' memories and what they have saved.
struct Server {
    budgets: Budgets,
    ledger: Ledger,
    peppers: Peppers,
    nodes: Vec<RecentLookups>,
    rows: HashMap<([u8; 16], Epoch), Vec<u8>>,
    /// The look-up hashes of everybody's contacts, under the pepper of an epoch.
    hashes: (Option<Epoch>, Vec<Digest>),
    now: Millis,
}

struct Person {
    account: Account,
    homeserver: Homeserver,
    network: Network,
    devices: Vec<Arc<Token>>,
}

impl Server {
    fn new(now: Millis) -> Self {
        let peppers = Peppers::new(&[1; 32], std::time::Duration::from_hours(7 * 24));
        let mut server = Self {
            budgets: Config::default().budgets,
            ledger: Ledger::default(),
            peppers,
            nodes: Vec::new(),
            rows: HashMap::new(),
            hashes: (None, Vec::new()),
            now,
        };
        server.restart();
        server
    }

    fn restart(&mut self) {
        self.nodes = (0..NODES).map(|_| RecentLookups::new(1_000_000)).collect();
    }

    /// Looks up this many groups of contacts through a node. Returns whether that was refused.
    fn refuses(&mut self, person: &Person, device: usize, book: usize, node: usize) -> bool {
        let (epoch, token) = (self.peppers.current(self.now), &person.devices[device]);
        if self.hashes.0 != Some(epoch) || self.hashes.1.len() < book {
            let pepper = self.peppers.pepper(epoch);
            let hash = |number: usize| digest(&format!("{number} msisdn"), pepper.as_str());
            self.hashes = (Some(epoch), (0..book.max(1_100)).map(hash).collect());
        }
        let (digests, recent) = (&self.hashes.1[..book], &self.nodes[node]);
        let row = self.rows.get(&(token.index, epoch));
        let row = row.map(|row| Row::open(token, epoch, row).unwrap()).unwrap_or_default();
        let mut new = recent.new_lookups(token, epoch, digests);
        if !recent.knows(token, epoch) || new.count() > 0 {
            recent.read(token, epoch, row.hashes(), self.now);
            new = recent.new_lookups(token, epoch, digests);
        }
        if new.count() == 0 {
            return false;
        }
        let rules = Rules { budgets: &self.budgets, now: self.now, key };
        let plan = rules.lookup(&person.account, Some(&person.homeserver), &person.network);
        if self.ledger.charge(&plan, new.count() * u32::try_from(GROUP).unwrap(), self.now).is_err() {
            return true;
        }
        recent.add(token, new);
        for unsaved in recent.unsaved() {
            let row = row_with(self.rows.get(&(token.index, epoch)), token, epoch, &unsaved.hashes);
            recent.saved(&unsaved, Some(row.hashes()), self.now);
            self.rows.insert((token.index, epoch), row.seal(token, epoch));
        }
        false
    }
}

fn row_with(stored: Option<&Vec<u8>>, token: &Token, epoch: Epoch, hashes: &[u32]) -> Row {
    stored.map(|row| Row::open(token, epoch, row).unwrap()).unwrap_or_default().with(hashes)
}

fn token(number: u32) -> Arc<Token> {
    let vault = Vault::new(&MasterKey::from_bytes([7; 32]));
    let keys = vault.token_keys(&number.to_string());
    Arc::new(Token { hash: [0; 32], index: u128::from(number).to_be_bytes(), keys })
}

fn person(number: u32, since: Millis, known: Millis, devices: usize) -> Person {
    let user = key(Kind::of(super::super::kind::Counted::Export, Scope::User), &number.to_be_bytes());
    Person {
        account: Account { user, since },
        homeserver: Homeserver { group: "hs.example".to_owned(), since: known },
        network: Network::of(Ipv4Addr::from_bits(0x0b00_0000 + number * 0x1_0000).into()),
        devices: (0..devices).map(|device| token(number * 10 + u32::try_from(device).unwrap())).collect(),
    }
}

/// Three people with new accounts on a new domain, an hour before the pepper changes, for 90 days.
/// Each has three devices, of which one is replaced, and five more contacts every day.
fn honest_table() -> String {
    let mut server = Server::new(3_000 * WEEK - HOUR);
    let begin = server.now;
    let books = [500, 4_000, 10_000];
    let mut people: Vec<_> = (1..=3).map(|number| person(number, begin, begin, DEVICES)).collect();
    let (mut look_ups, mut refused) = ([0u64; 3], [0u64; 3]);
    for day in 0..90 {
        if day == 45 {
            for (number, person) in (1..).zip(&mut people) {
                person.devices[0] = token(number * 10 + 9);
            }
        }
        for turn in 0..10 {
            for (of, person) in people.iter().enumerate() {
                for device in 0..DEVICES {
                    look_ups[of] += 1;
                    let node = (turn + device + day) % NODES;
                    refused[of] += u64::from(server.refuses(person, device, books[of] / GROUP + day / 2, node));
                    server.now += MINUTE;
                }
            }
            server.now += HOUR;
        }
        server.restart();
        server.now = begin + DAY * Millis::try_from(day + 1).unwrap();
    }
    let mut table = "| contacts | refreshes of the book in 90 days | refused |\n|---:|---:|---:|\n".to_owned();
    for (of, book) in books.iter().enumerate() {
        let [book, all, refused] = [*book as u64, look_ups[of], refused[of]].map(grouped);
        writeln!(table, "| {book} | {all} | {refused} |").unwrap();
    }
    assert_eq!(refused, [0; 3], "ordinary people are never refused");
    table
}

/// Somebody who looks up an address book while their homeserver is under attack.
#[derive(Clone, Copy)]
struct Victim {
    name: &'static str,
    /// How long before the attack they registered, or `None` if they register each day.
    settled: Option<Millis>,
    book: u32,
    devices: u32,
    /// True if they must not be refused.
    is_ordinary: bool,
}

const VICTIMS: [Victim; 5] = [
    Victim {
        name: "settled, 4,000 contacts, 3 devices",
        settled: Some(30 * DAY),
        book: 4_000,
        devices: 3,
        is_ordinary: true,
    },
    Victim {
        name: "settled, 10,000 contacts, 3 devices",
        settled: Some(30 * DAY),
        book: 10_000,
        devices: 3,
        is_ordinary: true,
    },
    Victim { name: "newcomer, 500 contacts, 1 device", settled: None, book: 500, devices: 1, is_ordinary: true },
    Victim { name: "newcomer, 1,500 contacts, 1 device", settled: None, book: 1_500, devices: 1, is_ordinary: true },
    Victim {
        name: "newcomer, 10,000 contacts, 3 devices",
        settled: None,
        book: 10_000,
        devices: 3,
        is_ordinary: false,
    },
];

/// Returns how many of a victim's address books are refused, and of how many, in four weeks of an
/// attack by accounts on the same homeserver, each from a different network, that look up all they
/// can every six hours.
fn attacked(victim: Victim, attackers: u32, renewed: bool) -> (u64, u64) {
    let mut server = Server::new(3_000 * WEEK);
    let known = server.now - 100 * DAY;
    let begin = server.now;
    let (mut refused, mut books) = (0, 0);
    for step in 0..4 * 28 {
        let week = if renewed { step / 28 } else { 0 };
        for number in 0..attackers {
            let since = begin + WEEK * Millis::from(week);
            let attacker = person(week * 1_000 + number, since, known, 0);
            takes_all(&mut server, &attacker);
        }
        let is_due = victim.settled.is_none() || step % 28 == 0;
        if step % 4 == 0 && is_due {
            let number = if victim.settled.is_some() { 60_000 } else { 50_000 + step };
            let since = victim.settled.map_or(server.now, |before| begin - before);
            let someone =
                Person { network: Network::of(Ipv4Addr::new(192, 0, 2, 1).into()), ..person(number, since, known, 0) };
            for _ in 0..victim.devices {
                let rules = Rules { budgets: &server.budgets, now: server.now, key };
                let plan = rules.lookup(&someone.account, Some(&someone.homeserver), &someone.network);
                books += 1;
                refused += u64::from(server.ledger.charge(&plan, victim.book, server.now).is_err());
            }
        }
        server.now += 6 * HOUR;
    }
    (refused, books)
}

/// Looks up everything that an account can. Returns how much that was.
fn takes_all(server: &mut Server, attacker: &Person) -> u64 {
    let mut taken = 0;
    let rules = Rules { budgets: &server.budgets, now: server.now, key };
    let plan = rules.lookup(&attacker.account, Some(&attacker.homeserver), &attacker.network);
    for size in [32_000, 8_000, 2_000, 500, 100, 20] {
        while server.ledger.charge(&plan, size, server.now).is_ok() {
            taken += u64::from(size);
        }
    }
    taken
}

fn attacked_table() -> String {
    let mut table = "| on the attacked homeserver | 26 attackers | 100 attackers | 100 new ones each week |\n|---|---:|---:|---:|\n".to_owned();
    for victim in VICTIMS {
        let results =
            [(26, false), (100, false), (100, true)].map(|(attackers, renewed)| attacked(victim, attackers, renewed));
        let [few, many, new] = results.map(|(refused, books)| format!("{refused} of {books}"));
        writeln!(table, "| {} | {few} | {many} | {new} |", victim.name).unwrap();
        assert!(!victim.is_ordinary || results.iter().all(|(refused, _)| *refused == 0), "{table}");
    }
    table
}

/// Compares a table with the one in docs/limits.md, or writes it if `UPDATE_DOCS` is set.
fn documented(name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- simulation: {name} -->\n"), "<!-- end -->");
    let (before, rest) = text.split_once(&begin).expect("the table is marked");
    let (shown, after) = rest.split_once(end).expect("its end is marked");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert_eq!(shown, table, "run this test with UPDATE_DOCS=1");
    }
}

#[test]
fn honest_people_are_never_refused() {
    documented("honest", &honest_table());
}

#[test]
fn attackers_look_up_as_much_as_documented() {
    documented("attackers", &table(&Config::default().budgets));
}

#[test]
fn an_attack_on_a_homeserver_does_not_shut_out_its_people() {
    documented("attacked", &attacked_table());
}

/// A year in which 20 new accounts come every week, on the homeserver of people who registered a
/// month before, and of newcomers.
#[test]
fn attackers_who_renew_their_accounts_for_a_year_shut_out_neither_older_people_nor_small_newcomers() {
    let mut server = Server::new(3_000 * WEEK);
    let (begin, known) = (server.now, server.now - 100 * DAY);
    let settled = person(60_000, begin - 30 * DAY, known, 0);
    let somewhere = Network::of(Ipv4Addr::new(192, 0, 2, 1).into());
    let (mut taken, mut refused) = (0, Vec::new());
    for week in 0..52 {
        for number in (0..=week).rev().flat_map(|batch| batch * 1_000..batch * 1_000 + 20) {
            let since = begin + WEEK * Millis::from(number / 1_000);
            taken += takes_all(&mut server, &person(number, since, known, 0));
        }
        let newcomer = person(61_000 + week, server.now, known, 0);
        for (someone, book) in [(&settled, 10_000), (&settled, 10_000), (&settled, 10_000), (&newcomer, 1_500)] {
            let rules = Rules { budgets: &server.budgets, now: server.now, key };
            let plan = rules.lookup(&someone.account, Some(&someone.homeserver), &somewhere);
            if server.ledger.charge(&plan, book, server.now).is_err() {
                refused.push((week, book));
            }
        }
        server.now += WEEK;
    }
    assert_eq!(refused, []);
    // This is what drains in a year, plus less than the capacity.
    assert!((60_000_000..=80_000_000).contains(&taken), "{taken}");
}
