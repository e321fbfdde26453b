//! Nodes follow the bindings in PostgreSQL by transactions: neither time nor the order of ids
//! matters.

use std::time::Duration;

use vouch::clock::DAY;

use crate::database::{execute, texts};
use crate::lookup::binds_folded;
use crate::nodes::{SOON, at};
use crate::world::{Person, World, until};

const ALICE: &str = "alice@example.com";
/// A time longer than transactions of this server last.
const HELD: Duration = Duration::from_secs(16);
/// Writes the only binding again, under an id that comes from `$id`.
const AGAIN: &str = "CREATE TEMPORARY TABLE saved AS SELECT * FROM bindings; DELETE FROM bindings;
    INSERT INTO bindings (id, address_index, user_index, address, mxid, bound_at)
    SELECT $id, address_index, user_index, address, mxid, bound_at FROM saved; DROP TABLE saved;";

async fn until_found(person: &Person<'_>, email: &str) {
    until(SOON, "a binding is not found", async || person.looks_up(email).await.is_some()).await;
}

#[tokio::test]
async fn a_bind_that_was_held_for_long_is_found_once_it_is_committed() {
    let world = World::on_postgres().await;
    let (one, other) = (world.start().await, world.start().await);
    let (alice, bob) = (world.person(&one, "alice").await, world.person(&one, "bob").await);
    alice.binds(ALICE).await;
    let (mut held, next) = (world.database.as_ref().unwrap().connect().await, "nextval('bindings_id_seq')");
    let held = held.transaction().await.unwrap();
    held.batch_execute(&AGAIN.replace("$id", next)).await.unwrap();
    // Others have greater ids and are committed before.
    bob.binds("bob@example.com").await;
    until_found(&at(&bob, &other), "bob@example.com").await;
    tokio::time::sleep(HELD).await;
    held.commit().await.unwrap();
    for server in [&one, &other] {
        until_found(&at(&alice, server), ALICE).await;
        until_found(&at(&alice, server), "bob@example.com").await;
    }
}

#[tokio::test]
async fn an_address_that_is_bound_again_is_found_by_its_new_spelling() {
    let world = World::on_postgres().await;
    let (one, other) = (world.start().await, world.start().await);
    let (alice, bob) = (world.person(&one, "alice").await, world.person(&one, "bob").await);
    for (person, first) in [(&alice, "strauss@example.com"), (&bob, "gross@example.com")] {
        person.binds(first).await;
        until_found(&at(person, &other), first).await;
    }
    world.mail.forget();
    // The session that proved the first spelling would prove it again.
    world.clock.advance(2 * DAY);
    // By its owner, and by somebody else.
    binds_folded(&alice, "Strauß@example.com", "strauss@example.com").await;
    binds_folded(&alice, "Groß@example.com", "gross@example.com").await;
    for server in [&one, &other] {
        for email in ["strauss@example.com", "strauß@example.com", "gross@example.com", "groß@example.com"] {
            until_found(&at(&bob, server), email).await;
            assert_eq!(at(&bob, server).looks_up(email).await.as_ref(), Some(&alice.mxid), "{email}");
        }
    }
}

#[tokio::test]
async fn a_binding_with_a_smaller_id_than_others_is_found() {
    let world = World::on_postgres().await;
    let (one, other) = (world.start().await, world.start().await);
    let alice = world.person(&one, "alice").await;
    alice.binds(ALICE).await;
    until_found(&at(&alice, &other), ALICE).await;
    execute(&world, "SELECT setval('bindings_id_seq', 70000)").await;
    execute(&world, &AGAIN.replace("$id", "nextval('bindings_id_seq')")).await;
    until_found(&at(&alice, &other), ALICE).await;
    execute(&world, &AGAIN.replace("$id", "5")).await;
    until_found(&at(&alice, &other), ALICE).await;
    until_found(&alice, ALICE).await;
}

#[tokio::test]
async fn rows_and_sequences_from_another_server_are_settled_at_the_start() {
    let world = World::on_postgres().await;
    let one = world.start().await;
    let alice = world.person(&one, "alice").await;
    alice.binds(ALICE).await;
    let token = alice.token.clone();
    drop(one);
    // This looks as if a logical replica was promoted: rows with transactions far ahead, and no
    // sequences.
    execute(&world, "UPDATE bindings SET written_by = 9000000000000000000 + id").await;
    for table in ["accounts", "bindings", "sessions"] {
        execute(&world, &format!("SELECT setval('{table}_id_seq', 1, false)")).await;
    }
    let (two, three) = (world.start().await, world.start().await);
    let alice = Person { world: &world, server: &two, mxid: world.homeserver.user_id("alice"), token };
    until_found(&alice, ALICE).await;
    until(SOON, "the row is not settled", async || {
        texts(&world, "SELECT written_by::text AS text FROM bindings").await == ["0"]
    })
    .await;
    let bob = world.person(&two, "bob").await;
    bob.binds("bob@example.com").await;
    until_found(&at(&bob, &three), "bob@example.com").await;
    until_found(&at(&bob, &three), ALICE).await;
}

/// This looks as if another database was restored under a running server.
#[tokio::test]
async fn if_the_database_goes_back_it_is_read_again() {
    let world = World::on_sqlite().await;
    let (one, other) = (world.start().await, world.start().await);
    let (alice, bob) = (world.person(&one, "alice").await, world.person(&one, "bob").await);
    alice.binds(ALICE).await;
    for email in ["one@example.com", "two@example.com"] {
        bob.binds(email).await;
        until_found(&at(&bob, &other), email).await;
    }
    let saved = "CREATE TEMPORARY TABLE saved AS SELECT * FROM bindings WHERE id = 1; DELETE FROM bindings;
        INSERT INTO bindings SELECT 2, address_index, user_index, address, mxid, bound_at FROM saved;";
    let back = format!("BEGIN IMMEDIATE; {saved} UPDATE sqlite_sequence SET seq = 2 WHERE name = 'bindings'; COMMIT;");
    execute(&world, &back).await;
    for server in [&one, &other] {
        until_found(&at(&alice, server), ALICE).await;
        assert_eq!(at(&bob, server).looks_up("two@example.com").await, None);
    }
}

/// The greatest id is gone, but nothing went back.
#[tokio::test]
async fn a_removed_binding_does_not_hide_the_next_one() {
    for world in [World::on_sqlite().await, World::on_postgres().await] {
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.person(&one, "alice").await;
        for _ in 0..3 {
            alice.binds(ALICE).await;
            until_found(&at(&alice, &other), ALICE).await;
            alice.unbinds(ALICE).await.ok();
            assert_eq!(at(&alice, &other).looks_up(ALICE).await, None);
        }
    }
}
