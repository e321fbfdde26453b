//! The homeserver unbinds addresses for its user, or because the account is deactivated.

use reqwest::Method;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_address_unbound_through_the_homeserver_is_no_longer_found() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice").await, world.person("bob").await);
    alice.binds("alice@mail.example").await;
    alice.binds("alice@work.example").await;
    assert_eq!(alice.unbinds_through_the_homeserver("alice@mail.example").await, "success");
    assert_eq!(bob.looks_up("alice@mail.example").await, None);
    assert_eq!(bob.looks_up("alice@work.example").await.as_deref(), Some("@alice:hs.example"));

    // The homeserver remembers where an address is bound.
    let body = json!({ "medium": "email", "address": "alice@work.example" });
    let deleted = alice.homeserver(Method::POST, "/account/3pid/delete", body).await.ok();
    assert_eq!(deleted, json!({ "id_server_unbind_result": "success" }));
    assert_eq!(bob.looks_up("alice@work.example").await, None);
}

#[tokio::test]
async fn nobody_can_unbind_the_address_of_another_user() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice").await, world.person("bob").await);
    alice.binds("alice@mail.example").await;
    bob.unbinds_through_the_homeserver("alice@mail.example").await;
    assert_eq!(bob.looks_up("alice@mail.example").await.as_deref(), Some("@alice:hs.example"));
}

#[tokio::test]
async fn a_deactivated_user_is_no_longer_found() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice").await, world.person("bob").await);
    alice.binds("alice@mail.example").await;
    alice.binds("alice@work.example").await;
    // There is no token of the identity server, only the signature of the homeserver.
    alice.identity_server(Method::POST, "/account/logout", json!({})).await.ok();
    let deactivated = alice.confirm("/account/deactivate", json!({})).await.ok();
    assert_eq!(deactivated, json!({ "id_server_unbind_result": "success" }));
    assert_eq!(bob.looks_up("alice@mail.example").await, None);
    assert_eq!(bob.looks_up("alice@work.example").await, None);
}

/// Synapse signs each of these requests with the same bytes.
#[tokio::test]
async fn an_address_can_be_bound_and_unbound_again_and_again() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice").await, world.person("bob").await);
    // Nothing is bound yet.
    assert_eq!(alice.unbinds_through_the_homeserver("alice@mail.example").await, "success");
    for _ in 0..2 {
        alice.binds("alice@mail.example").await;
        assert_eq!(alice.unbinds_through_the_homeserver("alice@mail.example").await, "success");
        assert_eq!(bob.looks_up("alice@mail.example").await, None);
    }
    alice.binds("alice@mail.example").await;
    let deactivated = alice.confirm("/account/deactivate", json!({})).await.ok();
    assert_eq!(deactivated, json!({ "id_server_unbind_result": "success" }));
    assert_eq!(bob.looks_up("alice@mail.example").await, None);
}
