//! A bind completes the invitations that waited for it: the homeserver of the user is told, once, however long that takes.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR, MINUTE, Millis};
use vouch::config::{Config, DatabaseUrl};
use vouch_test_support::homeserver::Conduct;
use vouch_test_support::postgres::Cluster;

use crate::binding::assert_signed;
use crate::database::{count, texts};
use crate::process::{Binary, Done};
use crate::world::{NOON, Person, SECRET, Server, World};

const EMAIL: &str = "alice@example.com";
const MARKER: &str = "marker@example.com";
const ROOM: &str = "!room:elsewhere.example";
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a node holds what it delivers.
const LEASE: Millis = 10 * MINUTE;
const RETENTION: Millis = 7 * DAY;

/// Asks until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn until_told(world: &World, times: usize) {
    until("the homeserver is not told", async || world.homeserver.told().len() >= times).await;
}

async fn until_nothing_is_left(world: &World) {
    until("something is left", async || count(world, "outbox").await == 0).await;
}

/// Waits until every delivery was tried so often without success.
async fn until_tried(world: &World, times: usize) {
    let sql = "SELECT CAST(attempts AS TEXT) AS text FROM outbox WHERE kind = 'onbind' AND held_until = 0";
    until("it is not tried", async || {
        let tried = texts(world, sql).await;
        !tried.is_empty() && tried.iter().all(|tried| *tried == times.to_string())
    })
    .await;
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

/// The one invitation that a homeserver was told of.
pub fn invitation(request: &Request<Bytes>) -> Value {
    let body = body(request);
    let [invitation] = body["invites"].as_array().unwrap().as_slice() else { panic!("one invitation a request") };
    invitation.clone()
}

/// The tokens of the invitations that the homeserver was told of, in order.
fn told(world: &World) -> Vec<String> {
    let token = |request: &Request<Bytes>| invitation(request)["token"].as_str().unwrap().to_owned();
    world.homeserver.told().iter().map(token).collect()
}

/// Invites an address that is bound to nobody into a room; returns the invitation's token.
async fn invites(inviter: &Person<'_>, room: &str, address: &str) -> String {
    let token = tries_to_invite(inviter, room, address).await.expect("the address is bound to nobody");
    // So that the next mail to the address is the one that is waited for.
    inviter.world.mail.forget();
    token
}

/// The same, if it is bound to nobody.
async fn tries_to_invite(inviter: &Person<'_>, room: &str, address: &str) -> Option<String> {
    let asked = json!({ "medium": "email", "address": address, "room_id": room, "sender": inviter.mxid });
    let answer = inviter.post("/store-invite", asked).await;
    if answer.error() == (400, "M_THREEPID_IN_USE") {
        return None;
    }
    Some(answer.ok()["token"].as_str().unwrap().to_owned())
}

/// Somebody whose address is proved and waits to be bound.
async fn binds(person: &Person<'_>, sid: &str) -> Value {
    person.post("/3pid/bind", json!({ "sid": sid, "client_secret": SECRET, "mxid": person.mxid })).await.ok()
}

/// As a homeserver that knows none of the methods in question.
fn without(status: StatusCode) -> impl FnMut(&Method, &Value) -> (StatusCode, Value) + Send {
    move |method, _| if method == Method::POST { (status, json!({})) } else { (StatusCode::OK, json!({})) }
}

on_both_backends! {
    async fn a_bind_tells_the_homeserver_of_the_invitation(world: World) {
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

    async fn an_invitation_is_signed_by_the_key_that_its_room_was_shown(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;
        // The room knows the old key; from now on another one signs.
        let file = &world.config.keys.signing_key_file;
        let old = std::fs::read_to_string(file).unwrap();
        std::fs::write(file, format!("ed25519 new YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n{old}")).unwrap();
        let server = world.start().await;
        binds(&Person { world: &world, server: &server, mxid, token }, &sid).await;
        until_told(&world, 1).await;
        let signed = invitation(&world.homeserver.told()[0])["signed"].clone();
        let name = world.config.server.name.as_str();
        assert_signed(&server, name, &signed).await;
        assert!(signed["signatures"][name].get("ed25519:new").is_none(), "{signed}");
    }

    async fn where_post_is_unknown_it_is_put(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let sid = alice.proves(EMAIL).await;
        for (times, status) in [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].into_iter().enumerate() {
            world.homeserver.answer_onbind(without(status));
            invites(&bob, ROOM, EMAIL).await;
            binds(&alice, &sid).await;
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

    async fn a_refusal_is_final_and_spoils_no_other_invitation(world: World) {
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

    async fn a_homeserver_that_is_away_for_an_hour_is_told_afterwards(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::HangsUp);
        binds(&alice, &sid).await;
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

    async fn a_homeserver_that_wants_to_be_left_alone_is(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        world.homeserver.answer_onbind(|_, _| (StatusCode::TOO_MANY_REQUESTS, json!({ "retry_after_ms": 5 * HOUR })));
        invites(&bob, ROOM, EMAIL).await;
        alice.binds(EMAIL).await;
        until_tried(&world, 1).await;
        let next: Millis = texts(&world, "SELECT CAST(next_at AS TEXT) AS text FROM outbox WHERE kind = 'onbind'").await[0].parse().unwrap();
        assert!((NOON + 5 * HOUR..=NOON + 7 * HOUR).contains(&next), "{next}");
    }

    async fn what_is_queued_survives_a_restart_and_arrives_once(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::HangsUp);
        binds(&alice, &sid).await;
        until_tried(&world, 1).await;
        let (mxid, access) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;
        let before = world.homeserver.told().len();
        world.homeserver.behave(Conduct::Honest);
        world.clock.advance(HOUR);
        let server = world.start().await;
        until_nothing_is_left(&world).await;
        // Nor does anything tell it again: another bind, time, another start.
        binds(&Person { world: &world, server: &server, mxid: mxid.clone(), token: access.clone() }, &sid).await;
        world.clock.advance(DAY);
        server.stop().await;
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token: access };
        marks(&world, &server, &alice).await;
        assert_eq!(told(&world).iter().skip(before).filter(|one| **one == token).count(), 1);
    }

    async fn two_nodes_share_the_work_and_deliver_once(world: World) {
        let mut world = world;
        world.config.budgets.invites_address.capacity = 100;
        let (one, other) = (world.start().await, world.start().await);
        let (alice, bob) = (world.person(&one, "alice").await, world.person(&other, "bob").await);
        let mut tokens = Vec::new();
        for _ in 0..24 {
            tokens.push(invites(&bob, ROOM, EMAIL).await);
        }
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::Slow(Duration::from_millis(300)));
        binds(&alice, &sid).await;
        until("something is left", async || {
            // Whoever waits for time to pass looks again.
            world.clock.advance(1);
            count(&world, "outbox").await == 0
        })
        .await;
        let mut told = told(&world);
        told.sort();
        tokens.sort();
        assert_eq!(told, tokens);
        // One node makes four at once to one homeserver.
        assert!((5..=8).contains(&world.homeserver.most_at_once()), "{}", world.homeserver.most_at_once());
    }

    async fn what_an_abandoned_node_held_is_delivered_once_its_lease_is_over(world: World) {
        let mut world = world;
        world.config.notices.enabled = false;
        world.config.server.shutdown_timeout = Duration::ZERO;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::Slow(Duration::from_hours(1)));
        binds(&alice, &sid).await;
        until_told(&world, 1).await;
        let (mxid, access) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;

        world.homeserver.behave(Conduct::Honest);
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token: access };
        // It may have arrived: nobody tries it again while it is held.
        marks(&world, &server, &alice).await;
        assert_eq!(told(&world).iter().filter(|one| **one == token).count(), 1);
        until("it is held no more", async || count(&world, "outbox").await == 1).await;
        world.clock.advance(LEASE);
        until_nothing_is_left(&world).await;
        assert_eq!(told(&world).iter().filter(|one| **one == token).count(), 2);
    }

    async fn a_slow_homeserver_holds_up_no_other(world: World) {
        let mut world = world;
        world.config.server.shutdown_timeout = Duration::ZERO;
        world.config.budgets.invites_address.capacity = 100;
        let ca = vouch_test_support::ca::Ca::new();
        let slow = vouch_test_support::homeserver::Homeserver::start("slow.example", &ca);
        let mut trusted = std::fs::read_to_string(world.folder.path().join("ca.pem")).unwrap();
        ca.write_to(&world.folder.path().join("other.pem"));
        trusted += &std::fs::read_to_string(world.folder.path().join("other.pem")).unwrap();
        std::fs::write(world.folder.path().join("ca.pem"), trusted).unwrap();
        world.config.federation.overrides.insert("slow.example".try_into().unwrap(), slow.address().to_string());
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
        binds(&sloth, &sid).await;
        until("the slow one is not told", async || slow.told().len() == 4).await;
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

    async fn what_could_not_be_delivered_for_a_week_is_given_up(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::HangsUp);
        binds(&alice, &sid).await;
        until_tried(&world, 1).await;
        world.clock.advance(RETENTION - 1);
        until_tried(&world, 2).await;
        // The nodes sweep every ten minutes.
        world.clock.advance(11 * MINUTE);
        until("something is left", async || {
            // Wakes the sweeper, should it not have been asleep when the time passed.
            world.clock.advance(1);
            count(&world, "outbox").await == 0
        })
        .await;
        assert_eq!(world.homeserver.told().len(), 2);
    }

    async fn a_homeserver_in_our_own_network_is_not_told(mut world: World) {
        world.config.notices.enabled = false;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;
        // The homeserver moves to where nobody may go.
        let name = world.homeserver.name().try_into().unwrap();
        world.config.federation.overrides.insert(name, "10.1.2.3:8448".to_owned());
        let server = world.start().await;
        binds(&Person { world: &world, server: &server, mxid, token }, &sid).await;
        until_tried(&world, 1).await;
        assert_eq!(texts(&world, "SELECT trouble AS text FROM outbox WHERE kind = 'onbind'").await, ["out of reach (filter)"]);
    }

    async fn an_invitation_in_the_moment_of_the_bind_is_refused_or_delivered(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let mut kept = BTreeSet::new();
        for n in 0..12 {
            let address = format!("alice{n}@example.com");
            let sid = alice.proves(&address).await;
            let (_, token) = tokio::join!(binds(&alice, &sid), tries_to_invite(&bob, ROOM, &address));
            kept.extend(token);
        }
        until_nothing_is_left(&world).await;
        assert_eq!(told(&world).into_iter().collect::<BTreeSet<_>>(), kept);
        let left = "SELECT 'left' AS text FROM invites WHERE address_index IS NOT NULL";
        assert_eq!(texts(&world, left).await, Vec::<String>::new());
    }

    async fn the_operator_sees_the_queue_retries_and_drops(mut world: World) {
        world.config.notices.enabled = false;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let binary = beside(&world);
        assert_eq!(done(binary.run(&["outbox", "list"])), "nothing is waiting to be delivered\n");
        for room in [ROOM, "!other:elsewhere.example", "!third:elsewhere.example"] {
            invites(&bob, room, EMAIL).await;
        }
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::HangsUp);
        binds(&alice, &sid).await;
        until_tried(&world, 1).await;

        let list = done(binary.run(&["outbox", "list"]));
        let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect()).collect();
        assert_eq!(lines[0], ["ID", "KIND", "TO", "QUEUED", "ATTEMPTS", "NEXT", "TROUBLE"]);
        assert_eq!(lines.len(), 4);
        let id = lines[1][0];
        assert_eq!(lines[1], [id, "onbind", "hs.example", "2026-11-23T12:00:00Z", "1", lines[1][5], "out of reach (http)"]);
        assert!(!list.contains("alice"), "{list}");
        let revealed = done(binary.run(&["outbox", "list", "--reveal"]));
        assert!(revealed.contains("@alice:hs.example  alice@example.com"), "{revealed}");
        let listed: Value = serde_json::from_str(&done(binary.run(&["outbox", "list", "--json"]))).unwrap();
        let mut first = listed[0].clone();
        first.as_object_mut().unwrap().remove("next_at");
        assert_eq!(first, json!({
            "id": id.parse::<i64>().unwrap(), "kind": "onbind", "destination": "hs.example", "queued_at": NOON, "attempts": 1,
            "under_way": false, "trouble": "out of reach (http)",
        }));

        // Time stands still, so nothing is tried again unless by hand.
        world.homeserver.behave(Conduct::Honest);
        let before = world.homeserver.told().len();
        assert_eq!(done(binary.run(&["outbox", "retry", id])), "1 delivery is tried now\n");
        until("it is not delivered", async || count(&world, "outbox").await == 2).await;
        assert_eq!(world.homeserver.told().len(), before + 1);
        let gone = binary.run(&["outbox", "drop", id]);
        assert_eq!((gone.status, gone.stderr), (Some(1), format!("there is no delivery {id}; it may have arrived\n")));
        assert_eq!(done(binary.run(&["outbox", "drop", lines[2][0]])), "1 delivery is given up\n");
        assert_eq!(done(binary.run(&["outbox", "retry", "--all"])), "1 delivery is tried now\n");
        until_nothing_is_left(&world).await;
        assert_eq!(world.homeserver.told().len(), before + 2);
        assert_eq!(done(binary.run(&["outbox", "drop", "--all"])), "0 deliveries are given up\n");
    }

    async fn what_is_queued_is_exported_and_erased_with_whom_it_is_about(mut world: World) {
        world.config.notices.enabled = false;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let carol = world.person(&server, "carol").await;
        let binary = beside(&world);
        let addresses = [EMAIL, "second@example.com", "third@example.com"];
        let inviters = [&bob, &bob, &carol];
        let mut sids = Vec::new();
        for (address, inviter) in addresses.into_iter().zip(inviters) {
            invites(inviter, ROOM, address).await;
            sids.push(alice.proves(address).await);
        }
        world.homeserver.behave(Conduct::HangsUp);
        for sid in &sids {
            binds(&alice, sid).await;
        }
        until_tried(&world, 1).await;
        let exported = |user: &str| {
            let export: Value = serde_json::from_str(&done(binary.run(&["export", "--user", user]))).unwrap();
            let of = |one: &Value| one["address"].as_str().unwrap().to_owned();
            export["deliveries"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(exported(&alice.mxid), addresses);
        assert_eq!(exported(&bob.mxid), &addresses[..2]);
        assert_eq!(exported(&carol.mxid), &addresses[2..]);

        let erase = |whose: &[&str]| {
            let receipt = done(binary.run(&[&["erase", "--yes"], whose].concat()));
            serde_json::from_str::<Value>(&receipt).unwrap()["erased"]["deliveries"].clone()
        };
        assert_eq!((erase(&["--address", EMAIL]), count(&world, "outbox").await), (json!(1), 2));
        assert_eq!((erase(&["--user", &carol.mxid]), count(&world, "outbox").await), (json!(1), 1));
        assert_eq!((erase(&["--user", &alice.mxid]), count(&world, "outbox").await), (json!(1), 0));
    }
}

/// What a command that must have succeeded said.
#[track_caller]
fn done(done: Done) -> String {
    assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    done.stdout
}

/// The binary beside the world's server, with the same keys, database and overrides.
fn beside(world: &World) -> Binary {
    let Config { server, keys, database, .. } = &world.config;
    let mut binary = Binary::of(world);
    let url = match &database.url {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.to_string(),
    };
    binary.set("VOUCH__DATABASE__URL", &url);
    binary.set("VOUCH__SERVER__NAME", server.name.as_str());
    binary.set("VOUCH__KEYS__MASTER_KEY_FILE", &keys.master_key_file.display().to_string());
    binary.set("VOUCH__KEYS__SIGNING_KEY_FILE", &keys.signing_key_file.display().to_string());
    binary
}

/// Has an invitation delivered that is queued only now: what was due before it was tried before it.
async fn marks(world: &World, server: &Server, person: &Person<'_>) {
    server.until_ready().await;
    let before = world.homeserver.told().len();
    let inviter = world.person(server, "marker").await;
    let token = invites(&inviter, ROOM, MARKER).await;
    person.binds(MARKER).await;
    until("the marker does not arrive", async || told(world).split_off(before).contains(&token)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_when_a_delivery_arrives_does_not_let_it_be_made_again() {
    let mut world = World::on_sqlite().await;
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    world.config.database.url = DatabaseUrl::Postgres(cluster.url().to_owned().into());
    let server = world.start().await;
    let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
    let token = invites(&bob, ROOM, EMAIL).await;
    let sid = alice.proves(EMAIL).await;
    let (go, wait) = mpsc::channel();
    world.homeserver.answer_onbind(move |_, told| {
        if told["address"] == EMAIL {
            wait.recv().unwrap();
        }
        (StatusCode::OK, json!({}))
    });
    binds(&alice, &sid).await;
    until_told(&world, 1).await;
    tokio::task::block_in_place(|| cluster.stop());
    go.send(()).unwrap();
    drop(go);
    // The lease is over before the database is back.
    world.clock.advance(LEASE);
    until("the database is not missed", async || server.get("/ready", None).await.status == 503).await;
    tokio::task::block_in_place(|| cluster.start_again());
    until("the database is not back", async || server.get("/ready", None).await.status == 200).await;
    let binary = beside(&world);
    let list = || serde_json::from_str::<Value>(&done(binary.run(&["outbox", "list", "--json"]))).unwrap();
    until("it is not said that it arrived", async || list().as_array().unwrap().is_empty()).await;
    assert_eq!(told(&world).iter().filter(|one| **one == token).count(), 1);
}
