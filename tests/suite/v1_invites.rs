//! Invitations by version 1 of the API, as Dendrite makes them: for listed homeservers, without a
//! token.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use url::form_urlencoded;
use vouch::clock::SECOND;
use vouch::config::Bucket;

use crate::address_visitor::FORM;
use crate::database::count;
use crate::invitations::{V1, V2, assert_signed_by, ephemeral_key, is_valid, posts_nothing, signing_path};
use crate::onbind::{PATIENCE, invitation, until_nothing_is_left, until_told};
use crate::world::{Answer, Server, World, until};

const BOB: &str = "bob@example.com";
const SENDER: &str = "@alice:hs.example";
/// The address that the homeserver connects from, behind a trusted proxy.
const LISTED: &str = "10.1.2.3";
const FIELDS: [(&str, &str); 5] = [
    ("medium", "email"),
    ("address", BOB),
    ("room_id", "!room:hs.example"),
    ("sender", SENDER),
    ("sender_display_name", "Alice"),
];

fn listed(world: &mut World) {
    world.config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let ranges = vec!["fd00::/64".parse().unwrap(), "10.1.2.0/24".parse().unwrap()];
    world.config.homeservers.v1_invites = [("hs.example".try_into().unwrap(), ranges)].into();
}

async fn looks_up(server: &Server, from: &str, email: &str) -> Answer {
    let path = format!("{V1}/lookup?medium=email&address={email}");
    server.send(server.request(Method::GET, &path, None).header("X-Forwarded-For", from)).await
}

async fn posts(server: &Server, from: &str, kind: &'static str, body: String) -> Answer {
    let request = server.request(Method::POST, &format!("{V1}/store-invite"), None);
    server.send(request.header("X-Forwarded-For", from).header(CONTENT_TYPE, kind).body(body)).await
}

/// Sends the form that Dendrite sends, with other values for some fields.
async fn invites(server: &Server, from: &str, changed: &[(&str, &str)]) -> Answer {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in FIELDS {
        let changed = changed.iter().find(|(other, _)| *other == name);
        form.append_pair(name, changed.map_or(value, |(_, value)| value));
    }
    posts(server, from, FORM, form.finish()).await
}

