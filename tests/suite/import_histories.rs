//! Random histories of two servers, imported at random moments: the newest event about an address
//! wins, wherever it happened.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::prelude::*;
use rand::rngs::StdRng;
use ruma_common::OwnedUserId;
use vouch::clock::{Clock, DAY};
use vouch::identity::threepid::Address;
use vouch::import::report::Report;
use vouch::import::sydent::{Options, run, way_back};
use vouch::import::{Accepted, Action, Progress};
use vouch::service::{Objector, Services};

use crate::import::write_key;
use crate::sydent::{NAME, Sydent};
use crate::world::World;

/// Addresses, each in several spellings. The second of each is what earlier releases stored.
const SPELLINGS: [[&str; 3]; 6] = [
    ["alice@example.com", "Alice@Example.com", "ALICE@example.com"],
    ["strauss@example.com", "Strauß@example.com", "STRAUSS@example.com"],
    ["bob@xn--bcher-kva.example", "bob@bücher.example", "Bob@BÜCHER.example"],
    ["carol@example.com", "Carol@example.com", "carol@EXAMPLE.com"],
    ["dave@example.com", "Dave@example.com", "dave@EXAMPLE.com"],
    ["erin@example.com", "Erin@example.com", "erin@EXAMPLE.com"],
];

/// The time when something happened to an address, and its owner afterwards.
type Event = (i64, Option<String>);

/// The length and contents of a history.
#[derive(Clone, Copy)]
struct Scale {
    events: usize,
    /// The number of addresses.
    addresses: usize,
    /// The number of events in a thousand that happen here, and the number that are imports.
    here: u32,
    imports: u32,
    /// The number of events after which both servers are compared with the truth.
    check: usize,
}

/// Few addresses with many events each.
const DENSE: Scale = Scale { events: 400, addresses: SPELLINGS.len(), here: 170, imports: 80, check: 100 };

/// Many addresses with few imports.
const LONG: Scale = Scale { events: 10_000, addresses: 500, here: 15, imports: 1, check: 2_500 };

/// The true history of an address.
#[derive(Default)]
struct Truth {
    last: i64,
    there: Option<Event>,
    here: Option<Event>,
    was_unbound_by_peer: bool,
}

impl Truth {
    fn happens_there(&mut self, at: i64, user: Option<&str>) {
        if self.there.as_ref().is_none_or(|(newest, _)| *newest < at) {
            self.there = Some((at, user.map(str::to_owned)));
        }
    }

    fn owner(&self) -> Option<&str> {
        self.there.iter().chain(&self.here).max_by_key(|(at, _)| *at)?.1.as_deref()
    }
}

/// Shows nothing.
struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: usize) {}
    fn tick(&self, _: usize) {}
}

struct History {
    sydent: Sydent,
    services: Arc<Services>,
    scale: Scale,
    truth: Vec<Truth>,
    random: StdRng,
    /// The number of events so far.
    events: usize,
}

/// Returns a spelling of an address.
fn spelled(n: usize, spelling: usize) -> String {
    let (local, domain) = SPELLINGS[n % SPELLINGS.len()][spelling].split_once('@').unwrap();
    match n / SPELLINGS.len() {
        0 => format!("{local}@{domain}"),
        more => format!("{local}{more}@{domain}"),
    }
}

impl History {
    /// Returns a time later than any before for this address, since the database uses its own clock
    /// for removed rows.
    fn next(&mut self, n: usize) -> i64 {
        loop {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
            if now > self.truth[n].last {
                self.truth[n].last = now;
                return now;
            }
            std::thread::yield_now();
        }
    }

    fn options(&mut self, action: Action) -> Options {
        Options {
            file: self.sydent.path.clone(),
            settings: None,
            action,
            with_peers: true,
            reads_all: self.random.random_ratio(1, 4),
            keys_valid: DAY,
            accepted: Accepted::default(),
        }
    }

    async fn import(&mut self, action: Action) -> Report {
        let options = self.options(action);
        run(&self.services, &options, &Silent).await.unwrap()
    }

    async fn event(&mut self) {
        let n = self.random.random_range(0..self.scale.addresses);
        let Scale { here, imports, .. } = self.scale;
        let kind = self.random.random_range(0..1000);
        if kind < imports {
            drop(self.import(Action::Import).await);
        } else if kind < imports + here {
            self.happens_here(n).await;
        } else {
            self.happens_there(n);
        }
    }

    fn happens_there(&mut self, n: usize) {
        let spelling = spelled(n, self.random.random_range(0..3));
        let user = format!("@user{}:hs.example", self.random.random_range(0..4));
        let (kind, at) = (self.random.random_range(0..65), self.next(n));
        match kind {
            0..30 => {
                self.sydent.bind(&spelling, &user, at);
                self.truth[n].happens_there(at, Some(&user));
            }
            30..45 => {
                self.sydent.unbind(&spelling, at);
                self.truth[n].happens_there(at, None);
            }
            45..60 => {
                // A peer's binding may be older than the known state of the address.
                let is_late = !self.truth[n].was_unbound_by_peer && self.random.random_bool(0.3);
                let at = if is_late { at - 1_000_000 } else { at };
                self.sydent.receive(&spelling, &user, at);
                self.truth[n].happens_there(at, Some(&user));
            }
            // No time of this event is known, so it is compared with nothing here.
            _ if self.truth[n].here.is_none() && self.truth[n].there.is_some() => {
                for spelling in 0..3 {
                    self.sydent.receive_unbind(&spelled(n, spelling));
                }
                self.truth[n].there.as_mut().unwrap().1 = None;
                self.truth[n].was_unbound_by_peer = true;
                let at = self.next(n);
                self.sydent.bind("last@example.com", "@last:hs.example", at);
            }
            _ => return,
        }
        self.events += 1;
    }

