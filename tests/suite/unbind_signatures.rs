//! The forms of a homeserver's signature over an unbind request, and the keys that are accepted.

use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR};
use vouch_test_support::homeserver::Conduct;

use crate::database;
use crate::signed_unbind::{
    ALICE, EMAIL, NAME, PATH, REST, assert_refused, bound, good_header, header, is_bound, key_requests, post, to_sign,
    unbinding, unbinds,
};
use crate::world::{NOON, World};

#[tokio::test]
async fn every_form_of_signature_that_homeservers_send_is_accepted() {
    let world = World::on_sqlite().await;
    let server = bound(&world).await;
    let body = unbinding(EMAIL);
    let (key, sig) = world.homeserver.sign(&to_sign(&body, NAME));
    let mut as_specified = to_sign(&body, NAME);
    as_specified["destination"] = as_specified.as_object_mut().unwrap().remove("destination_is").unwrap();
    let (_, specified) = world.homeserver.sign(&as_specified);
    let good = format!("X-Matrix origin=\"hs.example\",key=\"{key}\",sig=\"{sig}\"");
    let bad = "X-Matrix origin=\"hs.example\",key=\"ed25519:stub\",sig=\"AAAA\"".to_owned();
    let foreign = good.replace("hs.example", "other.example");
    let wrong = good.replace(&sig, &world.homeserver.sign(&json!({})).1);
    for headers in [
        vec![format!("{good},destination=\"{NAME}\"")],
        vec![good.clone()],
        vec![format!("x-matrix origin=\"hs.example\",key=\"{key}\",sig=\"{sig}\"")],
        vec![format!("X-MATRIX  SIG=\"{sig}\" , Key={key} ,Destination={NAME}, realm=\"a\\\"b\",Origin=hs.example")],
        vec![format!("X-Matrix origin=\"hs.example\",destination=\"{NAME}\",key=\"{key}\",sig=\"{specified}\"")],
        vec![format!("X-Matrix origin=\"hs.example\",key=\"{key}\",sig=\"{specified}\"")],
        vec![bad, foreign, wrong, good.clone()],
        vec!["Bearer nonsense".to_owned(), good],
    ] {
        assert_eq!(
            post(&server, &headers.iter().map(String::as_str).collect::<Vec<_>>(), &body).await.ok(),
            json!({}),
            "{headers:?}"
        );
        assert!(!is_bound(&world).await, "{headers:?}");
        // An address receives only so many mails at once, and none while the last validation holds.
        world.clock.advance(HOUR);
        database::execute(&world, "DELETE FROM sessions").await;
        world.mail.forget();
        world.person(&server, "alice").await.binds(EMAIL).await;
    }
}

#[tokio::test]
async fn every_signature_of_a_request_is_remembered() {
    let mut world = World::on_sqlite().await;
    world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let server = bound(&world).await;
    let body = unbinding(EMAIL);
    let first = good_header(&world, &body);
    let mut as_specified = to_sign(&body, NAME);
    as_specified["destination"] = as_specified.as_object_mut().unwrap().remove("destination_is").unwrap();
    let second = header(&world, &as_specified, Some(NAME));
    post(&server, &[&first, &second], &body).await.ok();
    assert!(!is_bound(&world).await);
    database::execute(&world, "DELETE FROM sessions").await;
    world.mail.forget();
    world.person(&server, "alice").await.binds(EMAIL).await;
    for headers in [vec![second.as_str()], vec![&first], vec![&second, &first]] {
        let request = server.request(Method::POST, PATH, None).header("X-Forwarded-For", "203.0.113.7");
        let request = headers.iter().fold(request, |request, value| request.header("Authorization", *value));
        let answer = server.send(request.json(&body)).await;
        assert_refused(&answer, 403, "M_FORBIDDEN", "a signature seen before");
        assert!(is_bound(&world).await);
    }
    // From where they came first.
    post(&server, &[&second], &body).await.ok();
    assert!(!is_bound(&world).await);
}

#[tokio::test]
async fn a_signature_may_use_any_name_of_the_server() {
    let mut world = World::on_sqlite().await;
    world.homeserver.publish_keys_until(NOON + DAY);
    world.config.server.name = "signs.example".try_into().unwrap();
    world.config.server.public_url = "https://ID.example/base".parse().unwrap();
    world.config.server.aliases = vec!["old.example:8090".try_into().unwrap()];
    let server = world.start().await;
    let body = unbinding(EMAIL);
    let answer = async |name: &str, destination: Option<&str>, uri: &str| {
        let mut object = to_sign(&body, name);
        object["uri"] = uri.into();
        post(&server, &[&header(&world, &object, destination)], &body).await
    };
    for name in ["signs.example", "id.example", "id.example:443", "id.example/base", "old.example:8090"] {
        for uri in [PATH, &format!("/base{PATH}")] {
            answer(name, Some(name), uri).await.ok();
            answer(name, None, uri).await.ok();
        }
    }
    for name in ["ID.Example", "id.example/base/", "Signs.EXAMPLE"] {
        answer(name, Some(name), PATH).await.ok();
    }
    for name in
        ["example", "old.example", "127.0.0.1", "id.example:8448", "id.example/other", "", "evil.example/id.example"]
    {
        assert_refused(&answer(name, Some(name), PATH).await, 401, "M_UNAUTHORIZED", name);
        assert_refused(&answer(name, None, PATH).await, 401, "M_UNAUTHORIZED", name);
    }
    assert_refused(
        &answer("id.example", None, &format!("/other{PATH}")).await,
        401,
        "M_UNAUTHORIZED",
        "another prefix",
    );
}

