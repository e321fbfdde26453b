//! Inviting somebody by an address that is bound to nobody yet.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use ruma_common::canonical_json::CanonicalJsonObject;
use ruma_common::serde::Base64;
use ruma_signatures::{PublicKeyMap, verify_json};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;
use vouch::clock::{DAY, MINUTE};
use vouch::config::{Bucket, MailTransport};
use vouch_test_support::mail_sink::{MailSink, Options};

use crate::database::count;
use crate::invited::mailed_link;
use crate::phones::asked;
use crate::world::{Answer, Person, Server, World, query};

pub const V2: &str = "/_matrix/identity/v2";
const V1: &str = "/_matrix/identity/api/v1";
pub const ROOM: &str = "!room:hs.example";

/// What a homeserver asks for a person, at the least.
pub fn invitation(person: &Person<'_>, email: &str) -> Value {
    json!({ "medium": "email", "address": email, "room_id": ROOM, "sender": person.mxid })
}

pub async fn invites(person: &Person<'_>, email: &str) -> Answer {
    person.post("/store-invite", invitation(person, email)).await
}

/// A parameter of the link's fragment, as Element Web reads it.
pub fn parameter(link: &str, name: &str) -> String {
    let (_, parameters) = link.split_once("/#/room/").unwrap().1.split_once('?').unwrap();
    assert!(!parameters.contains('?'), "Element Web takes nothing after a second one: {link}");
    let found = url::form_urlencoded::parse(parameters.as_bytes()).find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("{name} is not in {link}")).1.into_owned()
}

pub async fn is_valid(server: &Server, path: &str, key: &str) -> bool {
    let key: String = byte_serialize(key.as_bytes()).collect();
    server.get(&format!("{path}/pubkey/ephemeral/isvalid?public_key={key}"), None).await.ok()["valid"] == true
}

/// Posts to a path with a query, without token or body.
pub async fn posts_nothing(server: &Server, path: &str) -> Answer {
    server.send(server.request(Method::POST, path, None)).await
}

/// The link's `signurl` with a Matrix ID added, as clients do it, without scheme and host.
pub async fn signing_path(world: &World, server: &Server, email: &str, mxid: &str) -> String {
    let signurl = parameter(&mailed_link(world, server, email).await, "signurl");
    let path = signurl.strip_prefix(world.config.server.public_url.as_str().trim_end_matches('/')).unwrap();
    format!("{path}&mxid={}", byte_serialize(mxid.as_bytes()).collect::<String>())
}

/// Checks a signed acceptance against the public key of its invitation.
fn assert_signed_by(world: &World, signed: &Value, public_key: &str) {
    let server_name = world.config.server.name.to_string();
    let key = Base64::parse(public_key).unwrap();
    let keys = PublicKeyMap::from([(server_name, [("ed25519:0".to_owned(), key)].into())]);
    let signed: CanonicalJsonObject = serde_json::from_value(signed.clone()).unwrap();
    verify_json(&keys, &signed).unwrap();
}

pub fn ephemeral_key(stored: &Value) -> String {
    stored["public_keys"][1]["public_key"].as_str().unwrap().to_owned()
}

