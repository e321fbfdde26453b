mod messages;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::clock::HOUR;
use crate::config::{Bucket, Config};
use crate::identity::homeserver_group;
use crate::identity::rate_limit::ledger::Ledger;

const NOW: Millis = 20_000 * DAY;

/// Everything that a request depends on.
struct World {
    budgets: Budgets,
    ledger: Ledger,
    now: Millis,
    /// The time for which each homeserver has been known.
    known: Millis,
}

/// Someone with an account.
#[derive(Clone, Copy)]
struct Person {
    account: Account,
    homeserver: &'static str,
    network: Network,
}

fn key(kind: Kind, subject: &[u8]) -> BlindIndex {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, kind, subject).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    BlindIndex::new((half(0) << 64 | half(1)).to_be_bytes())
}

fn network(address: &str) -> Network {
    Network::of(address.parse::<IpAddr>().unwrap())
}

fn person(number: u32, since: Millis) -> Person {
    let user = key(Kind::of(Counted::Export, Scope::User), &number.to_be_bytes());
    let network = Network::of(IpAddr::from((0x0a00_0000 + number * 65_536).to_be_bytes()));
    Person { account: Account { user, since }, homeserver: "hs.example", network }
}

impl World {
    fn new(known: Millis) -> Self {
        Self { budgets: Config::default().budgets, ledger: Ledger::default(), now: NOW, known }
    }

    fn rules(&self) -> Rules<'_, fn(Kind, &[u8]) -> BlindIndex> {
        Rules { budgets: &self.budgets, now: self.now, key }
    }

    fn homeserver(&self, person: &Person) -> Homeserver {
        Homeserver { group: homeserver_group::of(person.homeserver), since: self.known }
    }

    fn looks_up(&mut self, person: &Person, units: u32) -> Result<(), Kind> {
        let plan = self.rules().lookup(&person.account, Some(&self.homeserver(person)), &person.network);
        self.ledger.charge(&plan, units, self.now).map_err(|limit| limit.kind)
    }

    /// Looks up as much as possible. Returns how much that was.
    fn looks_up_all(&mut self, person: &Person) -> u32 {
        let mut total = 0;
        for units in [10_000, 1_000, 100, 10, 1] {
            while self.looks_up(person, units).is_ok() {
                total += units;
            }
        }
        total
    }

    /// Tries something without effect on others.
    fn tries<T>(&mut self, tried: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.ledger.clone();
        let result = tried(self);
        self.ledger = before;
        result
    }

    fn asks(&mut self, requester: Requester, from: &Network, to: &str) -> Result<(), Kind> {
        let to = if to.contains('@') { Address::email(to) } else { Address::msisdn(to) }.unwrap();
        let plan = self.rules().message(requester, from, &to);
        self.ledger.charge(&plan, 1, self.now).map_err(|limit| limit.kind)
    }

    fn invites(&mut self, person: &Person, to: &str) -> Result<(), Kind> {
        let to = Address::email(to).unwrap();
        let plan = self.rules().invite(&person.account, Some(&self.homeserver(person)), &person.network, &to);
        self.ledger.charge(&plan, 1, self.now).map_err(|limit| limit.kind)
    }
}

#[test]
fn a_person_with_10_000_contacts_and_three_devices_is_never_refused_not_even_on_their_own_new_domain() {
    let mut world = World::new(NOW);
    let alice = person(1, NOW);
    // The pepper changes just after they have registered, and then every week.
    for week in 0..13 {
        for _ in 0..if week == 0 { 6 } else { 3 } {
            assert_eq!(world.looks_up(&alice, 10_000), Ok(()), "week {week}");
        }
        world.now += 7 * DAY;
    }
}

#[test]
fn a_crowd_of_greedy_accounts_does_not_keep_those_of_the_same_week_from_looking_up_a_book() {
    let grown = NOW - 90 * DAY;
    for (known, crowd, book) in [(NOW, 26, 1_500), (NOW, 100, 500), (grown, 26, 1_500), (grown, 200, 1_500)] {
        let mut world = World::new(known);
        let attackers: Vec<Person> = (0..crowd).map(|number| person(number, NOW)).collect();
        // They take what they can every hour for five days, each from a different network.
        for hour in 0..120 {
            for attacker in &attackers {
                world.looks_up_all(attacker);
            }
            let newcomer = Person { network: network("192.0.2.1"), ..person(1_000 + hour, NOW) };
            let looked_up = world.tries(|world| world.looks_up(&newcomer, book));
            assert_eq!(looked_up, Ok(()), "{crowd} accounts, a book of {book}, hour {hour}");
            world.now += HOUR;
        }
    }
}

#[test]
fn those_who_registered_in_another_week_share_nothing_with_an_attacker_on_their_homeserver() {
    let mut world = World::new(NOW - 90 * DAY);
    for number in 0..1_000 {
        world.looks_up_all(&person(number % 250, NOW));
    }
    let settled = Person { network: network("192.0.2.1"), ..person(1_000, NOW - 8 * DAY) };
    for _ in 0..3 {
        assert_eq!(world.looks_up(&settled, 10_000), Ok(()));
    }
}

