//! An app exports and erases the data of its user.

use reqwest::Method;
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::person::Person;
use crate::world::{Answer, World};

fn own(person: &Person<'_>, path: &str) -> String {
    format!("{}/_matrix/identity/unstable/im.vouch/account/{path}", person.world.vouch.url)
}

/// Requests the data of the user with the token of the app.
async fn asks(person: &Person<'_>, method: Method) -> Answer {
    Answer::to(person.world.request(method, &own(person, "data"), Some(&person.id_token))).await
}

/// Gives the token of the app a fresh proof.
async fn proves_again(person: &Person<'_>) -> Answer {
    let openid = person.openid_token().await;
    Answer::to(person.world.request(Method::POST, &own(person, "prove"), Some(&person.id_token)).json(&openid)).await
}

/// Has a link sent to the user's address, and presses the button of its page.
async fn confirms(person: &Person<'_>, address: &str) {
    let world = person.world;
    let asked = world.request(Method::POST, &own(person, "confirm"), Some(&person.id_token)).json(&json!({}));
    Answer::to(asked).await.ok();
    let mail = world.mail.wait_for(|mail| mail.to == [address] && mail.text().contains("/unlock?")).await;
    let link = mail.links().into_iter().find(|link| link.contains("/unlock?")).unwrap();
    let token = Url::parse(&link).unwrap().query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned();
    let url = format!("{}/unlock", world.vouch.url);
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("token", token.as_str()), ("action", "confirm")])
        .finish();
    let pressed = world.request(Method::POST, &url, None).header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(pressed.body(form).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_app_confirms_an_address_exports_and_erases() {
    let world = World::start().await;
    let (mut alice, bob) = (world.person("alice").await, world.person("bob").await);
    alice.binds("alice@mail.example").await;
    let room = alice.creates_a_room("Garden", &["carol@mail.example"]).await;
    alice.registers().await;

    let masked = asks(&alice, Method::GET).await.ok();
    assert_eq!((&masked["needs"], &masked["bindings"][0]["address"]), (&json!(["confirmation"]), &json!("a•••@m•••")));
    confirms(&alice, "alice@mail.example").await;
    let held = asks(&alice, Method::GET).await.ok();
    // The address is new, so it shows itself alone.
    assert_eq!((&held["user_id"], &held["needs"]), (&json!(alice.mxid), &json!(["older_confirmation"])));
    assert_eq!(held["bindings"][0]["address"], "alice@mail.example");
    assert_eq!(held["account"]["invitations"][0]["room_id"], json!(room));
    assert_eq!(held["account"]["access_tokens"].as_array().map(Vec::len), Some(2));
    let others = asks(&bob, Method::GET).await.ok();
    assert!(!others.to_string().contains("alice"), "{others}");

    proves_again(&alice).await.ok();
    let receipt = asks(&alice, Method::DELETE).await.ok();
    assert_eq!((&receipt["user_id"], &receipt["erased"]["bindings"]), (&json!(alice.mxid), &json!(1)), "{receipt}");
    assert_eq!(bob.looks_up("alice@mail.example").await, None);
    assert_eq!(asks(&alice, Method::GET).await.error(), (401, "M_UNAUTHORIZED"));

    // A returning user has a new account.
    alice.registers().await;
    let held = asks(&alice, Method::GET).await.ok();
    assert_eq!((&held["bindings"], &held["account"]["consents"]), (&json!([]), &json!([])));
}
