//! Random histories of two servers, imported at random moments: the newest event about an address
//! wins, wherever it happened.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::prelude::*;
use rand::rngs::StdRng;
use ruma_common::OwnedUserId;
use vouch::clock::{Clock, DAY};
use vouch::identity::threepid::Address;
use vouch::import::report::Report;
use vouch::import::sydent::{Options, run};
use vouch::import::{Accepted, Action, Progress};
use vouch::service::{Objector, Services};

use crate::import::write_key;
use crate::sydent::{NAME, Sydent};
use crate::world::World;

/// The number of events of a history; `VOUCH_IMPORT_EVENTS` sets another number.
const EVENTS: usize = 400;

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

/// The true history of an address.
#[derive(Default)]
struct Truth {
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
    truth: HashMap<usize, Truth>,
    random: StdRng,
    last: i64,
}

impl History {
    /// Returns a time later than any before, since the database uses its own clock for removed
    /// rows.
    fn next(&mut self) -> i64 {
        loop {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
            if now > self.last {
                self.last = now;
                return now;
            }
            std::thread::yield_now();
        }
    }

    async fn import(&mut self, action: Action) -> Report {
        let options = Options {
            file: self.sydent.path.clone(),
            settings: None,
            action,
            with_peers: true,
            reads_all: self.random.random_ratio(1, 4),
            keys_valid: DAY,
            accepted: Accepted::default(),
        };
        run(&self.services, &options, &Silent).await.unwrap()
    }

    async fn event(&mut self) {
        let (n, kind) = (self.random.random_range(0..SPELLINGS.len()), self.random.random_range(0..100));
        let spelling = *SPELLINGS[n].choose(&mut self.random).unwrap();
        let user = format!("@user{}:hs.example", self.random.random_range(0..4));
        let at = self.next();
        let truth = self.truth.entry(n).or_default();
        match kind {
            0..30 => {
                self.sydent.bind(spelling, &user, at);
                truth.happens_there(at, Some(&user));
            }
            30..45 => {
                self.sydent.unbind(spelling, at);
                truth.happens_there(at, None);
            }
            45..60 => {
                // A peer's binding may be older than the known state of the address.
                let is_late = !truth.was_unbound_by_peer && self.random.random_bool(0.3);
                let at = if is_late { at - 1_000_000 } else { at };
                self.sydent.receive(spelling, &user, at);
                truth.happens_there(at, Some(&user));
            }
            // No time of this event is known, so it is compared with nothing here.
            60..65 if truth.here.is_none() && truth.there.is_some() => {
                for spelling in SPELLINGS[n] {
                    self.sydent.receive_unbind(spelling);
                }
                truth.there.as_mut().unwrap().1 = None;
                truth.was_unbound_by_peer = true;
                let at = self.next();
                self.sydent.bind("last@example.com", "@last:hs.example", at);
            }
            65..75 => self.binds_here(n, &user).await,
            75..82 => self.unbinds_here(n).await,
            82..90 => drop(self.import(Action::Import).await),
            _ => {}
        }
    }

    async fn binds_here(&mut self, n: usize, user: &str) {
        let (address, mxid) = (Address::email(SPELLINGS[n][0]).unwrap(), OwnedUserId::try_from(user).unwrap());
        let language = self.services.default_language();
        self.services.bindings.bind_address(&address, &mxid, language).await.unwrap();
        let at = self.next();
        self.truth.entry(n).or_default().here = Some((at, Some(user.to_owned())));
    }

    async fn unbinds_here(&mut self, n: usize) {
        let address = Address::email(SPELLINGS[n][0]).unwrap();
        let language = self.services.default_language();
        let erased = self.services.self_service.erase_address(&address, Objector::Operator, language).await.unwrap();
        if erased.bindings == 0 {
            return;
        }
        let at = self.next();
        self.truth.entry(n).or_default().here = Some((at, None));
    }
}

async fn unfolds(mut world: World) {
    world.config.server.name = NAME.try_into().unwrap();
    world.config.notices.enabled = false;
    world.clock = Clock::system();
    write_key(&world.config.keys.signing_key_file);
    world.start().await.stop().await;
    let events = std::env::var("VOUCH_IMPORT_EVENTS").map_or(EVENTS, |number| number.parse().unwrap());
    let seed = std::env::var("VOUCH_IMPORT_SEED").map_or_else(|_| rand::random(), |number| number.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let services = Services::open_existing(world.config.clone(), Clock::system()).await.unwrap();
    let sydent = Sydent::new(folder.path());
    let mut history = History { sydent, services, truth: HashMap::new(), random: StdRng::seed_from_u64(seed), last: 0 };
    // From then on, the database remembers removed rows.
    history.import(Action::Import).await;
    for number in 0..events {
        history.event().await;
        if number % 100 != 99 {
            continue;
        }
        history.import(Action::Import).await;
        for (n, truth) in &history.truth {
            let address = Address::email(SPELLINGS[*n][0]).unwrap();
            let bound = history.services.bindings.of(&address).await.unwrap();
            assert_eq!(
                bound.as_ref().map(|bound| bound.user_id.as_str()),
                truth.owner(),
                "{}, event {number} of the history {seed}; there {:?}, here {:?}",
                address.as_str(),
                truth.there,
                truth.here
            );
        }
        let again = history.import(Action::Verify).await;
        assert_eq!(again.changes(), 0, "event {number} of the history {seed}: {again}");
    }
}

on_both_backends! {
    async fn the_newest_event_wins_wherever_it_happened(world: World) {
        unfolds(world).await;
    }
}
