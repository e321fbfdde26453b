use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::charging::Uncharged;
use super::*;
use crate::clock::{HOUR, Millis};
use crate::config::{Bucket, Database, DatabaseUrl};
use crate::crypto::master_key::MasterKey;
use crate::crypto::vault::Vault;
use crate::identity::rate_limit::kind::Scope;
use crate::identity::rate_limit::ledger::Ledger;
use crate::identity::rate_limit::{Level, micros};
use crate::metrics::Metrics;
use crate::store::rate_limits as rows;

const NOW: Millis = 1_700_000_000_000;
const BUCKET: Bucket = Bucket { capacity: 10, per_hour: 60 };

async fn rate_limits() -> (RateLimits, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("vouch.db"));
    (rate_limits_in(url).await, folder)
}

async fn rate_limits_in(url: DatabaseUrl) -> RateLimits {
    let config = crate::config::Config::default();
    let store = Store::connect(&Database { url, ..config.database }, &Metrics::default()).await.unwrap();
    store.migrate().await.unwrap();
    let sealer = Sealer::new(Arc::new(Vault::new(&MasterKey::generate())));
    RateLimits::new(store, sealer, Clock::stopped_at(NOW), config.budgets, &Metrics::default())
}

fn limit(number: u8, scope: Scope, bucket: Bucket) -> Limit {
    Limit { kind: Kind::of(Counted::Lookup, scope), key: BlindIndex::new([number; 16]), bucket, reserve: 0 }
}

fn shared(number: u8, bucket: Bucket) -> Limit {
    limit(number, Scope::Server, bucket)
}

fn plan(limits: &[Limit]) -> Plan {
    Plan::of(limits.to_vec())
}

fn wait(refused: Result<(), Error>) -> Millis {
    refused.expect_err("a limit is exceeded").retry_after().expect("a limit says when to retry")
}

/// Returns how many units are charged in the database.
async fn charged(limits: &RateLimits, limit: &Limit) -> i64 {
    let keys = vec![limit.key.as_ref().to_vec()];
    let stored = rows::by_keys(&mut limits.store.read().await.unwrap(), keys).await.unwrap();
    stored.first().map_or(0, |row| (row.empty_at - micros(NOW)) / limit.cost(1))
}

#[tokio::test]
async fn all_limits_are_charged_or_none_and_the_longest_wait_counts() {
    let (limits, _folder) = rate_limits().await;
    let (fast, slow) = (shared(2, BUCKET), shared(3, Bucket { capacity: 10, per_hour: 1 }));
    limits.charge(&plan(&[fast, slow]), 10).await.unwrap();
    let empty = shared(1, BUCKET);
    assert_eq!(wait(limits.charge(&plan(&[empty, slow, fast]), 2).await), 2 * HOUR);
    limits.charge(&plan(&[empty]), 10).await.expect("nothing was charged to it");
}

#[tokio::test]
async fn a_users_own_limit_counts_first_but_the_longest_wait_is_announced() {
    let (limits, _folder) = rate_limits().await;
    let own = limit(1, Scope::User, BUCKET);
    let slow = limit(2, Scope::Network, Bucket { capacity: 20, per_hour: 1 });
    let plan = Plan { own: Some(own), others: vec![slow] };
    // An account that has used more than five leaves 13 of 20 free.
    limits.charge(&plan, 6).await.unwrap();
    assert_eq!(wait(limits.charge(&plan, 2).await), HOUR);
    limits
        .charge(&Plan { own: Some(limit(3, Scope::User, BUCKET)), ..plan.clone() }, 5)
        .await
        .expect("it leaves 5 free");
    assert_eq!(wait(limits.charge(&plan, 5).await), 9 * HOUR, "its own has room in a minute");
}

#[tokio::test]
async fn a_users_own_limit_keeps_its_charge_as_credit_if_another_limit_refuses() {
    let (limits, _folder) = rate_limits().await;
    let (own, full) = (limit(1, Scope::User, BUCKET), shared(2, BUCKET));
    limits.charge(&plan(&[full]), 10).await.unwrap();
    let both = Plan { own: Some(own), others: vec![full] };
    for _ in 0..20 {
        limits.charge(&both, 5).await.unwrap_err();
    }
    assert_eq!(charged(&limits, &own).await, 5);
    limits.charge(&plan(&[own]), 10).await.expect("nothing was used");
    limits.charge(&plan(&[own]), 1).await.unwrap_err();
}

