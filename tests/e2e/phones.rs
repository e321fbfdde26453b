//! Phone numbers: added to accounts on the homeserver, which delegates validation to the identity
//! server, and invited before they are bound.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use crate::person::{Person, Session, text};
use crate::world::{Answer, World};

const SECRET: &str = "sd2CP3Ng";

/// Returns the text messages to a number, oldest first.
fn texts(world: &World, msisdn: &str) -> Vec<String> {
    let files = fs::read_dir(world.folder.path().join("vouch/data/sms")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort_unstable();
    let texts = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "txt"));
    let texts = texts.map(|file| fs::read_to_string(file).unwrap());
    texts.filter(|text| text.starts_with(&format!("To: +{msisdn}\n"))).collect()
}

/// Returns the latest code sent to a number, read as phones do from the last line, `@host #code`.
pub fn code(world: &World, msisdn: &str) -> String {
    let text = texts(world, msisdn).pop().expect("a text was sent");
    text.trim_end().rsplit_once('#').expect("its last line has the code").1.to_owned()
}

/// Proves a British phone number to the identity server.
async fn proves(person: &Person<'_>, national: &str, msisdn: &str) -> Session {
    let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": national, "send_attempt": 1 });
    let answer = person.identity_server(Method::POST, "/validate/msisdn/requestToken", asked).await.ok();
    let session = Session { sid: text(&answer["sid"]), client_secret: SECRET.to_owned() };
    let body = json!({ "sid": session.sid, "client_secret": SECRET, "token": code(person.world, msisdn) });
    person.identity_server(Method::POST, "/validate/msisdn/submitToken", body).await.ok();
    session
}

#[tokio::test]
async fn a_phone_is_added_to_an_account() {
    let world = World::start().await;
    // The homeserver sends the request, because she has no account at the identity server.
    let alice = Person::join(&world, "alice").await;
    let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": "07700 900 001", "send_attempt": 1 });
    let session = alice.homeserver(Method::POST, "/account/3pid/msisdn/requestToken", asked).await.ok();
    let submit = |token: String| {
        let body = json!({ "sid": session["sid"], "client_secret": SECRET, "token": token });
        Answer::to(world.request(Method::POST, &text(&session["submit_url"]), None).json(&body))
    };
    let add = json!({ "sid": session["sid"], "client_secret": SECRET });
    let code = code(&world, "447700900001");
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    assert_eq!(submit(wrong).await.status, 400);
    let refused = alice.confirm("/account/3pid/add", add.clone()).await;
    assert_eq!(refused.error(), (400, "M_THREEPID_AUTH_FAILED"));

    assert_eq!(submit(code).await.ok()["success"], true);
    alice.confirm("/account/3pid/add", add).await.ok();
    let account = alice.homeserver(Method::GET, "/account/3pid", json!({})).await.ok();
    let threepids: Vec<(&Value, &Value)> =
        account["threepids"].as_array().unwrap().iter().map(|one| (&one["medium"], &one["address"])).collect();
    assert_eq!(threepids, [(&json!("msisdn"), &json!("447700900001"))]);
}

#[tokio::test]
async fn an_invited_phone_becomes_a_member_when_it_is_bound() {
    let world = World::start().await;
    let (alice, carol) = (world.person("alice").await, world.person("carol").await);
    let room = alice.creates_a_room("Garden", &[]).await;
    alice.invites("msisdn", "447700900001", &room).await;
    let [invitation] = texts(&world, "447700900001").try_into().expect("one text is sent");
    assert!(invitation.contains(&alice.mxid), "{invitation}");
    let session = proves(&carol, "07700 900 001", "447700900001").await;
    carol.binds_through_the_homeserver(&session).await;
    alice.sees_invited(&room, &carol.mxid).await;
}
