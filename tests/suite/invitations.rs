//! Invitations: sending them, and the page behind the link that they are mailed with.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use ruma_common::canonical_json::CanonicalJsonObject;
use ruma_common::serde::Base64;
use ruma_signatures::{PublicKeyMap, verify_json};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;
use vouch_test_support::mail_sink::Message;

use crate::address_visitor::FORM;
use crate::undoing::{heading, opens};
use crate::world::{Answer, Person, Server, World, query};

pub const BOB: &str = "bob@example.com";
pub const INVITED: &str = "You are invited to a conversation";
pub const WRONG: &str = "This link does not work";
pub const V2: &str = "/_matrix/identity/v2";
pub const V1: &str = "/_matrix/identity/api/v1";
pub const ROOM: &str = "!room:hs.example";

/// Returns the smallest body of an invitation.
pub fn invitation(person: &Person<'_>, email: &str) -> Value {
    json!({ "medium": "email", "address": email, "room_id": ROOM, "sender": person.mxid })
}

/// Invites an email address into [`ROOM`].
pub async fn invites(person: &Person<'_>, email: &str) -> Answer {
    person.post("/store-invite", invitation(person, email)).await
}

/// Returns a parameter of the fragment of a link, as Element Web reads it.
pub fn parameter(link: &str, name: &str) -> String {
    let (_, parameters) = link.split_once("/#/room/").unwrap().1.split_once('?').unwrap();
    assert!(!parameters.contains('?'), "Element Web ignores everything after a second question mark: {link}");
    let parameter = url::form_urlencoded::parse(parameters.as_bytes()).find(|(key, _)| key == name);
    parameter.unwrap_or_else(|| panic!("{name} is not in {link}")).1.into_owned()
}

pub async fn is_valid(server: &Server, path: &str, key: &str) -> bool {
    let key: String = byte_serialize(key.as_bytes()).collect();
    server.get(&format!("{path}/pubkey/ephemeral/isvalid?public_key={key}"), None).await.ok()["valid"] == true
}

/// Posts to a path with neither an access token nor a body.
pub async fn posts_nothing(server: &Server, path: &str) -> Answer {
    server.send(server.request(Method::POST, path, None)).await
}

/// Returns path and query of the `signurl` of the mailed link, with the Matrix ID that clients add.
pub async fn signing_path(world: &World, server: &Server, email: &str, mxid: &str) -> String {
    let signurl = parameter(&mailed_link(world, server, email).await, "signurl");
    let path = signurl.strip_prefix(world.config.server.public_url.as_str().trim_end_matches('/')).unwrap();
    format!("{path}&mxid={}", byte_serialize(mxid.as_bytes()).collect::<String>())
}

/// Checks a signed acceptance against the public key of its invitation.
pub fn assert_signed_by(world: &World, signed: &Value, public_key: &str) {
    let server_name = world.config.server.name.to_string();
    let key = Base64::parse(public_key).unwrap();
    let keys = PublicKeyMap::from([(server_name, [("ed25519:0".to_owned(), key)].into())]);
    let signed: CanonicalJsonObject = serde_json::from_value(signed.clone()).unwrap();
    verify_json(&keys, &signed).unwrap();
}

/// Returns the public key of a stored invitation.
pub fn ephemeral_key(stored: &Value) -> String {
    stored["public_keys"][1]["public_key"].as_str().unwrap().to_owned()
}

/// Returns path and query of the link in the mail of an invitation.
pub fn landing_path(world: &World, mail: &Message) -> String {
    let public_url = world.config.server.public_url.as_str().trim_end_matches('/');
    let links = mail.links();
    let mut paths = links.iter().filter_map(|link| link.strip_prefix(public_url));
    paths.find(|path| path.starts_with("/invited?")).expect("the mail has the link of an invitation").to_owned()
}

/// Returns path and query of the first invitation that was mailed to an address.
pub async fn landing(world: &World, email: &str) -> String {
    landing_path(world, &world.mail.wait_to(email).await)
}

/// Returns the link into the first web app that the page of the first invitation to an address
/// offers.
pub async fn mailed_link(world: &World, server: &Server, email: &str) -> String {
    let page = opens(server, &landing(world, email).await).await;
    assert_eq!(heading(&page, 200), INVITED);
    web_links(&page)[0].clone()
}

/// Returns the links into web apps in the order of the page. None of them may send a referrer.
pub fn web_links(page: &Answer) -> Vec<String> {
    let anchors = page.text.split("<a ").filter_map(|rest| rest.split_once('>')).map(|(anchor, _)| anchor);
    let links = anchors.filter(|anchor| anchor.contains("/#/room/")).map(|anchor| {
        assert!(anchor.contains("rel=\"noreferrer noopener\""), "{anchor}");
        anchor.split_once("href=\"").unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&")
    });
    links.collect()
}

pub fn token_of(path: &str) -> String {
    query(&format!("http://h{path}"), "token")
}

/// Posts a form to the page.
pub async fn posts(server: &Server, form: &str) -> Answer {
    let request = server.request(Method::POST, "/invited?lang=en", None);
    server.send(request.header(CONTENT_TYPE, FORM).body(form.to_owned())).await
}

pub async fn declines(server: &Server, path: &str) -> Answer {
    posts(server, &format!("token={}&action=decline", token_of(path))).await
}

pub async fn objects(server: &Server, path: &str) -> Answer {
    posts(server, &format!("token={}&action=object", token_of(path))).await
}

/// Invites Bob with these details added to the body.
pub async fn invites_with(person: &Person<'_>, details: Value) -> Value {
    let mut asked = invitation(person, BOB);
    asked.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
    person.post("/store-invite", asked).await.ok()
}