#[tokio::test]
async fn credit_and_refunds_of_some_never_admit_others_beyond_their_part() {
    let (limits, _folder) = rate_limits().await;
    let bucket = Bucket { capacity: 10_000, per_hour: 1 };
    let settled = shared(1, bucket);
    let newcomers = Limit { reserve: 5_000, ..settled };
    limits.charge(&plan(&[newcomers]), 5_000).await.unwrap();
    // It charges ahead, and refunds what it did not use.
    limits.charge(&plan(&[settled]), 1).await.unwrap();
    limits.add_credit(&[settled]);
    assert_eq!(charged(&limits, &settled).await, 5_050);
    limits.charge(&plan(&[newcomers]), 1).await.unwrap_err();
    limits.give_back(true).await.unwrap();
    assert_eq!(charged(&limits, &settled).await, 5_000);
    limits.charge(&plan(&[newcomers]), 1).await.unwrap_err();
    limits.charge(&plan(&[settled]), 5_000).await.unwrap();
    limits.charge(&plan(&[settled]), 1).await.unwrap_err();
}

#[tokio::test]
async fn a_bucket_whose_settings_change_keeps_the_time_at_which_it_is_empty() {
    let (limits, _folder) = rate_limits().await;
    let before = shared(1, Bucket { capacity: 100, per_hour: 10 });
    limits.charge(&plan(&[before]), 100).await.unwrap();
    // Twice as large and as fast: as full as before.
    let doubled = shared(1, Bucket { capacity: 200, per_hour: 20 });
    assert_eq!(wait(limits.charge(&plan(&[doubled]), 1).await), HOUR / 20);
    // Larger: there is room. Smaller: not before the rest has drained.
    assert_eq!(
        wait(limits.charge(&plan(&[shared(1, Bucket { capacity: 50, per_hour: 10 })]), 1).await),
        51 * HOUR / 10
    );
    limits.charge(&plan(&[shared(1, Bucket { capacity: 150, per_hour: 10 })]), 50).await.unwrap();
    // A clock that jumps back does not drain it, one that jumps ahead does.
    limits.clock.advance(-HOUR);
    limits.charge(&plan(&[before]), 1).await.unwrap_err();
    limits.clock.advance(16 * HOUR);
    limits.charge(&plan(&[before]), 100).await.unwrap();
}

