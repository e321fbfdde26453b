use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use super::*;
use crate::clock::Millis;
use crate::config::{Database, DatabaseUrl};
use crate::crypto::master_key::MasterKey;
use crate::crypto::vault::{BlindIndex, Vault};
use crate::identity::rate_limit::micros;

const NOW: Millis = 1_700_000_000_000;
const BUCKET: Bucket = Bucket { capacity: 10, per_hour: 60 };

async fn rate_limits() -> (RateLimits, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("vouch.db"));
    let config = crate::config::Config::default();
    let store = Store::connect(&Database { url, ..config.database }).await.unwrap();
    store.migrate().await.unwrap();
    let sealer = Sealer::new(Arc::new(Vault::new(&MasterKey::generate())));
    (RateLimits::new(store, sealer, Clock::stopped_at(NOW), config.budgets), folder)
}

fn limit(number: u8, bucket: Bucket) -> Limit {
    Limit { key: BlindIndex([number; 16]), bucket }
}

fn wait(refused: Result<(), Error>) -> Millis {
    refused.expect_err("a limit is exceeded").retry_after().expect("a limit says when to retry")
}

#[tokio::test]
async fn all_limits_are_charged_or_none_and_the_longest_wait_counts() {
    let (limits, _folder) = rate_limits().await;
    let (fast, slow) = (limit(2, BUCKET), limit(3, Bucket { capacity: 10, per_hour: 1 }));
    limits.charge(&[fast, slow], 10).await.unwrap();
    let empty = limit(1, BUCKET);
    assert_eq!(wait(limits.charge(&[empty, slow, fast], 2).await), 2 * HOUR);
    limits.charge(&[empty], 10).await.expect("nothing was charged to it");
}

#[tokio::test]
async fn a_refund_makes_room_but_never_more_than_the_capacity() {
    let (limits, _folder) = rate_limits().await;
    let limit = limit(1, BUCKET);
    limits.charge(&[limit], 10).await.unwrap();
    for (refunded, room) in [(3, 3), (1_000, 10)] {
        limits.store.write(async move |conn| charging::refund(conn, vec![(limit, refunded)]).await).await.unwrap();
        limits.charge(&[limit], room).await.unwrap();
        limits.charge(&[limit], 1).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_block_is_charged_ahead_and_given_back_when_the_node_stops() {
    let (limits, _folder) = rate_limits().await;
    let limit = limit(1, Bucket { capacity: 1_000, per_hour: 60 });
    let charged = async || {
        let keys = vec![limit.key.as_ref().to_vec()];
        let rows = crate::store::rate_limits::empty_at(&mut limits.store.read().await.unwrap(), keys).await.unwrap();
        (rows[0].1 - micros(NOW)) / limit.cost(1)
    };
    for _ in 0..10 {
        limits.charge(&[limit], 1).await.unwrap();
        assert_eq!(charged().await, 10);
    }
    limits.charge(&[limit], 1).await.unwrap();
    assert_eq!(charged().await, 20);
    limits.give_back(true).await.unwrap();
    assert_eq!(charged().await, 11);
    // Near the capacity, only what is needed is charged.
    limits.charge(&[limit], 988).await.unwrap();
    limits.charge(&[limit], 1).await.unwrap();
    assert_eq!(charged().await, 1_000);
    limits.charge(&[limit], 1).await.unwrap_err();
}

#[test]
fn the_database_admits_at_most_the_capacity_and_what_has_drained() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (limits, _folder) = runtime.block_on(rate_limits());
    let requests = proptest::collection::vec((0u32..40, 0..2 * HOUR, 0u32..40), 0..40);
    let mut runner = TestRunner::new(Config::with_cases(64));
    let run =
        runner.run(&(any::<[u8; 16]>(), 1u32..100, 1u32..1_000, requests), |(key, capacity, per_hour, requests)| {
            let limit = Limit { key: BlindIndex(key), bucket: Bucket { capacity, per_hour } };
            let admitted = runtime.block_on(limits.store.write(async move |conn| {
                let (mut now, mut admitted) = (NOW, 0);
                for (units, pause, unused) in requests {
                    now += pause;
                    let unused = unused.min(units);
                    match charging::charge(conn, vec![(limit, units)], now, false).await {
                        Ok(_) => {
                            admitted += i64::from(units - unused);
                            charging::refund(conn, vec![(limit, unused)]).await?;
                        }
                        Err(error) if units <= capacity => {
                            now += error.retry_after().expect("a limit says when to retry");
                            charging::charge(conn, vec![(limit, units)], now, false).await?;
                            admitted += i64::from(units);
                        }
                        Err(_) => {}
                    }
                    let most = i64::from(capacity) * HOUR + (now - NOW) * i64::from(per_hour);
                    assert!(admitted * HOUR <= most, "{admitted} of {most}");
                }
                Ok::<_, Error>(admitted)
            }));
            prop_assert!(admitted.is_ok());
            Ok(())
        });
    run.unwrap();
}