#[test]
fn names_and_ports_below_a_domain_and_networks_in_a_prefix_share() {
    let mut world = World::new(NOW);
    let names: Vec<&'static str> =
        (0..200).map(|number| &*Box::leak(format!("n{number}.evil.example").into_boxed_str())).collect();
    let taken: u32 = (0..200u32)
        .map(|number| world.looks_up_all(&Person { homeserver: names[number as usize], ..person(number, NOW) }))
        .sum();
    assert!(taken <= 300_000, "{taken}");
    // The whole /32 has as much as four of its networks.
    let mut world = World::new(NOW - 90 * DAY);
    let names: Vec<&'static str> =
        (0..200).map(|number| &*Box::leak(format!("evil{number}.example").into_boxed_str())).collect();
    let taken: u32 = (0..200u32)
        .map(|number| {
            let network = network(&format!("2001:db8:{number:x}::1"));
            world.looks_up_all(&Person { homeserver: names[number as usize], network, ..person(number, NOW) })
        })
        .sum();
    assert!((1_000_000..=4 * 640_000).contains(&taken), "{taken}");
}

#[test]
fn a_homeserver_grows_for_90_days_and_its_level_keeps_its_meaning() {
    let mut world = World::new(NOW);
    let alice = person(1, NOW);
    let limit = |world: &World| world.rules().homeserver(&alice.account, Counted::Lookup, &world.homeserver(&alice))[0];
    let sizes = [0, 1, 45, 90, 1_000].map(|days| {
        world.now = NOW + days * DAY;
        limit(&world).bucket
    });
    let bucket = |capacity, per_hour| Bucket { capacity, per_hour };
    assert_eq!(
        sizes,
        [
            bucket(300_000, 600),
            bucket(307_777, 615),
            bucket(650_000, 1_300),
            bucket(1_000_000, 2_000),
            bucket(1_000_000, 2_000)
        ]
    );
    assert_eq!(limit(&World::new(NOW + DAY)).bucket, bucket(300_000, 600), "another clock was ahead");
}

#[test]
fn newcomers_fill_half_of_the_shared_limits() {
    let mut world = World::new(NOW - 90 * DAY);
    world.budgets.lookup_server = Bucket { capacity: 100_000, per_hour: 1 };
    // Small accounts leave nothing free.
    let taken = (0..1_000).filter(|number| world.looks_up(&person(number % 250, NOW), 200).is_ok()).count() * 200;
    assert!((40_000..=50_000).contains(&taken), "{taken}");
    while world.looks_up(&person(250, NOW), 1).is_ok() {}
    assert_eq!(world.looks_up(&person(250, NOW), 1), Err(Kind::of(Counted::Lookup, Scope::Server)));
    let settled = person(251, NOW - 7 * DAY);
    assert_eq!(world.looks_up(&settled, 2_000), Ok(()));
}

#[test]
fn accounts_that_register_every_minute_do_not_keep_a_newcomer_of_the_same_week_from_it() {
    let mut world = World::new(NOW);
    let registers = |world: &mut World, person: &Person| {
        let homeserver = world.homeserver(person);
        let plan = world.rules().registration(&person.account, Some(&homeserver), Means::Token);
        world.ledger.charge(&plan, 1, world.now).map_err(|limit| limit.kind)
    };
    let attackers: Vec<Person> = (0..26).map(|number| person(number, NOW)).collect();
    let mut refused = 0;
    for minute in 0..2 * 24 * 60 {
        refused += attackers.iter().filter(|attacker| registers(&mut world, attacker).is_err()).count();
        let newcomer = person(1_000 + minute, NOW);
        let registered = world.tries(|world| registers(world, &newcomer));
        assert_eq!(registered, Ok(()), "minute {minute}");
        world.now += 60_000;
    }
    assert!(refused > 0);
}

#[test]
fn networks_that_ask_all_the_time_leave_the_one_around_them_to_others() {
    for counted in [Counted::Registration, Counted::Unbinding] {
        let mut world = World::new(NOW);
        let asks = |world: &mut World, from: &Network| {
            let (own, around) = world.rules().anonymous(counted, from);
            let plan = Plan { own: Some(own), others: vec![around] };
            world.ledger.charge(&plan, 1, world.now).is_ok()
        };
        let crowd: Vec<Network> = (0..20).map(|number| network(&format!("192.0.{number}.1"))).collect();
        for minute in 0..600 {
            for from in &crowd {
                while asks(&mut world, from) {}
            }
            assert!(world.tries(|world| asks(world, &network("192.0.99.1"))), "{counted:?}, minute {minute}");
            world.now += 60_000;
        }
    }
}

