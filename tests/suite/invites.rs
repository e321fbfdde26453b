//! Inviting an address that is not bound yet, and accepting the invitation.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;
use vouch::clock::{DAY, MINUTE};
use vouch::config::{Bucket, MailTransport};
use vouch_test_support::mail_sink::{MailSink, Options};

use crate::database::{count, execute};
use crate::invitations::{
    V1, V2, assert_signed_by, ephemeral_key, invitation, invites, is_valid, mailed_link, parameter, posts_nothing,
    signing_path,
};
use crate::world::{Person, World, query};

/// Moves the clock, which triggers the maintenance, until the tables are empty.
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
    panic!("rows are left in {tables:?}");
}

on_both_backends! {
    async fn a_stranger_is_invited_and_accepts_with_the_mailed_link(mut world: World) {
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

        // Web clients add the Matrix ID and send an empty body.
        let path = signing_path(&world, &server, "bob@example.com", "@bob:elsewhere.example").await;
        let answer = posts_nothing(&server, &path).await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        let signed = answer.ok();
        assert_eq!((&signed["mxid"], &signed["sender"]), (&json!("@bob:elsewhere.example"), &json!(alice.mxid)));
        assert_eq!((&signed["token"], signed.as_object().unwrap().len()), (&json!(token), 4));
        assert_signed_by(&world, &signed, &ephemeral_key(&stored));
    }

    async fn an_acceptance_is_signed_in_every_form_that_clients_send(world: World) {
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
                // An unescaped plus sign arrives as a space.
                let asked = format!("{scope}/sign-ed25519?token={token}&private_key={key}&mxid=%40bob:b.example");
                assert_eq!(posts_nothing(&server, &asked).await.ok(), expected, "{asked}");
                let empty = server.request(Method::POST, &asked, None).header("Content-Type", "application/json");
                assert_eq!(server.send(empty.try_clone().unwrap().body("{}")).await.ok(), expected);
                assert_eq!(server.send(empty.body("")).await.ok(), expected);
            }
        }
    }

    async fn nothing_is_signed_without_a_valid_token_and_key(world: World) {
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

    async fn malformed_invitations_are_refused_and_send_no_mail(world: World) {
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

    async fn inviting_a_bound_address_returns_its_user_and_counts_as_a_lookup(mut world: World) {
        world.config.budgets.lookup_user = Bucket { capacity: 2, per_hour: 60 };
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
        assert_eq!(alice.looks_up("bob@example.com").await, Some(bob.mxid.clone()), "the lookup is already counted");
        invites(&alice, "carol@example.com").await.ok();
        let refused = invites(&alice, "dave@example.com").await;
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert!(refused.headers.contains_key("retry-after"));
        let recipients: Vec<_> = world.mail.messages().into_iter().flat_map(|mail| mail.to).collect();
        // Bob is notified of the bind.
        assert_eq!(recipients.iter().filter(|to| *to != "bob@example.com").collect::<Vec<_>>(), ["carol@example.com"]);
    }

    async fn a_phone_number_is_invited_by_text_message(mut world: World) {
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
        // The last four are not valid: an unassigned calling code, a trunk prefix, and two numbers
        // that are too short.
        for bad in ["+491701234567", "abc", "", "123", "999999999999999", "4901701234567", "4912345", "44080012"] {
            asked["address"] = bad.into();
            assert_eq!(alice.post("/store-invite", asked.clone()).await.error(), (400, "M_INVALID_ADDRESS"), "{bad}");
        }
        assert_eq!(world.mail.count(), 0);
    }

    async fn an_address_bound_while_its_mail_is_sent_is_not_invited(mut world: World) {
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

    async fn invitations_of_one_address_are_independent(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let first = invites(&alice, "carol@example.com").await.ok();
        let first_path = signing_path(&world, &server, "carol@example.com", "@carol:c.example").await;
        world.mail.forget();
        let second = invites(&bob, "carol@example.com").await.ok();
        let mail = world.mail.wait_to("carol@example.com").await;
        assert_ne!(first["token"], second["token"]);
        assert_ne!(ephemeral_key(&first), ephemeral_key(&second));
        // Neither the answer nor the mail of one reveals anything about the other.
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

    async fn a_key_is_valid_until_ninety_days_after_its_invitation(world: World) {
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

    async fn the_operator_can_block_homeservers_and_rooms(mut world: World) {
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

    async fn an_invitation_is_deleted_with_its_inviter(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites(&alice, "bob@example.com").await.ok();
        let path = signing_path(&world, &server, "bob@example.com", "@bob:b.example").await;
        execute(&world, "DELETE FROM accounts").await;
        assert_eq!(posts_nothing(&server, &path).await.error(), (404, "M_UNRECOGNIZED"));
    }
}
