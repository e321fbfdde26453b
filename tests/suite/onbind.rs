//! A bind completes pending invitations: the user's homeserver is notified once, however long that
//! takes.

use std::collections::BTreeSet;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR, MINUTE, Millis};
use vouch_test_support::homeserver::Conduct;

use crate::binding::assert_signed;
use crate::database::{count, texts};
use crate::world::{NOON, Person, SECRET, World, until};

pub const EMAIL: &str = "alice@example.com";
pub const ROOM: &str = "!room:elsewhere.example";
pub const PATIENCE: Duration = Duration::from_secs(30);
const RETENTION: Millis = 7 * DAY;

pub async fn until_told(world: &World, times: usize) {
    until(PATIENCE, "the homeserver is not told", async || world.homeserver.told().len() >= times).await;
}

pub async fn until_nothing_is_left(world: &World) {
    until(PATIENCE, "something is left", async || count(world, "outbox").await == 0).await;
}

/// Waits until every delivery has failed this many times.
pub async fn until_tried(world: &World, times: usize) {
    let sql = "SELECT CAST(attempts AS TEXT) AS text FROM outbox WHERE kind = 'onbind' AND held_until = 0";
    until(PATIENCE, "it is not tried", async || {
        let tried = texts(world, sql).await;
        !tried.is_empty() && tried.iter().all(|tried| *tried == times.to_string())
    })
    .await;
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

/// Returns the only invitation in a request to a homeserver.
pub fn invitation(request: &Request<Bytes>) -> Value {
    let body = body(request);
    let [invitation] = body["invites"].as_array().unwrap().as_slice() else { panic!("one invitation a request") };
    invitation.clone()
}

/// Returns the tokens of the invitations that the homeserver received, in order.
pub fn told(world: &World) -> Vec<String> {
    let token = |request: &Request<Bytes>| invitation(request)["token"].as_str().unwrap().to_owned();
    world.homeserver.told().iter().map(token).collect()
}

/// Invites an unbound address to a room, and returns the invitation's token.
pub async fn invites(inviter: &Person<'_>, room: &str, address: &str) -> String {
    let token = tries_to_invite(inviter, room, address).await.expect("the address is bound to nobody");
    // Discards the mail, so that the next one to this address is the one awaited.
    inviter.world.mail.forget();
    token
}

/// Does the same, or returns `None` if the address is bound.
async fn tries_to_invite(inviter: &Person<'_>, room: &str, address: &str) -> Option<String> {
    let asked = json!({ "medium": "email", "address": address, "room_id": room, "sender": inviter.mxid });
    let answer = inviter.post("/store-invite", asked).await;
    if answer.error() == (400, "M_THREEPID_IN_USE") {
        return None;
    }
    Some(answer.ok()["token"].as_str().unwrap().to_owned())
}

/// Answers like a homeserver that does not support the method.
fn without(status: StatusCode) -> impl FnMut(&Method, &Value) -> (StatusCode, Value) + Send {
    move |method, _| if method == Method::POST { (status, json!({})) } else { (StatusCode::OK, json!({})) }
}

on_both_backends! {
    async fn a_bind_notifies_the_homeserver_of_the_invitation(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, ROOM, EMAIL).await;
        let answer = alice.binds(EMAIL).await;
        assert!(answer.get("invites").is_none(), "{answer}");
        until_told(&world, 1).await;
        let [request]: [Request<Bytes>; 1] = world.homeserver.told().try_into().unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.headers()["content-type"], "application/json");
        assert!(!request.headers().contains_key("authorization"));

        let mut body = body(&request);
        let name = world.config.server.name.as_str();
        assert_signed(&server, name, &body).await;
        assert_signed(&server, name, &body["invites"][0]["signed"]).await;
        body.as_object_mut().unwrap().remove("signatures");
        body["invites"][0]["signed"].as_object_mut().unwrap().remove("signatures");
        let invitation = json!({
            "medium": "email", "address": EMAIL, "mxid": "@alice:hs.example", "room_id": ROOM,
            "sender": "@bob:hs.example", "token": token, "signed": { "mxid": "@alice:hs.example", "token": token },
        });
        let mut expected = answer;
        expected.as_object_mut().unwrap().remove("signatures");
        expected["invites"] = json!([invitation]);
        assert_eq!(body, expected);

        until_nothing_is_left(&world).await;
        assert_eq!(texts(&world, "SELECT 'kept' AS text FROM invites WHERE address IS NOT NULL OR address_index IS NOT NULL").await, Vec::<String>::new());
    }

    async fn an_invitation_is_signed_with_the_key_its_room_was_given(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;
        // The room knows the old key; a new one signs from now on.
        let file = &world.config.keys.signing_key_file;
        let old = std::fs::read_to_string(file).unwrap();
        std::fs::write(file, format!("ed25519 new YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n{old}")).unwrap();
        let server = world.start().await;
        Person { world: &world, server: &server, mxid, token }.binds_by(&sid).await.ok();
        until_told(&world, 1).await;
        let signed = invitation(&world.homeserver.told()[0])["signed"].clone();
        let name = world.config.server.name.as_str();
        assert_signed(&server, name, &signed).await;
        assert!(signed["signatures"][name].get("ed25519:new").is_none(), "{signed}");
    }

    async fn put_is_tried_where_post_is_not_supported(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let sid = alice.proves(EMAIL).await;
        for (times, status) in [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].into_iter().enumerate() {
            world.homeserver.answer_onbind(without(status));
            invites(&bob, ROOM, EMAIL).await;
            alice.binds_by(&sid).await.ok();
            until_nothing_is_left(&world).await;
            let requests = world.homeserver.told().split_off(2 * times);
            let methods: Vec<_> = requests.iter().map(Request::method).collect();
            assert_eq!(methods, [Method::POST, Method::PUT], "{status}");
            assert_eq!(requests[0].body(), requests[1].body());
            let threepid = json!({ "medium": "email", "address": EMAIL });
            let unbinding = json!({ "sid": sid, "client_secret": SECRET, "mxid": alice.mxid, "threepid": threepid });
            alice.post("/3pid/unbind", unbinding).await.ok();
        }
    }

    async fn a_refusal_is_final_and_affects_no_other_invitation(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        world.homeserver.answer_onbind(|_, told| match told["invites"][0]["room_id"].as_str() {
            Some("!revoked:elsewhere.example") => (StatusCode::FORBIDDEN, json!({ "errcode": "M_FORBIDDEN" })),
            _ => (StatusCode::OK, json!({})),
        });
        let mut tokens = BTreeSet::new();
        for room in [ROOM, "!revoked:elsewhere.example", "!third:elsewhere.example"] {
            tokens.insert(invites(&bob, room, EMAIL).await);
        }
        alice.binds(EMAIL).await;
        until_nothing_is_left(&world).await;
        assert_eq!(world.homeserver.told().len(), 3);
        assert_eq!(told(&world).into_iter().collect::<BTreeSet<_>>(), tokens);
    }

    async fn a_homeserver_that_is_down_for_an_hour_is_notified_afterwards(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds_by(&sid).await.ok();
        for times in 1..=4 {
            until_tried(&world, times).await;
            world.clock.advance(20 * MINUTE);
        }
        assert_eq!(texts(&world, "SELECT trouble AS text FROM outbox WHERE kind = 'onbind'").await, ["out of reach (http)"]);
        let before = world.homeserver.told().len();
        world.homeserver.behave(Conduct::Honest);
        world.clock.advance(2 * HOUR);
        until_nothing_is_left(&world).await;
        assert_eq!(told(&world).split_off(before), [token]);
    }

    async fn a_homeservers_retry_after_is_respected(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        world.homeserver.answer_onbind(|_, _| (StatusCode::TOO_MANY_REQUESTS, json!({ "retry_after_ms": 5 * HOUR })));
        invites(&bob, ROOM, EMAIL).await;
        alice.binds(EMAIL).await;
        until_tried(&world, 1).await;
        let next: Millis = texts(&world, "SELECT CAST(next_at AS TEXT) AS text FROM outbox WHERE kind = 'onbind'").await[0].parse().unwrap();
        assert!((NOON + 5 * HOUR..=NOON + 7 * HOUR).contains(&next), "{next}");
    }

    async fn a_slow_homeserver_delays_no_other(world: World) {
        let mut world = world;
        world.config.server.shutdown_timeout = Duration::ZERO;
        world.config.budgets.invites_address.capacity = 100;
        let ca = vouch_test_support::ca::Ca::new();
        let slow = vouch_test_support::homeserver::Homeserver::start("slow.example", &ca);
        let mut trusted = std::fs::read_to_string(world.folder.path().join("ca.pem")).unwrap();
        ca.write_to(&world.folder.path().join("other.pem"));
        trusted += &std::fs::read_to_string(world.folder.path().join("other.pem")).unwrap();
        std::fs::write(world.folder.path().join("ca.pem"), trusted).unwrap();
        world.config.federation.overrides.insert("slow.example".try_into().unwrap(), slow.address().into());
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let openid = slow.openid_token("sloth");
        let registered = server.post("/_matrix/identity/v2/account/register", None, &openid).await.ok();
        let token = registered["token"].as_str().unwrap().to_owned();
        let sloth = Person { world: &world, server: &server, mxid: slow.user_id("sloth"), token };
        sloth.accepts_everything().await;
        let sid = sloth.proves("sloth@example.com").await;
        slow.behave(Conduct::Slow(Duration::from_hours(1)));
        for _ in 0..8 {
            invites(&bob, ROOM, "sloth@example.com").await;
        }
        sloth.binds_by(&sid).await.ok();
        until(PATIENCE, "the slow one is not told", async || slow.told().len() == 4).await;
        let token = invites(&bob, ROOM, EMAIL).await;
        alice.binds(EMAIL).await;
        until_told(&world, 1).await;
        assert_eq!(told(&world), [token]);
        assert_eq!(slow.told().len(), 4);
    }

    async fn an_expired_invitation_is_not_delivered(mut world: World) {
        world.config.notices.enabled = false;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        world.clock.advance(30 * DAY);
        server.until_ready().await;
        alice.binds(EMAIL).await;
        assert_eq!((count(&world, "outbox").await, world.homeserver.told().len()), (0, 0));
    }

    async fn a_delivery_is_given_up_after_a_week(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds_by(&sid).await.ok();
        until_tried(&world, 1).await;
        world.clock.advance(RETENTION - 1);
        until_tried(&world, 2).await;
        // The nodes sweep every ten minutes.
        world.clock.advance(11 * MINUTE);
        until(PATIENCE, "something is left", async || {
            // Wakes the sweeper in case it was busy when the clock was advanced.
            world.clock.advance(1);
            count(&world, "outbox").await == 0
        })
        .await;
        assert_eq!(world.homeserver.told().len(), 2);
    }

    async fn a_homeserver_in_a_private_network_is_not_contacted(mut world: World) {
        world.config.notices.enabled = false;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;
        // The homeserver moves to a private address.
        let name = world.homeserver.name().try_into().unwrap();
        world.config.federation.overrides.insert(name, "10.1.2.3:8448".parse().unwrap());
        let server = world.start().await;
        Person { world: &world, server: &server, mxid, token }.binds_by(&sid).await.ok();
        until_tried(&world, 1).await;
        assert_eq!(texts(&world, "SELECT trouble AS text FROM outbox WHERE kind = 'onbind'").await, ["out of reach (filter)"]);
    }

    async fn an_invitation_concurrent_with_the_bind_is_refused_or_delivered(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let mut kept = BTreeSet::new();
        for n in 0..12 {
            let address = format!("alice{n}@example.com");
            let sid = alice.proves(&address).await;
            let (bound, token) = tokio::join!(alice.binds_by(&sid), tries_to_invite(&bob, ROOM, &address));
            bound.ok();
            kept.extend(token);
        }
        until_nothing_is_left(&world).await;
        assert_eq!(told(&world).into_iter().collect::<BTreeSet<_>>(), kept);
        let left = "SELECT 'left' AS text FROM invites WHERE address_index IS NOT NULL";
        assert_eq!(texts(&world, left).await, Vec::<String>::new());
    }
}
