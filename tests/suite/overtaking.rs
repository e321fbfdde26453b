//! Binds that overlap with other changes of the same address or user. `SQLite` runs one transaction
//! after the other.

use futures_util::future::join;
use tokio_postgres::Client;
use vouch::identity::threepid::Address;
use vouch::service::Services;

use crate::added::{WORK, told, until_delivered};
use crate::address_visitor::Visitor;
use crate::database::{count, until_locked, until_one_waits_in};
use crate::lost::REMOVED;
use crate::notices::{ALICE, UNBOUND};
use crate::world::World;

/// Opens a connection that holds something until [`release`].
async fn hold(world: &World, what: &str) -> Client {
    let other = world.database.as_ref().unwrap().connect().await;
    other.batch_execute(&format!("BEGIN; {what}")).await.unwrap();
    other
}

async fn release(other: &Client) {
    other.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test]
async fn a_bind_during_the_removal_of_the_same_binding_takes_nothing_from_anybody() {
    let world = World::on_postgres().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds(WORK).await;
    alice.binds(ALICE).await;
    until_delivered(&world).await;
    let entries = count(&world, "audit_queue").await + count(&world, "audit_log").await;
    let sid = alice.proves(ALICE).await;
    let other = hold(&world, "DELETE FROM bindings WHERE id = (SELECT max(id) FROM bindings)").await;
    let removed = async {
        until_one_waits_in(&world, "bindings").await;
        release(&other).await;
    };
    join(async { alice.binds_by(&sid).await.ok() }, removed).await;
    until_delivered(&world).await;
    assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
    assert_eq!((told(&world, ALICE, UNBOUND), told(&world, WORK, UNBOUND)), (0, 0));
    assert_eq!(count(&world, "accounts WHERE unbound_at IS NOT NULL").await, 0);
    let later = count(&world, "audit_queue").await + count(&world, "audit_log").await;
    assert_eq!(later, entries + 1, "the bind, and no loss");
}

#[tokio::test]
async fn a_binding_that_is_imported_during_a_bind_is_not_replaced_in_silence() {
    let world = World::on_postgres().await;
    let server = world.start().await;
    let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
    alice.binds(WORK).await;
    alice.binds(ALICE).await;
    world.mail.forget();
    let sid = bob.proves(ALICE).await;
    let saved = hold(
        &world,
        "CREATE TEMPORARY TABLE saved AS SELECT * FROM bindings WHERE id = (SELECT max(id) FROM bindings);
         DELETE FROM bindings WHERE id = (SELECT id FROM saved); COMMIT; BEGIN;
         INSERT INTO bindings (address_index, user_index, address, mxid, bound_at)
         SELECT address_index, user_index, address, mxid, bound_at FROM saved",
    );
    let other = saved.await;
    let imported = async {
        until_one_waits_in(&world, "bindings").await;
        release(&other).await;
    };
    join(async { bob.binds_by(&sid).await.ok() }, imported).await;
    assert_eq!(alice.looks_up(ALICE).await, Some(bob.mxid.clone()));
    until_delivered(&world).await;
    assert_eq!((told(&world, ALICE, UNBOUND), told(&world, WORK, REMOVED)), (1, 1));
}

#[tokio::test]
async fn confirmations_are_cancelled_after_a_bind_by_one_of_them_or_before() {
    let world = World::on_postgres().await;
    let server = world.start().await;
    let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
    alice.binds(ALICE).await;
    world.mail.forget();
    let sid = bob.proves(ALICE).await;
    let visitor = Visitor::by_mail(&world, &server, ALICE).await;
    let other = hold(&world, "SELECT FROM bindings FOR UPDATE").await;
    let cancel = async {
        until_one_waits_in(&world, "bindings").await;
        visitor.done("cancel").await
    };
    let waiting = "pg_locks AS lock JOIN pg_locks AS same USING (locktype, classid, objid)
        JOIN pg_locks AS used ON used.pid = same.pid WHERE NOT lock.granted AND lock.locktype = 'advisory'
        AND same.granted AND used.granted AND used.relation = 'bindings'::regclass";
    let both = async {
        until_locked(&world, waiting).await;
        release(&other).await;
    };
    let (bound, (cancelled, ())) = join(bob.binds_by(&sid), join(cancel, both)).await;
    bound.ok();
    assert_eq!(cancelled, "The requests have been cancelled");
    assert_eq!(bob.looks_up(ALICE).await, Some(bob.mxid.clone()));
    assert_eq!(bob.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
}

#[tokio::test]
async fn a_bind_by_the_operator_does_not_outlive_an_erasure() {
    let world = World::on_postgres().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
    let (address, mxid) = (Address::email(ALICE).unwrap(), alice.mxid.as_str().try_into().unwrap());
    // As an erasure does.
    let other = hold(&world, "SELECT FROM accounts FOR UPDATE").await;
    let bind = vouch.bindings.bind_address(&address, mxid, vouch.default_language());
    let erased = async {
        until_one_waits_in(&world, "accounts").await;
        release(&other).await;
    };
    let (bound, ()) = join(bind, erased).await;
    bound.unwrap();
    assert_eq!(count(&world, "bindings").await, 1);
}
