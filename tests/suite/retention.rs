//! Expired data of every kind is deleted; everything else is kept.

use std::time::{Duration, Instant};

use serde_json::json;
use vouch::clock::{DAY, MINUTE};
use vouch_test_support::homeserver::Conduct;

use crate::database::count;
use crate::signed_unbind::{bound, unbinds};
use crate::world::{SECRET, World};

/// The tables whose rows expire.
const PASSING: [&str; 9] = [
    "tokens",
    "sessions",
    "invites",
    "ephemeral_keys",
    "outbox",
    "unbind_signatures",
    "openid_tokens",
    "rate_limits",
    "homeservers",
];

/// Returns those of the tables that have rows.
async fn filled<'a>(world: &World, tables: &[&'a str]) -> Vec<&'a str> {
    let mut filled = Vec::new();
    for table in tables {
        if count(world, table).await > 0 {
            filled.push(*table);
        }
    }
    filled
}

on_both_backends! {
    async fn expired_rows_are_deleted_from_every_table(world: World) {
        let server = bound(&world).await;
        unbinds(&world, &server).await.ok();
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        for address in ["pending@example.com", "completed@example.com"] {
            let asked = json!({ "medium": "email", "address": address, "room_id": "!room:hs.example", "sender": bob.mxid });
            bob.post("/store-invite", asked).await.ok();
        }
        let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": "07700900001", "send_attempt": 1 });
        alice.post("/validate/msisdn/requestToken", asked).await.ok();
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds("completed@example.com").await;
        assert_eq!(filled(&world, &PASSING).await, PASSING);

        // Longer than any retention time.
        world.clock.advance(366 * DAY);
        let begun = Instant::now();
        while !filled(&world, &PASSING).await.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?} are kept", filled(&world, &PASSING).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
            // Wakes the sweeper in case it was busy when the clock was advanced.
            world.clock.advance(MINUTE);
        }
        let lasting = ["accounts", "bindings", "consents"];
        assert_eq!(filled(&world, &lasting).await, lasting);
    }
}