#[tokio::test]
async fn the_signature_covers_the_whole_body_as_canonical_json() {
    let world = World::on_sqlite().await;
    let server = bound(&world).await;
    let mut body = unbinding(EMAIL);
    body["more"] =
        json!({ "\u{e4}\u{1f600}\"\\\n": [null, true, -9_007_199_254_740_991_i64, { "a": {} }], "": "\u{7f}\u{1}" });
    assert_eq!(post(&server, &[&good_header(&world, &body)], &body).await.ok(), json!({}));
    let header = good_header(&world, &unbinding(EMAIL));
    for number in ["1.0", "1.5", "1e3", "-0.0", "9007199254740992", "-9007199254740992", "18446744073709551616"] {
        let text = format!(
            "{{\"mxid\":\"{ALICE}\",\"threepid\":{{\"medium\":\"email\",\"address\":\"{EMAIL}\"}},\"n\":{number}}}"
        );
        let request = server.request(Method::POST, PATH, None).header("Authorization", &header).body(text);
        assert_refused(&server.send(request).await, 400, "M_BAD_JSON", number);
    }
    for (text, errcode) in
        [("{", "M_NOT_JSON"), ("[]", "M_BAD_JSON"), ("{\"a\":1,\"a\":1}", "M_BAD_JSON"), ("{}", "M_MISSING_PARAMS")]
    {
        let request = server.request(Method::POST, PATH, None).header("Authorization", &header).body(text);
        assert_refused(&server.send(request).await, 400, errcode, text);
    }
    let long = format!("{{\"mxid\":\"{}\"}}", "x".repeat(64 * 1024));
    let request = server.request(Method::POST, PATH, None).header("Authorization", &header).body(long);
    assert_refused(&server.send(request).await, 413, "M_TOO_LARGE", "64 KiB and more");
}

#[tokio::test]
async fn a_homeservers_keys_are_valid_as_stated_and_for_a_week_at_most() {
    let world = World::on_sqlite().await;
    let server = bound(&world).await;
    for wrong in [
        json!((NOON + DAY).to_string()),
        json!(1.8e12),
        json!(1_800_000_000_000.5),
        json!(-1),
        json!(1_u64 << 63),
        json!(NOON),
        json!(null),
    ] {
        world.homeserver.publish_keys_until(wrong.clone());
        world.clock.advance(REST);
        assert_refused(&unbinds(&world, &server).await, 401, "M_UNAUTHORIZED", &wrong.to_string());
    }
    let document = |change: &dyn Fn(&mut Value)| {
        world.homeserver.publish_keys_until(world.clock.now() + DAY);
        let mut document = world.homeserver.key_document();
        change(&mut document);
        Conduct::Answers(200, document.to_string())
    };
    let wrong: [&dyn Fn(&mut Value); 4] = [
        &|document| document["signatures"] = json!({}),
        &|document| document["server_name"] = json!("other.example"),
        &|document| document["old_verify_keys"] = document["verify_keys"].take(),
        &|document| document["valid_until_ts"] = json!(NOON + 2 * DAY),
    ];
    for change in wrong {
        world.homeserver.behave(document(change));
        world.clock.advance(REST);
        let answer = unbinds(&world, &server).await;
        assert_refused(&answer, 401, "M_UNAUTHORIZED", &format!("{:?}", document(change)));
    }
    world.homeserver.behave(Conduct::Honest);
    assert!(is_bound(&world).await);

    world.homeserver.publish_keys_until(NOON + 365 * DAY);
    world.clock.advance(REST);
    let asked = key_requests(&world);
    unbinds(&world, &server).await.ok();
    assert_eq!(key_requests(&world), asked + 1);
    world.clock.advance(7 * DAY - 1);
    unbinds(&world, &server).await.ok();
    assert_eq!(key_requests(&world), asked + 1);
    world.clock.advance(1);
    unbinds(&world, &server).await.ok();
    assert_eq!(key_requests(&world), asked + 2);
}

#[tokio::test]
async fn a_homeserver_can_change_its_key() {
    let world = World::on_sqlite().await;
    let server = bound(&world).await;
    let body = unbinding(EMAIL);
    let before = good_header(&world, &body);
    post(&server, &[&before], &body).await.ok();
    world.homeserver.rotate_key("ed25519:new");
    let after = good_header(&world, &body);
    // It was asked recently and is not asked again at once; later once for the new key.
    assert_refused(&post(&server, &[&after], &body).await, 401, "M_UNAUTHORIZED", "too soon");
    assert_eq!(key_requests(&world), 1);
    world.clock.advance(REST);
    post(&server, &[&after], &body).await.ok();
    for n in 0..5 {
        let unknown = after.replace("ed25519:new", &format!("ed25519:{n}"));
        assert_refused(&post(&server, &[&unknown], &body).await, 401, "M_UNAUTHORIZED", "unknown key");
    }
    assert_eq!(key_requests(&world), 2);
    assert_refused(&post(&server, &[&before], &body).await, 401, "M_UNAUTHORIZED", "an old key");
}
