//! An app exports and erases the data of its user.

use reqwest::Method;
use serde_json::json;

use crate::person::Person;
use crate::world::{Answer, World};

/// Requests the data of the user with the token of the app.
async fn asks(person: &Person<'_>, method: Method) -> Answer {
    let url = format!("{}/_matrix/identity/unstable/im.vouch/account/data", person.world.vouch.url);
    Answer::to(person.world.request(method, &url, Some(&person.id_token))).await
}

#[tokio::test]
async fn an_app_that_has_just_registered_exports_and_erases() {
    let world = World::start().await;
    let (mut alice, bob) = (world.person("alice").await, world.person("bob").await);
    alice.binds("alice@mail.example").await;
    let room = alice.creates_a_room("Garden", &["carol@mail.example"]).await;
    alice.registers().await;

    let held = asks(&alice, Method::GET).await.ok();
    assert_eq!(held["user_id"], alice.mxid);
    assert_eq!(held["bindings"][0]["address"], "alice@mail.example");
    assert_eq!(held["account"]["invitations"][0]["room_id"], json!(room));
    assert_eq!(held["account"]["access_tokens"].as_array().map(Vec::len), Some(2));
    let others = asks(&bob, Method::GET).await.ok();
    assert!(!others.to_string().contains("alice"), "{others}");

    let receipt = asks(&alice, Method::DELETE).await.ok();
    assert_eq!((&receipt["user_id"], &receipt["erased"]["bindings"]), (&json!(alice.mxid), &json!(1)), "{receipt}");
    assert_eq!(bob.looks_up("alice@mail.example").await, None);
    assert_eq!(asks(&alice, Method::GET).await.error(), (401, "M_UNAUTHORIZED"));

    // A returning user has a new account.
    alice.registers().await;
    let held = asks(&alice, Method::GET).await.ok();
    assert_eq!((&held["bindings"], &held["account"]["consents"]), (&json!([]), &json!([])));
}
