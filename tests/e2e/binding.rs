//! Binding addresses through the homeserver.

use reqwest::Method;
use serde_json::json;

use crate::person::Person;
use crate::world::World;

#[tokio::test]
async fn an_address_bound_through_the_homeserver_is_found() {
    let world = World::start().await;
    let mut alice = Person::join(&world, "alice").await;
    alice.registers().await;
    let account = alice.identity_server(Method::GET, "/account", json!({})).await;
    assert_eq!(account.error(), (403, "M_TERMS_NOT_SIGNED"));
    alice.accepts_the_terms().await;
    let account = alice.identity_server(Method::GET, "/account", json!({})).await.ok();
    assert_eq!(account, json!({ "user_id": "@alice:hs.example" }));

    let session = alice.proves("alice@mail.example").await;
    let bob = world.person("bob").await;
    assert_eq!(bob.looks_up("alice@mail.example").await, None, "to prove is not to publish");
    alice.binds_through_the_homeserver(&session).await;
    assert_eq!(bob.looks_up("alice@mail.example").await.as_deref(), Some("@alice:hs.example"));
}

#[tokio::test]
async fn a_token_that_the_homeserver_did_not_issue_is_refused() {
    let world = World::start().await;
    let alice = Person::join(&world, "alice").await;
    let mut openid = alice.openid_token().await;
    openid["access_token"] = json!("AAAAAAAAAAAAAAAA");
    let answer = alice.identity_server(Method::POST, "/account/register", openid).await;
    assert_eq!(answer.error(), (401, "M_UNAUTHORIZED"));
}