#[tokio::test]
async fn a_refund_makes_room_but_never_more_than_the_capacity() {
    let (limits, _folder) = rate_limits().await;
    let limit = shared(1, BUCKET);
    limits.charge(&plan(&[limit]), 10).await.unwrap();
    for (refunded, room) in [(3, 3), (1_000, 10)] {
        limits
            .store
            .write(async move |conn| {
                charging::refund(conn, vec![Refund { limit, units: refunded, remembered: 0 }]).await
            })
            .await
            .unwrap();
        limits.charge(&plan(&[limit]), room).await.unwrap();
        limits.charge(&plan(&[limit]), 1).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_block_is_charged_ahead_and_given_back_when_the_node_stops() {
    let (limits, _folder) = rate_limits().await;
    let limit = limit(1, Scope::User, Bucket { capacity: 1_000, per_hour: 60 });
    for _ in 0..10 {
        limits.charge(&plan(&[limit]), 1).await.unwrap();
        assert_eq!(charged(&limits, &limit).await, 10);
    }
    limits.charge(&plan(&[limit]), 1).await.unwrap();
    assert_eq!(charged(&limits, &limit).await, 20);
    limits.give_back(true).await.unwrap();
    assert_eq!(charged(&limits, &limit).await, 11);
    // Near the capacity, only what is needed is charged.
    limits.charge(&plan(&[limit]), 988).await.unwrap();
    limits.charge(&plan(&[limit]), 1).await.unwrap();
    assert_eq!(charged(&limits, &limit).await, 1_000);
    limits.charge(&plan(&[limit]), 1).await.unwrap_err();
}

#[tokio::test]
async fn refunds_after_another_limits_refusal_do_not_erase_past_use() {
    let (limits, _folder) = rate_limits().await;
    let own = limit(1, Scope::User, Bucket { capacity: 64_000, per_hour: 250 });
    let small = shared(2, Bucket { capacity: 20_000, per_hour: 250 });
    limits.charge(&plan(&[small]), 7_000).await.unwrap();
    let mut used = Vec::new();
    let requests = [Plan { own: Some(own), others: vec![] }, Plan { own: Some(own), others: vec![small] }];
    for (request, units) in requests.iter().zip([7_000, 10_000]) {
        let is_refused = limits.charge(request, units).await.is_err();
        limits.give_back(true).await.unwrap();
        let rows = rows::by_keys(&mut limits.store.read().await.unwrap(), vec![own.key.as_ref().to_vec()]).await;
        used.push((is_refused, own.used(rows.unwrap()[0].forgotten_at, NOW)));
    }
    assert_eq!(used, [(false, 6_000), (true, 6_000)]);
    assert_eq!(charged(&limits, &own).await, 7_000);
}

/// An action of one of two people, or of the operator.
#[derive(Clone, Debug)]
enum Step {
    Charges { who: u8, reserve: u32 },
    Refunds { who: u8 },
    Changes { capacity: u32, per_hour: u32 },
    Waits(Millis),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u8..2, 0u32..30).prop_map(|(who, reserve)| Step::Charges { who, reserve }),
        2 => (0u8..2).prop_map(|who| Step::Refunds { who }),
        1 => (1u32..60, 1u32..600).prop_map(|(capacity, per_hour)| Step::Changes { capacity, per_hour }),
        2 => (0..HOUR).prop_map(Step::Waits),
    ];
    proptest::collection::vec(step, 0..60)
}

#[test]
fn sqlite_charges_as_the_arithmetic_does() {
    let runtime = Runtime::new().unwrap();
    let (limits, _folder) = runtime.block_on(rate_limits());
    charges_as_the_arithmetic_does(&runtime, &limits);
}

#[test]
fn postgresql_charges_as_the_arithmetic_does() {
    let runtime = Runtime::new().unwrap();
    let database = vouch_test_support::postgres::Database::create();
    let url = DatabaseUrl::Postgres(Box::new(database.url().parse().unwrap()));
    charges_as_the_arithmetic_does(&runtime, &runtime.block_on(rate_limits_in(url)));
}

fn charges_as_the_arithmetic_does(runtime: &Runtime, limits: &RateLimits) {
    let mut runner = TestRunner::new(Config::with_cases(64));
    let run = runner.run(&(any::<[u8; 15]>(), steps()), |(salt, steps)| {
        let key = move |number: u8| {
            let mut key = [number; 16];
            key[1..].copy_from_slice(&salt);
            BlindIndex::new(key)
        };
        let (mut now, mut ledger, mut bucket) = (NOW, Ledger::default(), BUCKET);
        for step in steps {
            let plan = |who, reserve, bucket| {
                let kind = |scope| Kind::of(Counted::Text, scope);
                let own = Limit { kind: kind(Scope::User), key: key(who), bucket: BUCKET, reserve: 0 };
                let limit = |number, scope| Limit { kind: kind(scope), key: key(number), bucket, reserve };
                Plan { own: Some(own), others: vec![limit(9, Scope::Server), limit(8, Scope::Number)] }
            };
            match step {
                Step::Waits(pause) => now += pause,
                Step::Changes { capacity, per_hour } => bucket = Bucket { capacity, per_hour },
                Step::Refunds { who } => {
                    let Plan { own, others } = plan(who, 0, bucket);
                    let all: Vec<Limit> = own.into_iter().chain(others).collect();
                    for limit in &all {
                        ledger.refund(limit, 1);
                    }
                    let refunded = limits.store.write(async move |conn| {
                        charging::refund(conn, all.into_iter().map(Refund::of).collect()).await
                    });
                    prop_assert!(runtime.block_on(refunded).is_ok());
                }
                Step::Charges { who, reserve } => {
                    let plan = plan(who, reserve, bucket);
                    let expected = ledger.charge(&plan, 1, now).map_err(|limit| limit.kind);
                    let wanted = plan.clone();
                    let done = limits.store.write(async move |conn| charging::charge_all(conn, &wanted, now).await);
                    match (runtime.block_on(done), expected) {
                        (Ok(charged), Ok(())) => prop_assert_eq!(charged.len(), 3),
                        (Err(Uncharged::Refused(refused)), Err(kind)) => {
                            prop_assert!(refused.wait > 0 && refused.full.iter().any(|limit| limit.kind == kind));
                        }
                        (done, expected) => prop_assert!(false, "{:?} instead of {:?}", done, expected),
                    }
                }
            }
            for limit in [key(0), key(1), key(8), key(9)].map(|key| Limit { key, ..shared(0, BUCKET) }) {
                let keys = vec![limit.key.as_ref().to_vec()];
                let stored = runtime
                    .block_on(async { rows::by_keys(&mut limits.store.read().await.unwrap(), keys).await.unwrap() });
                let stored = stored.first().map_or_else(Level::default, |row| Level {
                    empty_at: row.empty_at,
                    forgotten_at: row.forgotten_at,
                });
                prop_assert_eq!(stored, ledger.level(&limit));
            }
        }
        Ok(())
    });
    run.unwrap();
}

