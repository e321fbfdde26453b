//! A homeserver's signature over an unbind request, which is the same each time, used again: by the
//! homeserver itself, or by somebody who replays it.

use serde_json::json;
use vouch::clock::{DAY, HOUR};

use crate::database;
use crate::signed_unbind::{ALICE, EMAIL, assert_refused, bound, is_bound, unbinding, unbinds, unbinds_from};
use crate::world::{NOON, SECRET, Server, World};

const HOMESERVER: &str = "198.51.100.7";
const THIEF: &str = "203.0.113.7";

/// Starts a server behind a proxy, on which Alice has bound her address.
async fn bound_behind_a_proxy(world: &mut World) -> Server {
    world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let server = bound(world).await;
    world.homeserver.publish_keys_until(NOON + 30 * DAY);
    server
}

/// Binds the address again; returns the session that validated it.
async fn binds_again(world: &World, server: &Server) -> String {
    // Or no mail would be sent while the last validation holds.
    database::execute(world, "DELETE FROM sessions").await;
    world.mail.forget();
    let alice = world.person(server, "alice").await;
    let sid = alice.proves(EMAIL).await;
    alice.binds_by(&sid).await.ok();
    assert!(is_bound(world).await);
    sid
}

async fn is_taken(world: &World, server: &Server, from: &str) {
    assert_eq!(unbinds_from(world, server, from).await.ok(), json!({}), "{from}");
    assert!(!is_bound(world).await, "{from}");
}

async fn is_refused(world: &World, server: &Server, from: &str) {
    let answer = unbinds_from(world, server, from).await;
    assert_refused(&answer, 403, "M_FORBIDDEN", from);
    assert!(answer.body["error"].as_str().unwrap().contains("a day"), "{answer:?}");
    assert!(is_bound(world).await, "{from}");
}