#[test]
fn the_more_an_account_has_used_the_more_it_leaves_free() {
    let limit = |scope, reserve| Limit {
        kind: Kind::of(Counted::Lookup, scope),
        key: BlindIndex::new([0; 16]),
        bucket: Bucket { capacity: 1_000, per_hour: 1 },
        reserve,
    };
    let reserve = |used, (capacity, per_hour), other: Limit| {
        let own = Limit { bucket: Bucket { capacity, per_hour }, ..limit(Scope::User, 0) };
        Plan { own: Some(own), others: vec![other] }.others_after(used).next().unwrap().reserve
    };
    let network = limit(Scope::Network, 0);
    let of_network = |own, uses: [u32; 6]| uses.map(|used| reserve(used, own, network));
    assert_eq!(of_network((64_000, 250), [0, 800, 801, 2_000, 2_001, u32::MAX]), [0, 0, 250, 250, 650, 650]);
    assert_eq!(of_network((10, 1), [0, 2, 3, 5, 6, u32::MAX]), [0, 0, 250, 250, 650, 650]);
    // Of a limit that drains slowly, 24 are remembered.
    assert_eq!(of_network((64_000, 1), [0, 22, 23, 23, 24, u32::MAX]), [0, 0, 0, 0, 650, 650]);
    assert_eq!(reserve(u32::MAX, (64_000, 250), limit(Scope::Server, 500)), 825);
    assert_eq!(reserve(u32::MAX, (64_000, 250), limit(Scope::Address, 0)), 0);
    assert_eq!(Plan::of(vec![network]).others_after(u32::MAX).next().unwrap().reserve, 0);
}

proptest! {
    #[test]
    fn newcomers_change_nothing_for_those_of_earlier_weeks(
        requests in proptest::collection::vec((any::<bool>(), 0u32..40, 1u32..20_000, 0i64..6 * HOUR), 0..200),
    ) {
        let mut alone = World::new(NOW - 100 * DAY);
        let mut together = World::new(NOW - 100 * DAY);
        for (is_settled, number, units, pause) in requests {
            alone.now += pause;
            together.now += pause;
            if is_settled {
                let settled = person(100 + number % 20, NOW - 70 * DAY);
                prop_assert_eq!(alone.looks_up(&settled, units), together.looks_up(&settled, units));
            } else {
                // On the same homeserver and in the same networks.
                let attacker = Person { network: person(100 + number % 20, NOW).network, ..person(number, NOW) };
                let _ = together.looks_up(&attacker, units);
            }
        }
    }

    #[test]
    fn the_older_an_account_the_more_it_may_fill_of_what_all_weeks_share(days in 0i64..1_000, more in 0i64..1_000) {
        let world = World::new(NOW - 90 * DAY);
        let filled = |days: i64| {
            let account = person(1, NOW - days * DAY).account;
            let whole = world.rules().homeserver(&account, Counted::Lookup, &world.homeserver(&person(1, NOW)))[1];
            whole.bucket.capacity - whole.reserve
        };
        prop_assert!(filled(days) <= filled(days + more));
        prop_assert_eq!([filled(0), filled(730)], [4_000_032, 10_000_000]);
        // A month makes room for somebody with 10,000 contacts and three devices who has looked up
        // much.
        prop_assert!(days > 690 || (filled(days + 30) - filled(days)) / 100 * 35 >= 60_000);
    }

    #[test]
    fn no_reserve_exceeds_the_capacity(capacity: u32, base: u32, used: u32) {
        let limit = Limit {
            kind: Kind::of(Counted::Lookup, Scope::Server),
            key: BlindIndex::new([0; 16]),
            bucket: Bucket { capacity, per_hour: 1 },
            reserve: base,
        };
        let plan = Plan { own: Some(Limit { kind: Kind::of(Counted::Lookup, Scope::User), ..limit }), others: vec![limit] };
        let after = plan.others_after(used).next().unwrap();
        prop_assert!(after.reserve >= base && (after.reserve <= capacity || base > capacity));
        let more = plan.others_after(used.saturating_add(1)).next().unwrap();
        prop_assert!(more.reserve >= after.reserve);
    }
}

#[test]
fn tokens_leave_half_of_a_persons_limits_to_sessions_and_these_a_quarter_to_new_ones() {
    let limit = |capacity| Limit {
        kind: Kind::of(Counted::Confirmation, Scope::User),
        key: BlindIndex::new([0; 16]),
        bucket: Bucket { capacity, per_hour: 1 },
        reserve: 0,
    };
    let means = [Means::Token, Means::Session, Means::NewSession];
    let left = |capacity| means.map(|means| limit(capacity).left_by(means).reserve);
    assert_eq!([20, 5, 1].map(left), [[10, 5, 0], [2, 1, 0], [0, 0, 0]]);
}

proptest! {
    /// Otherwise such a level would be mistaken for one that a wrong clock has stored, and lowered.
    #[test]
    fn no_homeserver_can_be_fuller_than_the_longest_drain_says(
        capacity in 1..1_000u32, per_hour in 1..100u32, days in 0..100i64,
    ) {
        let mut world = World::new(NOW - days * DAY);
        world.budgets.lookup_homeserver = Bucket { capacity, per_hour };
        let someone = person(1, NOW);
        for limit in world.rules().homeserver(&someone.account, Counted::Lookup, &world.homeserver(&someone)) {
            prop_assert!(limit.cost(limit.bucket.capacity) <= world.rules().longest_drain(limit.kind));
        }
    }
}
