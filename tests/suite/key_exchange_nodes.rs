//! Several nodes, and the rotation of the pepper, while the master key is exchanged.

use std::collections::BTreeSet;

use vouch::clock::SECOND;

use crate::database::count;
use crate::key_exchange::{begins, ends, found, holds};
use crate::notices::ALICE;
use crate::program::PATIENCE;
use crate::world::{PEPPER, Person, until};

const BOB: &str = "bob@example.com";

on_both_backends! {
    async fn a_node_joins_while_rows_are_renewed(world: World) {
        let first = world.start().await;
        let (alice, bob) = (world.person(&first, "alice").await, world.person(&first, "bob").await);
        alice.binds(ALICE).await;
        let pepper = alice.pepper().await;
        holds(&world, 20 * SECOND).await;
        begins(&world).await;
        until(PATIENCE, "the file is not replaced", async || !world.folder.path().join("master.key.next").exists()).await;

        let second = world.start().await;
        let there = |person: &Person<'_>| Person {
            world: &world,
            server: &second,
            mxid: person.mxid.clone(),
            token: person.token.clone(),
        };
        let (alice_there, bob_there) = (there(&alice), there(&bob));
        assert_eq!(found(&alice_there, ALICE, &pepper).await, (200, Some(alice.mxid.clone())));
        world.mail.forget();
        bob.binds(ALICE).await;
        bob_there.binds(BOB).await;
        for person in [&bob, &bob_there] {
            until(PATIENCE, "a node does not follow", async || {
                let found = (found(person, ALICE, &pepper).await.1, found(person, BOB, &pepper).await.1);
                found == (Some(bob.mxid.clone()), Some(bob.mxid.clone()))
            })
            .await;
        }
        assert_eq!((count(&world, "accounts").await, count(&world, "bindings").await), (2, 2));
        first.stop().await;
        ends(&world).await;
        assert_eq!(found(&bob_there, ALICE, &pepper).await, (200, Some(bob_there.mxid.clone())));
        bob_there.unbinds(BOB).await.ok();
        assert_eq!(found(&bob_there, BOB, &pepper).await, (200, None));
    }

    async fn both_peppers_go_on_and_so_does_their_rotation(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let mut peppers = vec![alice.pepper().await];
        let rotates = async || {
            world.clock.advance(PEPPER);
            server.until_ready().await;
            alice.pepper().await
        };
        peppers.push(rotates().await);
        let finds_by = async |peppers: &[String]| {
            for pepper in peppers {
                assert_eq!(found(&alice, ALICE, pepper).await, (200, Some(alice.mxid.clone())));
            }
        };
        holds(&world, 3 * PEPPER).await;
        begins(&world).await;
        finds_by(&peppers).await;
        // The next one is known already, the one after that is of the new key.
        for _ in 0..2 {
            peppers.push(rotates().await);
            finds_by(&peppers[peppers.len() - 2..]).await;
        }
        ends(&world).await;
        finds_by(&peppers[2..]).await;
        peppers.push(rotates().await);
        finds_by(&peppers[3..]).await;
        assert_eq!(peppers.iter().collect::<BTreeSet<_>>().len(), 5);
    }
}