#[tokio::test]
async fn levels_show_how_full_limits_are_and_not_whose() {
    let (limits, _folder) = rate_limits().await;
    let rules = limits.rules();
    let user = |name: &[u8]| rules.limit(Kind::of(Counted::Lookup, Scope::User), name);
    let server = rules.limit(Kind::of(Counted::Lookup, Scope::Server), &[]);
    for (limit, units) in
        [(user(b"a"), 1), (user(b"b"), 40_000), (user(b"c"), 60_000), (user(b"d"), 64_000), (server, 7)]
    {
        limits.charge(&plan(&[limit]), units).await.unwrap();
    }
    limits.give_back(true).await.unwrap();
    let levels = limits.levels().await.unwrap();
    let of = |name: &str| levels.iter().find(|level| level.limit == name).unwrap();
    let users = of("lookup:user");
    assert_eq!((users.section, users.capacity, users.per_hour), ("budgets.user", 64_000, 250));
    assert_eq!((users.buckets, users.above_50_percent, users.above_90_percent, users.full), (4, 3, 2, 1));
    assert_eq!((users.level, users.last_empty_at), (None, Some(NOW + 256 * HOUR)));
    let server = of("lookup:server");
    assert_eq!((server.level, server.newcomers, server.buckets), (Some(7), Some(3_200_000), 1));
    let strangers = of("text:country:strangers");
    assert_eq!((strangers.section, strangers.capacity, strangers.buckets), ("budgets.texts_country", 20, 0));
    assert_eq!(levels.len(), Kind::ALL.len());
}

#[tokio::test]
async fn a_jump_that_is_taken_back_leaves_limits_about_as_full_as_before_and_once() {
    let (limits, _folder) = rate_limits().await;
    let bucket = Bucket { capacity: 200, per_hour: 10 };
    let limit =
        |n| Limit { kind: Kind::of(Counted::Text, Scope::Country), key: BlindIndex::new([n; 16]), bucket, reserve: 0 };
    let (country, before) = (limit(1), limit(2));
    let wrong = NOW + 19 * HOUR;
    let store = limits.store.clone();
    store.write_one(async move |conn| charging::charge_one(conn, &before, 5, NOW).await).await.unwrap();
    store.write_one(async move |conn| crate::store::meta::note_unsettled_time(conn, wrong).await).await.unwrap();
    store.write_one(async move |conn| charging::charge_one(conn, &country, 1, wrong).await).await.unwrap();
    limits.follow_time_back().await.unwrap();
    assert_eq!((charged(&limits, &country).await, charged(&limits, &before).await), (1, 5));
    store.write_one(async move |conn| charging::charge_one(conn, &country, 190, NOW).await).await.unwrap();
    limits.follow_time_back().await.unwrap();
    assert_eq!(charged(&limits, &country).await, 191, "what is charged afterwards stays");
}