on_both_backends! {
    async fn dendrite_invites_an_address_that_is_not_bound(mut world: World) {
        listed(&mut world);
        let server = world.start().await;
        assert_eq!(looks_up(&server, LISTED, BOB).await.ok(), json!({}));
        let stored = invites(&server, LISTED, &[]).await.ok();
        // This is the part that Dendrite puts into the room.
        assert_eq!((stored["display_name"].as_str(), &stored["public_key"]), (Some("b...@e..."), &stored["public_keys"][0]["public_key"]));
        let path = signing_path(&world, &server, BOB, "@bob:b.example").await;
        let signed = posts_nothing(&server, &path).await.ok();
        assert_eq!((&signed["sender"], &signed["token"]), (&json!(SENDER), &stored["token"]));
        assert_signed_by(&world, &signed, &ephemeral_key(&stored));

        let bob = world.person(&server, "bob").await;
        bob.binds(BOB).await;
        until_told(&world, 1).await;
        assert_eq!(invitation(&world.homeserver.told()[0])["token"], stored["token"]);
    }

    async fn a_bound_address_looks_the_same_and_its_user_is_invited_without_a_mail(mut world: World) {
        listed(&mut world);
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        bob.binds(BOB).await;
        // The homeserver is told about it.
        until_nothing_is_left(&world).await;
        world.mail.forget();
        assert_eq!(looks_up(&server, LISTED, BOB).await.ok(), json!({}));
        let stored = invites(&server, LISTED, &[]).await.ok();
        let mut names: Vec<_> = stored.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!((names, &stored["display_name"]), (vec!["display_name", "public_key", "public_keys", "token"], &json!("b...@e...")));
        // The homeserver puts it into the room first.
        until(PATIENCE, "it is not queued", async || count(&world, "outbox").await == 1).await;
        world.clock.advance(9 * SECOND);
        assert_eq!((world.homeserver.told().len(), world.mail.messages().len()), (0, 0));
        world.clock.advance(2 * SECOND);
        until_told(&world, 1).await;
        let told = invitation(&world.homeserver.told()[0]);
        assert_eq!((&told["token"], &told["sender"]), (&stored["token"], &json!(SENDER)));
        assert_eq!((&told["mxid"], &told["address"]), (&json!(bob.mxid), &json!(BOB)));
        let key = ephemeral_key(&stored);
        assert!(is_valid(&server, V2, &key).await);
    }

    async fn only_a_listed_homeserver_invites_and_only_for_its_own_users(mut world: World) {
        let off = world.start().await;
        listed(&mut world);
        let server = world.start().await;
        for (server, from) in [(&off, LISTED), (&server, "203.0.113.9"), (&server, "10.1.3.1"), (&server, "10.1.2.3, 203.0.113.9")] {
            assert_eq!(looks_up(server, from, BOB).await.error(), (404, "M_UNRECOGNIZED"), "{from}");
            assert_eq!(invites(server, from, &[]).await.error(), (404, "M_UNRECOGNIZED"), "{from}");
        }
        for sender in ["@alice:other.example", "@alice:hs.example.evil.example", "@alice:hs.example:8448"] {
            assert_eq!(invites(&server, LISTED, &[("sender", sender)]).await.error(), (403, "M_FORBIDDEN"), "{sender}");
        }
        // Endpoints that would publish or reveal more are not served by version 1.
        for path in ["/3pid/bind", "/3pid/unbind", "/bulk_lookup", "/validate/email/requestToken", "/validate/msisdn/requestToken"] {
            let request = server.request(Method::POST, &format!("{V1}{path}"), None).header("X-Forwarded-For", LISTED);
            assert_eq!(server.send(request.body("{}")).await.error(), (404, "M_UNRECOGNIZED"), "{path}");
        }
        assert_eq!((world.mail.messages().len(), count(&world, "accounts").await, count(&world, "invites").await), (0, 0, 0));
    }

    async fn malformed_forms_are_refused(mut world: World) {
        listed(&mut world);
        let server = world.start().await;
        for (field, value, errcode) in [
            ("medium", "fax", "M_UNRECOGNIZED"),
            ("address", "bob", "M_INVALID_EMAIL"),
            ("room_id", "room", "M_INVALID_PARAM"),
            ("sender", "alice", "M_INVALID_PARAM"),
            ("address", "bob\0@example.com", "M_BAD_JSON"),
        ] {
            assert_eq!(invites(&server, LISTED, &[(field, value)]).await.error(), (400, errcode), "{field}");
        }
        for (body, error) in [
            ("", (400, "M_MISSING_PARAMS")),
            ("medium=email&medium=msisdn", (400, "M_BAD_JSON")),
            ("%ff=%ff&&&=", (400, "M_MISSING_PARAMS")),
            ("{", (400, "M_NOT_JSON")),
            ("[]", (400, "M_MISSING_PARAMS")),
        ] {
            assert_eq!(posts(&server, LISTED, FORM, body.to_owned()).await.error(), error, "{body}");
        }
        let huge = posts(&server, LISTED, FORM, "a=b&".repeat(20_000)).await;
        assert_eq!(huge.error(), (413, "M_TOO_LARGE"));
        // Other version-1 homeservers send JSON.
        let body = json!({ "medium": "email", "address": BOB, "room_id": "!r:hs.example", "sender": SENDER });
        assert!(posts(&server, LISTED, "application/json", format!("\n {body}")).await.ok()["token"].is_string());
    }

    async fn these_invitations_are_limited_and_belong_to_their_sender(mut world: World) {
        listed(&mut world);
        world.config.budgets.invites_user = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        for email in ["one@example.com", "two@example.com"] {
            invites(&server, LISTED, &[("address", email)]).await.ok();
        }
        assert_eq!(invites(&server, LISTED, &[("address", "three@example.com")]).await.error(), (429, "M_LIMIT_EXCEEDED"));
        assert_eq!(count(&world, "accounts").await, 1);
        // Once they register, they find them in their data.
        let alice = world.person(&server, "alice").await;
        let data = server.get("/_matrix/identity/unstable/im.vouch/account/data", Some(&alice.token)).await;
        assert_eq!(data.ok()["account"]["invitations"].as_array().unwrap().len(), 2);
    }
}