on_both_backends! {
    async fn a_homeserver_can_unbind_again_and_again_at_once(world: World) {
        let server = bound(&world).await;
        for _ in 0..3 {
            unbinds(&world, &server).await.ok();
            assert!(!is_bound(&world).await);
            binds_again(&world, &server).await;
        }
        assert_eq!(database::count(&world, "unbind_signatures").await, 1);
    }

    async fn a_replay_from_another_network_does_not_undo_a_new_bind(world: World) {
        let mut world = world;
        let server = bound_behind_a_proxy(&mut world).await;
        is_taken(&world, &server, HOMESERVER).await;
        binds_again(&world, &server).await;
        for wait in [0, HOUR, 23 * HOUR - 1] {
            world.clock.advance(wait);
            is_refused(&world, &server, THIEF).await;
        }
        // The attacker's attempts have not made the signature theirs, or spoilt it for the
        // homeserver.
        is_taken(&world, &server, HOMESERVER).await;
        let sid = binds_again(&world, &server).await;
        is_refused(&world, &server, THIEF).await;
        // The session that validated the address can also unbind it.
        let alice = world.person(&server, "alice").await;
        let by_session = json!({
            "mxid": ALICE, "threepid": { "medium": "email", "address": EMAIL }, "sid": sid, "client_secret": SECRET,
        });
        alice.post("/3pid/unbind", by_session).await.ok();
        assert!(!is_bound(&world).await);
    }

    async fn a_repeated_signature_from_another_network_removes_a_binding_that_is_a_day_old(world: World) {
        let mut world = world;
        let server = bound_behind_a_proxy(&mut world).await;
        is_taken(&world, &server, HOMESERVER).await;
        for elsewhere in [THIEF, "2001:db8:7::1"] {
            binds_again(&world, &server).await;
            world.clock.advance(DAY);
            is_taken(&world, &server, elsewhere).await;
            // Whoever sent it, they must also wait the next time, unlike the first network.
            binds_again(&world, &server).await;
            is_refused(&world, &server, elsewhere).await;
            is_taken(&world, &server, HOMESERVER).await;
        }
    }

    async fn a_signature_that_removed_nothing_is_not_used_up(world: World) {
        let mut world = world;
        let server = bound_behind_a_proxy(&mut world).await;
        world.person(&server, "alice").await.unbinds(EMAIL).await.ok();
        // Twice, as if the first answer had been lost.
        unbinds_from(&world, &server, HOMESERVER).await.ok();
        unbinds_from(&world, &server, HOMESERVER).await.ok();
        binds_again(&world, &server).await;
        is_taken(&world, &server, HOMESERVER).await;
        binds_again(&world, &server).await;
        is_taken(&world, &server, HOMESERVER).await;
    }

    async fn a_signature_that_removed_nothing_belongs_to_its_first_network_and_is_used_up_by_another(world: World) {
        let mut world = world;
        let server = bound_behind_a_proxy(&mut world).await;
        world.person(&server, "alice").await.unbinds(EMAIL).await.ok();
        unbinds_from(&world, &server, HOMESERVER).await.ok();
        binds_again(&world, &server).await;
        is_taken(&world, &server, THIEF).await;
        binds_again(&world, &server).await;
        is_refused(&world, &server, THIEF).await;
        is_taken(&world, &server, HOMESERVER).await;
    }

    async fn a_signature_that_removed_nothing_of_another_user_is_not_used_up(world: World) {
        let mut world = world;
        let server = bound_behind_a_proxy(&mut world).await;
        let bob = world.person(&server, "bob").await;
        world.mail.forget();
        bob.binds(EMAIL).await;
        // Alice's homeserver removes hers, which Bob's has replaced.
        unbinds_from(&world, &server, HOMESERVER).await.ok();
        assert!(is_bound(&world).await);
        binds_again(&world, &server).await;
        is_taken(&world, &server, THIEF).await;
    }

    async fn a_network_is_as_wide_as_for_rate_limits(world: World) {
        let mut world = world;
        let server = bound_behind_a_proxy(&mut world).await;
        // A homeserver behind several addresses of one provider.
        for (first, same, other) in [
            ("198.51.100.7", "198.51.100.250", "198.51.101.7"),
            ("2001:db8:1::1", "2001:db8:1:ffff::9", "2001:db8:2::1"),
            ("::ffff:192.0.2.1", "192.0.2.9", "::192.0.2.1"),
            ("1.2.3.4, 203.0.113.1", "4.3.2.1, 203.0.113.9", "203.0.113.1, 1.2.3.4"),
        ] {
            database::execute(&world, "DELETE FROM unbind_signatures").await;
            // An address receives only so many mails at once.
            world.clock.advance(HOUR);
            is_taken(&world, &server, first).await;
            binds_again(&world, &server).await;
            is_refused(&world, &server, other).await;
            is_taken(&world, &server, same).await;
            binds_again(&world, &server).await;
        }
    }

    async fn clients_without_an_address_do_not_share_a_network(world: World) {
        let mut world = world;
        let server = bound_behind_a_proxy(&mut world).await;
        is_taken(&world, &server, "unknown").await;
        binds_again(&world, &server).await;
        is_refused(&world, &server, "unknown").await;
        is_refused(&world, &server, HOMESERVER).await;
    }

    async fn a_signature_stored_by_an_earlier_version_counts_as_anothers(world: World) {
        let mut world = world;
        let server = bound_behind_a_proxy(&mut world).await;
        is_taken(&world, &server, HOMESERVER).await;
        // This is how the migration leaves them.
        database::execute(&world, "UPDATE unbind_signatures SET network_index = NULL, removals = 1").await;
        binds_again(&world, &server).await;
        is_refused(&world, &server, HOMESERVER).await;
        world.clock.advance(DAY);
        is_taken(&world, &server, HOMESERVER).await;
    }

    async fn equal_networks_do_not_show_in_the_database(world: World) {
        let server = bound(&world).await;
        unbinds(&world, &server).await.ok();
        let body = unbinding("other@example.com");
        crate::signed_unbind::post(&server, &[&crate::signed_unbind::good_header(&world, &body)], &body).await.ok();
        let sql = "SELECT CAST(COUNT(DISTINCT network_index) AS TEXT) AS text FROM unbind_signatures";
        assert_eq!(database::texts(&world, sql).await, ["2"]);
    }
}