on_both_backends! {
    async fn a_stranger_is_invited_and_accepts_by_the_link_of_the_mail(world: World) {
        let mut world = world;
        world.config.server.public_url = "https://id.example/vouch".parse().unwrap();
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let stored = invites(&alice, "Bob@Example.com").await.ok();
        let token = stored["token"].as_str().unwrap();
        assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
        let (long_term, ephemeral) = (&stored["public_keys"][0], &stored["public_keys"][1]);
        assert_eq!(stored["public_keys"].as_array().unwrap().len(), 2);
        assert_eq!(stored["public_key"], long_term["public_key"]);
        assert_eq!(stored["display_name"], "b...@e...");
        assert_eq!(long_term["key_validity_url"], "https://id.example/vouch/_matrix/identity/v2/pubkey/isvalid");
        assert_eq!(ephemeral["key_validity_url"], "https://id.example/vouch/_matrix/identity/v2/pubkey/ephemeral/isvalid");
        let known: String = byte_serialize(long_term["public_key"].as_str().unwrap().as_bytes()).collect();
        assert_eq!(server.get(&format!("{V2}/pubkey/isvalid?public_key={known}"), None).await.ok()["valid"], true);

        let link = mailed_link(&world, &server, "bob@example.com").await;
        assert!(link.starts_with("https://app.element.io/#/room/%21room%3Ahs.example?email=bob%40example.com&signurl="), "{link}");
        let signurl = parameter(&link, "signurl");
        assert!(signurl.starts_with("https://id.example/vouch/_matrix/identity/v2/sign-ed25519?token="), "{signurl}");
        assert_eq!(query(&signurl, "token"), token);

        // Web clients add the Matrix ID and post nothing at all.
        let path = signing_path(&world, &server, "bob@example.com", "@bob:elsewhere.example").await;
        let answer = posts_nothing(&server, &path).await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        let signed = answer.ok();
        assert_eq!((&signed["mxid"], &signed["sender"]), (&json!("@bob:elsewhere.example"), &json!(alice.mxid)));
        assert_eq!((&signed["token"], signed.as_object().unwrap().len()), (&json!(token), 4));
        assert_signed_by(&world, &signed, &ephemeral_key(&stored));
    }

    async fn an_acceptance_is_signed_however_it_is_asked_for(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let stored = invites(&alice, "bob@example.com").await.ok();
        let path = signing_path(&world, &server, "bob@example.com", "@bob:b.example").await;
        let (token, key) = (query(&format!("http://x{path}"), "token"), query(&format!("http://x{path}"), "private_key"));
        let expected = posts_nothing(&server, &path).await.ok();
        assert_signed_by(&world, &expected, &ephemeral_key(&stored));

        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&key).unwrap();
        let written = [
            BASE64_STANDARD.encode(&bytes),
            BASE64_STANDARD.encode(&bytes).trim_end_matches('=').to_owned(),
            BASE64_URL_SAFE.encode(&bytes),
            key.clone(),
        ];
        for scope in [V2, V1] {
            for key in &written {
                let body = json!({ "mxid": "@bob:b.example", "token": token, "private_key": key });
                assert_eq!(server.post(&format!("{scope}/sign-ed25519"), None, &body).await.ok(), expected);
                // A plus sign that nobody escaped has become a space.
                let asked = format!("{scope}/sign-ed25519?token={token}&private_key={key}&mxid=%40bob:b.example");
                assert_eq!(posts_nothing(&server, &asked).await.ok(), expected, "{asked}");
                let empty = server.request(Method::POST, &asked, None).header("Content-Type", "application/json");
                assert_eq!(server.send(empty.try_clone().unwrap().body("{}")).await.ok(), expected);
                assert_eq!(server.send(empty.body("")).await.ok(), expected);
            }
        }
    }

    async fn nothing_is_signed_without_an_invitation_and_a_key(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites(&alice, "bob@example.com").await.ok();
        let path = signing_path(&world, &server, "bob@example.com", "@bob:b.example").await;
        let good = format!("http://x{path}");
        let body = json!({ "mxid": "@bob:b.example", "token": query(&good, "token"), "private_key": query(&good, "private_key") });
        let with = |name: &str, value: &str| {
            let mut body = body.clone();
            body[name] = value.into();
            body
        };
        let short = BASE64_URL_SAFE_NO_PAD.encode([7; 31]);
        for (asked, error) in [
            (with("token", "unknown"), (404, "M_UNRECOGNIZED")),
            (with("token", ""), (404, "M_UNRECOGNIZED")),
            (with("private_key", "nonsense"), (400, "M_INVALID_PARAM")),
            (with("private_key", &short), (400, "M_INVALID_PARAM")),
            (with("private_key", ""), (400, "M_INVALID_PARAM")),
            (with("mxid", "bob"), (400, "M_INVALID_PARAM")),
            (json!({ "mxid": "@bob:b.example" }), (400, "M_MISSING_PARAMS")),
        ] {
            for scope in [V1, V2] {
                assert_eq!(server.post(&format!("{scope}/sign-ed25519"), None, &asked).await.error(), error, "{asked}");
            }
        }
        assert_eq!(posts_nothing(&server, &format!("{V2}/sign-ed25519")).await.error(), (400, "M_MISSING_PARAMS"));

        world.clock.advance(30 * DAY);
        assert_eq!(posts_nothing(&server, &path).await.error(), (404, "M_UNRECOGNIZED"));
    }

    async fn what_is_no_invitation_is_refused_and_nobody_gets_a_mail(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let with = |name: &str, value: Value| {
            let mut body = invitation(&alice, "carol@example.com");
            body[name] = value;
            body
        };
        for (asked, error) in [
            (with("medium", json!("pigeon")), (400, "M_UNRECOGNIZED")),
            (with("medium", json!("Email")), (400, "M_UNRECOGNIZED")),
            (with("address", json!("a@b@c")), (400, "M_INVALID_EMAIL")),
            (with("address", json!("carol@example.com,dave@example.com")), (400, "M_INVALID_EMAIL")),
            (with("address", json!("carol@example.com\r\nBcc: dave@example.com")), (400, "M_INVALID_EMAIL")),
            (with("room_id", json!("room:hs.example")), (400, "M_INVALID_PARAM")),
            (with("room_id", json!("!room\nx:hs.example")), (400, "M_INVALID_PARAM")),
            (with("room_id", json!(format!("!{}", "x".repeat(255)))), (400, "M_INVALID_PARAM")),
            (with("sender", json!("alice")), (400, "M_INVALID_PARAM")),
            (with("sender", json!(bob.mxid)), (403, "M_FORBIDDEN")),
        ] {
            assert_eq!(alice.post("/store-invite", asked.clone()).await.error(), error, "{asked}");
        }
        let newcomer = world.newcomer(&server, "newcomer").await;
        assert_eq!(invites(&newcomer, "carol@example.com").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        let path = format!("{V2}/store-invite");
        assert_eq!(server.post(&path, None, &invitation(&alice, "carol@example.com")).await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!((world.mail.count(), count(&world, "invites").await), (0, 0));
    }

    async fn an_address_that_is_bound_is_told_at_the_price_of_a_look_up(world: World) {
        let mut world = world;
        world.config.budgets.lookup_newcomer = Bucket { capacity: 2, per_hour: 60 };
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        bob.binds("bob@example.com").await;
        world.mail.forget();
        for _ in 0..3 {
            // Repeats are free.
            let answer = invites(&alice, "BOB@example.com").await;
            assert_eq!(answer.error(), (400, "M_THREEPID_IN_USE"));
            assert_eq!(answer.body["mxid"], bob.mxid);
        }
        assert_eq!(alice.looks_up("bob@example.com").await, Some(bob.mxid.clone()), "it is paid for");
        invites(&alice, "carol@example.com").await.ok();
        let refused = invites(&alice, "dave@example.com").await;
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert!(refused.headers.contains_key("retry-after"));
        let written_to: Vec<_> = world.mail.messages().into_iter().flat_map(|mail| mail.to).collect();
        // Bob is told that he was bound.
        assert_eq!(written_to.iter().filter(|to| *to != "bob@example.com").collect::<Vec<_>>(), ["carol@example.com"]);
    }

    async fn a_phone_is_invited_by_a_text(world: World) {
        let mut world = world;
        world.config.sms.directory = world.folder.path().join("sms");
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let mut asked = invitation(&alice, "491701234567");
        asked["medium"] = "msisdn".into();
        let stored = alice.post("/store-invite", asked.clone()).await.ok();
        assert_eq!(stored["display_name"], "...");
        assert!(is_valid(&server, V2, &ephemeral_key(&stored)).await);
        let files: Vec<_> = std::fs::read_dir(&world.config.sms.directory).unwrap().collect();
        assert_eq!(files.len(), 1);
        let text = std::fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
        assert!(text.contains(&alice.mxid) && text.contains("https://app.element.io"), "{text}");
        assert!(!text.contains(stored["token"].as_str().unwrap()), "{text}");
        // The last four are no numbers: nobody has that calling code, 0 is dialled within Germany alone, and 12 and 0800 are too short.
        for bad in ["+491701234567", "abc", "", "123", "999999999999999", "4901701234567", "4912345", "44080012"] {
            asked["address"] = bad.into();
            assert_eq!(alice.post("/store-invite", asked.clone()).await.error(), (400, "M_INVALID_ADDRESS"), "{bad}");
        }
        assert_eq!(world.mail.count(), 0);
    }

    async fn a_phone_that_is_invited_counts_to_its_country_and_leaves_its_number_the_codes(world: World) {
        let mut world = world;
        world.config.budgets.texts_number = Bucket { capacity: 1, per_hour: 1 };
        world.config.budgets.texts_country = Bucket { capacity: 2, per_hour: 60 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let invites = async |number: &str| {
            let mut asked = invitation(&alice, number);
            asked["medium"] = "msisdn".into();
            alice.post("/store-invite", asked).await
        };
        invites("447700900001").await.ok();
        alice.post("/validate/msisdn/requestToken", asked("07700900001", 1)).await.ok();
        let refused = invites("447911123456").await;
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert_eq!(refused.body["retry_after_ms"], MINUTE);
        invites("16502530000").await.ok();
    }

    async fn whoever_binds_while_the_mail_is_sent_is_not_invited_but_told(world: World) {
        let mut world = world;
        world.mail = MailSink::start_with(Options { delay: Duration::from_millis(200), ..Options::default() }).await;
        let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { unreachable!("the world has a mail server") };
        smtp.port = world.mail.address().port();
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let sid = bob.proves("bob@example.com").await;
        let binds = async {
            let sent = || world.mail.commands().iter().filter(|command| *command == "DATA").count();
            while sent() < 2 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            bob.binds_by(&sid).await.ok()
        };
        let (invited, _) = tokio::join!(invites(&alice, "bob@example.com"), binds);
        assert_eq!((invited.error(), &invited.body["mxid"]), ((400, "M_THREEPID_IN_USE"), &json!(bob.mxid)));
        assert_eq!((count(&world, "invites").await, count(&world, "ephemeral_keys").await), (0, 0));
    }

    async fn invitations_of_one_address_live_side_by_side(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let first = invites(&alice, "carol@example.com").await.ok();
        let first_path = signing_path(&world, &server, "carol@example.com", "@carol:c.example").await;
        world.mail.forget();
        let second = invites(&bob, "carol@example.com").await.ok();
        let mail = world.mail.wait_to("carol@example.com").await;
        assert_ne!(first["token"], second["token"]);
        assert_ne!(ephemeral_key(&first), ephemeral_key(&second));
        // Nothing of one is in the answer or in the mail of the other.
        let (raw, text) = (second.to_string(), format!("{}{}", mail.text(), mail.html()));
        for others in [alice.mxid.as_str(), first["token"].as_str().unwrap()] {
            assert!(!raw.contains(others) && !text.contains(others));
        }
        let second_path = signing_path(&world, &server, "carol@example.com", "@carol:c.example").await;
        for (path, stored, sender) in [(first_path, first, &alice.mxid), (second_path, second, &bob.mxid)] {
            let signed = posts_nothing(&server, &path).await.ok();
            assert_eq!((&signed["sender"], &signed["token"]), (&json!(sender), &stored["token"]));
            assert_signed_by(&world, &signed, &ephemeral_key(&stored));
        }
    }

    async fn a_key_is_valid_as_long_as_its_invitation_and_ninety_days_more(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let stored = invites(&alice, "bob@example.com").await.ok();
        let key = ephemeral_key(&stored);
        let bytes = BASE64_STANDARD.decode(format!("{key}=")).unwrap();
        let standard = BASE64_STANDARD.encode(&bytes);
        for written in [&key, &standard, &BASE64_URL_SAFE.encode(&bytes), &BASE64_URL_SAFE_NO_PAD.encode(&bytes), &standard.replace('+', " ")] {
            for scope in [V2, V1] {
                assert!(is_valid(&server, scope, written).await, "{written}");
            }
        }
        for other in ["", "nonsense", stored["public_key"].as_str().unwrap()] {
            assert!(!is_valid(&server, V2, other).await, "{other}");
        }
        world.clock.advance(120 * DAY - 1);
        assert!(is_valid(&server, V2, &key).await);
        world.clock.advance(1);
        assert!(!is_valid(&server, V2, &key).await);
        until_empty(&world, &["invites", "ephemeral_keys"]).await;
    }

    async fn the_operator_blocks_homeservers_and_rooms(world: World) {
        let mut world = world;
        world.config.invites.blocked_rooms = vec!["!spam:hs.example".parse().unwrap(), "*.evil.example".parse().unwrap()];
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        for (room, is_blocked) in [("!spam:hs.example", true), ("!x:a.evil.example:8448", true), ("!other:hs.example", false), ("!v12hash", false)] {
            let mut asked = invitation(&alice, "bob@example.com");
            asked["room_id"] = room.into();
            let answer = alice.post("/store-invite", asked).await;
            if is_blocked { assert_eq!(answer.error(), (403, "M_FORBIDDEN"), "{room}") } else { answer.ok(); }
        }
        server.stop().await;
        world.mail.forget();
        world.config.invites.blocked_homeservers = vec!["hs.example".parse().unwrap()];
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        assert_eq!(invites(&alice, "bob@example.com").await.error(), (403, "M_FORBIDDEN"));
        assert_eq!(world.mail.messages().len(), 0);
    }
}

/// Waits until the sweep, which each move of the clock wakes, has left nothing in the tables.
async fn until_empty(world: &World, tables: &[&str]) {
    for _ in 0..500 {
        let mut rows = 0;
        for table in tables {
            rows += count(world, table).await;
        }
        if rows == 0 {
            return;
        }
        world.clock.advance(MINUTE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("something is left in {tables:?}");
}

/// Two at once, and one a minute.
const TWO: Bucket = Bucket { capacity: 2, per_hour: 60 };

on_both_backends! {
    async fn invitations_are_counted_by_user_and_by_address(world: World) {
        let mut world = world;
        world.config.budgets.invites_user = TWO;
        world.config.budgets.invites_address = Bucket { capacity: 1, per_hour: 60 };
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&alice, "one@example.com").await.ok();
        let refused = invites(&bob, "One@example.com").await;
        assert_eq!((refused.error(), &refused.headers["retry-after"]), ((429, "M_LIMIT_EXCEEDED"), &"60".parse().unwrap()));
        // Who was refused was charged nothing.
        for email in ["two@example.com", "three@example.com"] {
            invites(&bob, email).await.ok();
        }
        assert_eq!(invites(&bob, "four@example.com").await.status, 429);
        assert_eq!(world.mail.count(), 3);
        world.clock.advance(MINUTE);
        invites(&bob, "four@example.com").await.ok();
    }

    async fn invitations_are_counted_by_homeserver_unless_it_is_trusted(world: World) {
        let mut world = world;
        world.config.budgets.invites_homeserver = Bucket { capacity: 1, per_hour: 60 };
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&alice, "one@example.com").await.ok();
        assert_eq!(invites(&bob, "two@example.com").await.error(), (429, "M_LIMIT_EXCEEDED"));
        let (mxid, token) = (bob.mxid.clone(), bob.token.clone());
        drop((alice, bob));
        server.stop().await;
        world.config.budgets.trusted_homeservers = vec!["hs.example".try_into().unwrap()];
        let server = world.start().await;
        let bob = Person { world: &world, server: &server, mxid, token };
        invites(&bob, "two@example.com").await.ok();
    }

    async fn a_hundred_at_once_are_too_many(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let emails: Vec<String> = (0..100).map(|number| format!("guest{number}@example.com")).collect();
        let answers = futures_util::future::join_all(emails.iter().map(|email| invites(&alice, email))).await;
        let with = |status| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((with(200), with(429)), (30, 70));
        assert_eq!((world.mail.count(), count(&world, "invites").await), (30, 30));
    }

    async fn what_cannot_be_sent_is_neither_kept_nor_charged(world: World) {
        let mut world = world;
        world.config.budgets.invites_user = Bucket { capacity: 1, per_hour: 60 };
        world.config.budgets.invites_address = Bucket { capacity: 1, per_hour: 60 };
        let working = world.config.mail.transport.clone();
        let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { unreachable!("the world has a mail server") };
        // Where nobody listens.
        smtp.port = 1;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for _ in 0..3 {
            assert_eq!(invites(&alice, "bob@example.com").await.error(), (400, "M_EMAIL_SEND_ERROR"));
        }
        assert_eq!((count(&world, "invites").await, count(&world, "ephemeral_keys").await), (0, 0));
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        drop(alice);
        server.stop().await;
        world.config.mail.transport = working;
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        invites(&alice, "bob@example.com").await.ok();
        assert_eq!(count(&world, "invites").await, 1);
    }

    async fn an_invitation_goes_with_its_inviter(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites(&alice, "bob@example.com").await.ok();
        let path = signing_path(&world, &server, "bob@example.com", "@bob:b.example").await;
        crate::database::execute(&world, "DELETE FROM accounts").await;
        assert_eq!(posts_nothing(&server, &path).await.error(), (404, "M_UNRECOGNIZED"));
    }
}
