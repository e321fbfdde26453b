//! Introducing a new signing key on several nodes, any of which clients and homeservers may ask.

use std::fs;

use serde_json::Value;
use vouch::clock::{Clock, MINUTE};
use vouch::crypto::signing::SigningKeys;

use crate::database::{execute, texts};
use crate::program::{Binary, PATIENCE, done};
use crate::signing_keys::{assert_verifies, signer};
use crate::world::{Person, Server, World, now, until};

/// Adds a key to the file of the world's nodes, and returns its ID and its public half.
fn renewed(world: &World) -> (String, String) {
    let keys = SigningKeys::renew(&world.config.keys.signing_key_file, &world.config.server.name).unwrap();
    let (id, public) = keys.first();
    (id.to_owned(), public)
}

/// Starts a node with a copy of the world's key file as it is now.
async fn another(world: &World) -> Server {
    let mut config = world.config.clone();
    config.keys.signing_key_file = world.folder.path().join("another.key");
    fs::copy(&world.config.keys.signing_key_file, &config.keys.signing_key_file).unwrap();
    let server = Server::start(config, world.clock.clone());
    server.until_ready().await;
    server
}

/// Returns the key that signed last, according to the database.
async fn last(world: &World) -> String {
    let value = if world.database.is_some() { "encode(value, 'escape')" } else { "CAST(value AS TEXT)" };
    texts(world, &format!("SELECT {value} AS text FROM meta WHERE name = 'signing_key'")).await.remove(0)
}

/// Somebody with a validated address, who can have it bound on any node.
struct Binder<'a> {
    world: &'a World,
    token: String,
    sid: String,
}

impl<'a> Binder<'a> {
    async fn new(world: &'a World, server: &Server) -> Self {
        let alice = world.person(server, "alice").await;
        let sid = alice.proves("alice@example.com").await;
        Self { world, token: alice.token.clone(), sid }
    }

    async fn association(&self, server: &Server) -> Value {
        let mxid = self.world.homeserver.user_id("alice");
        let alice = Person { world: self.world, server, mxid, token: self.token.clone() };
        alice.binds_by(&self.sid).await.ok()
    }

    /// Returns the ID of the key that a node signs with.
    async fn signer(&self, server: &Server) -> String {
        signer(&self.association(server).await).1
    }
}

on_both_backends! {
    async fn a_new_key_signs_when_all_nodes_know_it_and_every_signature_is_valid_everywhere(world: World) {
        let (one, other) = (world.start().await, another(&world).await);
        let alice = Binder::new(&world, &one).await;
        let before = alice.association(&one).await;
        let old = signer(&before).1;
        let (new, public) = renewed(&world);
        one.stop().await;
        let one = world.start().await;
        world.clock.advance(2 * MINUTE);
        for server in [&one, &other] {
            let association = alice.association(server).await;
            assert_eq!(signer(&association).1, old);
            assert_verifies(&one, &association).await;
            assert_verifies(&other, &association).await;
        }
        let key = format!("/_matrix/identity/v2/pubkey/{new}");
        assert_eq!(one.get(&key, None).await.ok()["public_key"], public);
        assert_eq!(other.get(&key, None).await.status, 404);

        other.stop().await;
        let other = another(&world).await;
        assert_eq!(alice.signer(&other).await, new);
        world.clock.advance(MINUTE);
        until(PATIENCE, "the first node signs with the old key", async || alice.signer(&one).await == new).await;
        assert_eq!(last(&world).await, public);
        for association in [&before, &alice.association(&one).await, &alice.association(&other).await] {
            assert_verifies(&one, association).await;
            assert_verifies(&other, association).await;
        }
    }

    async fn a_node_that_crashed_or_that_does_not_say_its_keys_delays_a_new_key_for_three_minutes(world: World) {
        let server = world.start().await;
        let alice = Binder::new(&world, &server).await;
        let old = alice.signer(&server).await;
        let (new, _) = renewed(&world);
        server.stop().await;
        let (id, at) = (if world.database.is_some() { "'\\x01'" } else { "x'01'" }, world.clock.now());
        let sql = format!("INSERT INTO nodes (id, version, started_at, seen_at) VALUES ({id}, '0.0.1', {at}, {at})");
        execute(&world, &sql).await;
        let server = world.start().await;
        assert_eq!(alice.signer(&server).await, old);
        world.clock.advance(3 * MINUTE);
        until(PATIENCE, "the new key does not sign", async || alice.signer(&server).await == new).await;
    }

    async fn a_command_signs_as_the_nodes_do(world: World) {
        let mut world = world;
        world.clock = Clock::stopped_at(now());
        let server = world.start().await;
        let alice = Binder::new(&world, &server).await;
        let old = alice.signer(&server).await;
        let (_, public) = renewed(&world);
        let mxid = world.homeserver.user_id("alice");
        let receipt = done(Binary::beside(&world).run(&["erase", "--user", mxid.as_str(), "--yes"]));
        assert!(receipt.contains(&format!("\"{old}\"")), "{receipt}");
        assert_ne!(last(&world).await, public);
    }
}