    async fn happens_here(&mut self, n: usize) {
        // What happens in the same millisecond has no order.
        self.next(n);
        let (address, language) = (Address::email(&spelled(n, 0)).unwrap(), self.services.default_language());
        let owner = if self.random.random_bool(0.6) {
            let user = format!("@user{}:hs.example", self.random.random_range(0..4));
            let mxid = OwnedUserId::try_from(user.as_str()).unwrap();
            self.services.bindings.bind_address(&address, &mxid, language).await.unwrap();
            Some(user)
        } else {
            let erased =
                self.services.self_service.erase_address(&address, Objector::Operator, language).await.unwrap();
            if erased.bindings == 0 {
                return;
            }
            None
        };
        let at = self.next(n);
        self.truth[n].here = Some((at, owner));
        self.events += 1;
    }

    /// Compares everything with the truth, after an import.
    async fn check(&mut self, seed: u64) {
        self.import(Action::Import).await;
        for (n, truth) in self.truth.iter().enumerate() {
            let address = Address::email(&spelled(n, 0)).unwrap();
            let bound = self.services.bindings.of(&address).await.unwrap();
            assert_eq!(
                bound.as_ref().map(|bound| bound.user_id.as_str()),
                truth.owner(),
                "{}, event {} of the history {seed}; there {:?}, here {:?}",
                address.as_str(),
                self.events,
                truth.there,
                truth.here
            );
        }
        let again = self.import(Action::Verify).await;
        assert_eq!(again.changes(), 0, "event {} of the history {seed}: {again}", self.events);
    }

    /// Takes everything back, and compares it with the truth.
    async fn goes_back(&mut self, seed: u64) {
        let options = self.options(Action::DryRun);
        let way_back = way_back::run(&self.services, &options, &Silent).await.unwrap();
        self.sydent.run(&way_back.sql);
        for (n, truth) in self.truth.iter().enumerate() {
            let spellings = [0, 1, 2].map(|spelling| format!("'{}'", spelled(n, spelling)));
            let newest = format!(
                "SELECT mxid AS text FROM (SELECT address, mxid, max(ts) FROM global_threepid_associations \
                 WHERE medium = 'email' AND address IN ({}) GROUP BY address ORDER BY max(ts) DESC LIMIT 1)",
                spellings.join(", ")
            );
            let found = self.sydent.texts(&newest).pop();
            // A spelling that was unbound there later does not hide an older one from its look-ups.
            if truth.owner().is_some() || way_back_has(&way_back.sql, &spellings) {
                assert_eq!(found.as_deref(), truth.owner(), "{} in the history {seed}", spellings[0]);
            }
        }
        let again = self.import(Action::Verify).await;
        assert_eq!(again.changes(), 0, "after the way back of the history {seed}: {again}");
        let again = way_back::run(&self.services, &options, &Silent).await.unwrap();
        assert_eq!((again.bound, again.unbound), (0, 0), "after the way back of the history {seed}: {}", again.sql);
    }
}

/// Returns whether the way back changes one of these spellings.
fn way_back_has(sql: &str, spellings: &[String; 3]) -> bool {
    spellings.iter().any(|spelling| sql.contains(spelling.as_str()))
}

/// Lets a history unfold, and returns how many events it had.
async fn unfolds(mut world: World, scale: Scale) -> usize {
    world.config.server.name = NAME.try_into().unwrap();
    world.config.notices.enabled = false;
    world.clock = Clock::system();
    write_key(&world.config.keys.signing_key_file);
    world.start().await.stop().await;
    let seed = std::env::var("VOUCH_IMPORT_SEED").map_or_else(|_| rand::random(), |number| number.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let services = Services::open_existing(world.config.clone(), Clock::system()).await.unwrap();
    let mut sydent = Sydent::new(folder.path());
    sydent.run("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
    let truth = (0..scale.addresses).map(|_| Truth::default()).collect();
    let mut history = History { sydent, services, scale, truth, random: StdRng::seed_from_u64(seed), events: 0 };
    // From then on, the database remembers what is removed.
    history.import(Action::Import).await;
    while history.events < scale.events {
        let until = history.events + scale.check;
        while history.events < until {
            history.event().await;
        }
        history.check(seed).await;
    }
    history.goes_back(seed).await;
    history.events
}

on_both_backends! {
    async fn the_newest_event_wins_wherever_it_happened(world: World) {
        unfolds(world, DENSE).await;
    }
}

/// Unfolds long histories one after the other, until they have had this many events.
async fn unfold_long(enough: usize, world: impl AsyncFn() -> World) {
    let mut events = 0;
    while events < enough {
        events += unfolds(world().await, LONG).await;
    }
    println!("{events} events were imported, none lost and none resurrected");
}

/// With `VOUCH_IMPORT_EVENTS`, the number can be set.
fn events(default: usize) -> usize {
    std::env::var("VOUCH_IMPORT_EVENTS").map_or(default, |number| number.parse().unwrap())
}

#[tokio::test]
async fn of_a_hundred_thousand_events_none_is_lost_and_none_resurrected_in_sqlite() {
    unfold_long(events(100_000), World::on_sqlite).await;
}

#[tokio::test]
async fn of_ten_thousand_events_none_is_lost_and_none_resurrected_in_postgresql() {
    unfold_long(events(10_000), World::on_postgres).await;
}
