//! Invitations to addresses that are bound, unbound, or bound later.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use vouch_test_support::mail_sink::Message;

use crate::person::{Person, encode, text};
use crate::world::{Answer, World};

const CAROL: &str = "carol@mail.example";

/// Waits for the invitation email to an address.
pub async fn invitation(world: &World, email: &str) -> Message {
    world.mail.wait_for(|mail| mail.to == [email] && landing(mail).is_some()).await
}

/// Returns the page that the email of an invitation links to.
fn landing(mail: &Message) -> Option<String> {
    mail.links().into_iter().find(|link| link.contains("/invited?token="))
}

/// Returns the URL at which clients have an invitation signed: a parameter of the link to the web
/// client on the invitation page.
pub async fn sign_url(world: &World, mail: &Message) -> Url {
    let page = world.request(Method::GET, &landing(mail).unwrap(), None).send().await.unwrap().text().await.unwrap();
    let links =
        page.split("href=\"").filter_map(|rest| rest.split_once('"')).map(|(link, _)| link.replace("&#38;", "&"));
    // Clients put a query into the fragment.
    let mut links = links.filter_map(|link| link.replacen("/#/", "/", 1).parse::<Url>().ok());
    let sign_url = |link: Url| link.query_pairs().find(|(name, _)| name == "signurl").map(|(_, url)| url.into_owned());
    links.find_map(sign_url).expect("the page has a link to a web client").parse().expect("it is a URL")
}

/// Signs an invitation as clients do: with everything in the query, an empty body and no token.
async fn sign(world: &World, mail: &Message, mxid: &str) -> Value {
    let mut url = sign_url(world, mail).await;
    url.query_pairs_mut().append_pair("mxid", mxid);
    Answer::to(world.request(Method::POST, url.as_str(), None)).await.ok()
}

/// Returns the pending invitations in the state of a room.
async fn pending(person: &Person<'_>, room: &str) -> Vec<Value> {
    let state = person.state(room).await.into_iter();
    state.filter(|event| event["type"] == "m.room.third_party_invite").collect()
}

#[tokio::test]
async fn a_bound_address_is_invited_by_matrix_id() {
    let world = World::start().await;
    let (alice, carol) = (world.person("alice").await, world.person("carol").await);
    carol.binds(CAROL).await;
    let room = alice.creates_a_room("Garden", &[]).await;
    alice.invites("email", CAROL, &room).await;
    let event = alice.member(&room, &carol.mxid).await.expect("she is invited at once");
    assert_eq!(event["content"]["membership"], "invite");
    assert!(pending(&alice, &room).await.is_empty());
    let mails = world.mail.messages();
    assert!(mails.iter().all(|mail| landing(mail).is_none()), "her homeserver tells her; no mail is needed");
}

#[tokio::test]
async fn an_unknown_user_joins_by_the_link_in_the_email() {
    let world = World::start().await;
    let alice = world.person("alice").await;
    let room = alice.creates_a_room("Garden", &[]).await;
    alice.invites("email", CAROL, &room).await;

    let shown = pending(&alice, &room).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["content"]["display_name"], "c...@m...");
    let mail = invitation(&world, CAROL).await;
    assert!(mail.text().contains("alice"), "{}", mail.text());
    assert!(mail.text().contains("Garden"), "{}", mail.text());

    // She has only the link, and no account at the identity server.
    let carol = Person::join(&world, "carol").await;
    let signed = sign(&world, &mail, &carol.mxid).await;
    carol.joins(&room, Some(signed)).await;
    assert_eq!(alice.member(&room, &carol.mxid).await.unwrap()["content"]["membership"], "join");
}

#[tokio::test]
async fn invitations_become_memberships_when_the_address_is_bound() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice").await, world.person("bob").await);
    let garden = alice.creates_a_room("Garden", &[]).await;
    alice.invites("email", CAROL, &garden).await;
    let cellar = bob.creates_a_room("Cellar", &[CAROL, "dave@mail.example"]).await;
    assert_eq!(pending(&bob, &cellar).await.len(), 2);

    let carol = world.person("carol").await;
    carol.binds(CAROL).await;
    for (inviter, room) in [(&alice, &garden), (&bob, &cellar)] {
        let event = inviter.sees_invited(room, &carol.mxid).await;
        assert_eq!(event["sender"], inviter.mxid);
        assert_eq!(event["content"]["third_party_invite"]["display_name"], "c...@m...");
        carol.joins(room, None).await;
        assert_eq!(inviter.member(room, &carol.mxid).await.unwrap()["content"]["membership"], "join");
    }
}

#[tokio::test]
async fn a_revoked_invitation_does_not_affect_others() {
    let world = World::start().await;
    let alice = world.person("alice").await;
    let garden = alice.creates_a_room("Garden", &[CAROL]).await;
    let cellar = alice.creates_a_room("Cellar", &[CAROL]).await;
    let token = text(&pending(&alice, &garden).await[0]["state_key"]);
    let revoked = format!("/rooms/{}/state/m.room.third_party_invite/{}", encode(&garden), encode(&token));
    alice.homeserver(Method::PUT, &revoked, json!({})).await.ok();

    let carol = world.person("carol").await;
    carol.binds(CAROL).await;
    alice.sees_invited(&cellar, &carol.mxid).await;
    assert_eq!(alice.member(&garden, &carol.mxid).await, None);
}

/// The room contains the key that signed when the invitation was stored. Synapse only checks the
/// first signature.
#[tokio::test]
async fn an_invitation_outlives_the_key_it_was_stored_with() {
    let world = World::start().await;
    let (alice, carol) = (world.person("alice").await, world.person("carol").await);
    let room = alice.creates_a_room("Garden", &[CAROL]).await;
    world.vouch.stop();
    // In an object with all signatures, these are the first and the last.
    for key in [
        "ed25519 0 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1",
        "ed25519 zzzz ZJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1",
    ] {
        let file = world.folder.path().join("imported.key");
        std::fs::write(&file, key).unwrap();
        world.vouch.run(&["keys", "import", "--sign", file.to_str().unwrap()]);
    }
    world.vouch.start_again();
    world.until_up(&world.vouch.url, "/ready").await;
    carol.binds(CAROL).await;
    alice.sees_invited(&room, &carol.mxid).await;
}
