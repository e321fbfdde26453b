//! Kills and full disks: acknowledged data survives, and failures are reported.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use diesel::prelude::*;
use futures_util::future::join_all;
use serde_json::json;
use vouch_test_support::homeserver::Conduct;
use vouch_test_support::mail_sink::{Action, MailSink, Options};

use crate::database::{execute, texts};
use crate::onbind::invitation;
use crate::program::{Binary, PATIENCE, binding, person, request, serve, submission};
use crate::world::{SECRET, World, until};

on_both_backends! {
    async fn a_kill_between_any_two_steps_loses_nothing(world: World) {
        let (email, mxid) = ("alice@example.com", world.homeserver.user_id("alice"));
        let program = serve(&world, &[]).await;
        let openid = world.homeserver.openid_token("alice");
        let token = program.client("").posts("/account/register", openid).await["token"].as_str().unwrap().to_owned();
        let (_, key) = program.client("").gets("/pubkey/ed25519:0").await;
        program.kill();

        let program = serve(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.gets("/account").await.1["errcode"], "M_TERMS_NOT_SIGNED");
        alice.accepts_everything().await;
        program.kill();

        let program = serve(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.gets("/account").await, (200, json!({ "user_id": mxid })));
        let (_, details) = alice.gets("/hash_details").await;
        let sid = alice.posts("/validate/email/requestToken", request(email)).await;
        program.kill();

        let program = serve(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.posts("/validate/email/requestToken", request(email)).await, sid);
        assert_eq!(world.mail.count(), 1, "what was sent is not sent again");
        let sid = sid["sid"].as_str().unwrap();
        let submitted = submission(&world, sid, email).await;
        program.kill();

        let program = serve(&world, &[]).await;
        let alice = program.client(&token);
        alice.posts("/validate/email/submitToken", submitted).await;
        program.kill();

        let program = serve(&world, &[]).await;
        let alice = program.client(&token);
        let (status, validated) = alice.gets(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}")).await;
        assert_eq!((status, &validated["address"]), (200, &json!(email)));
        let association = alice.posts("/3pid/bind", binding(sid, &mxid)).await;
        assert!(association["signatures"][world.config.server.name.as_str()].is_object());
        program.kill();

        let program = serve(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.gets("/hash_details").await.1, details);
        assert_eq!(program.client("").gets("/pubkey/ed25519:0").await.1, key);
        assert_eq!(alice.looks_up(email).await, Some(mxid.clone()));
        let mut unbinding = binding(sid, &mxid);
        unbinding["threepid"] = json!({ "medium": "email", "address": email });
        alice.posts("/3pid/unbind", unbinding).await;
        program.kill();

        let program = serve(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.looks_up(email).await, None);
        alice.posts("/account/logout", json!({})).await;
        program.kill();

        let program = serve(&world, &[]).await;
        assert_eq!(program.client(&token).gets("/account").await.0, 401);
    }

    async fn two_processes_that_start_at_once_both_come_up(world: World) {
        let (one, other) = tokio::join!(serve(&world, &[]), serve(&world, &[]));
        let (here, there) = (one.client(""), other.client(""));
        assert_eq!(here.gets("/pubkey/ed25519:0").await, there.gets("/pubkey/ed25519:0").await);
        let here = person(&world, &one.server.url, "alice").await;
        let there = other.client(&here.token);
        assert_eq!(here.gets("/hash_details").await, there.gets("/hash_details").await);
    }

    async fn a_kill_in_the_middle_loses_nothing_acknowledged(world: World) {
        let program = serve(&world, &[]).await;
        let names = ["alice", "bob", "carol", "dave"];
        let mut people = Vec::new();
        for name in names {
            people.push((person(&world, &program.server.url, name).await, world.homeserver.user_id(name)));
        }
        let acknowledged = AtomicUsize::new(0);
        let bind_until_it_dies = async |at: usize| {
            let (client, mxid) = &people[at];
            let mut bound = Vec::new();
            for n in 0..20 {
                let email = format!("{}{n}@example.com", names[at]);
                let Some((200, answer)) = client.post("/validate/email/requestToken", &request(&email)).await else { break };
                let sid = answer["sid"].as_str().unwrap();
                let submitted = submission(&world, sid, &email).await;
                let Some((200, _)) = client.post("/validate/email/submitToken", &submitted).await else { break };
                let Some((200, _)) = client.post("/3pid/bind", &binding(sid, mxid)).await else { break };
                acknowledged.fetch_add(1, Ordering::SeqCst);
                bound.push(email);
            }
            bound
        };
        let kill_it = async {
            while acknowledged.load(Ordering::SeqCst) < 8 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            program.kill();
        };
        let (bound, ()) = tokio::join!(join_all((0..names.len()).map(bind_until_it_dies)), kill_it);
        assert!(bound.iter().all(|bound| bound.len() < 20), "it was killed while they were at it");

        let program = serve(&world, &[]).await;
        for ((client, mxid), bound) in people.iter().zip(bound) {
            let client = program.client(&client.token);
            for email in bound {
                assert_eq!(client.looks_up(&email).await.as_ref(), Some(mxid), "{email}");
            }
        }
    }

    async fn a_kill_in_mid_delivery_loses_no_invitation_and_repeats_none_that_arrived(world: World) {
        let (email, mxid) = ("alice@example.com", world.homeserver.user_id("alice"));
        let variables = [("VOUCH__BUDGETS__INVITES_ADDRESS__CAPACITY", "100")];
        let program = serve(&world, &variables).await;
        let (alice, bob) = (person(&world, &program.server.url, "alice").await, person(&world, &program.server.url, "bob").await);
        let mut tokens = BTreeSet::new();
        for n in 0..12 {
            let room = format!("!room{n}:hs.example");
            let asked = json!({ "medium": "email", "address": email, "room_id": room, "sender": world.homeserver.user_id("bob") });
            tokens.insert(bob.posts("/store-invite", asked).await["token"].as_str().unwrap().to_owned());
        }
        program.kill();

        let program = serve(&world, &variables).await;
        let alice = program.client(&alice.token);
        let sid = alice.posts("/validate/email/requestToken", request(email)).await["sid"].as_str().unwrap().to_owned();
        alice.posts("/validate/email/submitToken", submission(&world, &sid, email).await).await;
        // Some arrive, and then four are in progress forever: no more are made at once to one
        // homeserver.
        world.homeserver.behave(Conduct::Slow(Duration::from_millis(200)));
        alice.posts("/3pid/bind", binding(&sid, &mxid)).await;
        until(PATIENCE, "it does not come to that", async || world.homeserver.told().len() >= 5).await;
        world.homeserver.behave(Conduct::Slow(Duration::from_hours(1)));
        until(PATIENCE, "it does not come to that", async || waiting(&world, "TRUE").await + world.homeserver.told().len() == tokens.len() + 4).await;
        program.kill();

        let under_way = waiting(&world, "held_until > 0").await;
        assert!((1..=4).contains(&under_way), "{under_way}");
        world.homeserver.behave(Conduct::Honest);
        let program = serve(&world, &variables).await;
        if world.database.is_some() {
            // These may have arrived, and another node may be making them, so they are not tried
            // until the lease has expired.
            until(PATIENCE, "it does not come to that", async || waiting(&world, "TRUE").await == under_way).await;
            assert_eq!(told(&world).len(), tokens.len());
            execute(&world, "UPDATE outbox SET held_until = 1 WHERE held_until > 0").await;
        }
        until(PATIENCE, "it does not come to that", async || waiting(&world, "TRUE").await == 0).await;
        assert_eq!(told(&world).iter().collect::<BTreeSet<_>>(), tokens.iter().collect());
        let all = told(&world);
        assert_eq!(all.len(), tokens.len() + under_way);
        program.kill();

        // Everything that was due would be delivered before anything queued now.
        let program = serve(&world, &variables).await;
        let (alice, bob) = (program.client(&alice.token), program.client(&bob.token));
        let another = "another@example.com";
        let asked = json!({ "medium": "email", "address": another, "room_id": "!r:hs.example", "sender": world.homeserver.user_id("bob") });
        bob.posts("/store-invite", asked).await;
        let sid = alice.posts("/validate/email/requestToken", request(another)).await["sid"].as_str().unwrap().to_owned();
        alice.posts("/validate/email/submitToken", submission(&world, &sid, another).await).await;
        alice.posts("/3pid/bind", binding(&sid, &mxid)).await;
        until(PATIENCE, "it does not come to that", async || waiting(&world, "TRUE").await == 0).await;
        assert_eq!(told(&world).len(), all.len() + 1);
    }

    async fn a_mail_that_a_killed_node_was_sending_is_sent_by_the_next(world: World) {
        let mut world = world;
        let hangs = Arc::new(AtomicBool::new(true));
        let script = {
            let hangs = Arc::clone(&hangs);
            move |line: &str| (hangs.load(Ordering::SeqCst) && line == "DATA").then_some(Action::Silence)
        };
        world.mail = MailSink::start_with(Options { script: Some(Arc::new(script)), ..Options::default() }).await;
        let email = "alice@example.com";
        let program = serve(&world, &[]).await;
        let alice = person(&world, &program.server.url, "alice").await;
        let asked = request(email);
        let asks = alice.post("/validate/email/requestToken", &asked);
        let kill_it = async {
            while !world.mail.commands().iter().any(|command| command == "DATA") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            program.kill();
        };
        assert_eq!(tokio::join!(asks, kill_it).0, None);

        hangs.store(false, Ordering::SeqCst);
        let program = serve(&world, &[]).await;
        let alice = program.client(&alice.token);
        let sid = alice.posts("/validate/email/requestToken", request(email)).await;
        assert_eq!(world.mail.count(), 1);
        let submitted = submission(&world, sid["sid"].as_str().unwrap(), email).await;
        alice.posts("/validate/email/submitToken", submitted).await;
    }
}

/// Returns the number of deliveries to homeservers that wait and match this condition.
async fn waiting(world: &World, so: &str) -> usize {
    texts(world, &format!("SELECT kind AS text FROM outbox WHERE kind = 'onbind' AND {so}")).await.len()
}

/// Returns the tokens of the invitations that the homeserver was told about.
fn told(world: &World) -> Vec<String> {
    world.homeserver.told().iter().map(|told| invitation(told)["token"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_database_that_is_away_at_the_start_is_named() {
    let world = World::on_sqlite().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let database = format!("postgres://vouch:s3cret@{nobody}/vouch");
    let mut binary = Binary::beside(&world);
    binary.set("VOUCH__DATABASE__URL", &database);
    let done = binary.run(&["serve"]);
    assert_eq!(done.status, Some(1), "{done:?}");
    let said = done.stderr;
    assert!(said.contains("PostgreSQL") && said.contains("refused") && !said.contains("s3cret"), "{said}");
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = diesel::sql_types::Text)]
    integrity_check: String,
}

#[tokio::test]
async fn a_full_disk_causes_an_error_and_no_corrupt_file() {
    let world = World::on_sqlite().await;
    let no_terms = [("VOUCH__TERMS__DIRECTORY", "")];
    // This is as good as a full disk: no file may become larger than this many KiB.
    let mut limited = Binary::beside(&world).under("trap '' XFSZ; ulimit -f 600; exec \"$0\" serve");
    limited.set(no_terms[0].0, no_terms[0].1);
    let program = limited.serve().await;
    let stranger = program.client("");
    let mut tokens = Vec::new();
    let (status, answer) = loop {
        let openid = world.homeserver.openid_token(&format!("user{}", tokens.len()));
        let answer = stranger.post("/account/register", &openid).await.expect("the server lives");
        match answer {
            (200, answer) => tokens.push(answer["token"].as_str().unwrap().to_owned()),
            error => break error,
        }
        assert!(tokens.len() < 1_000, "the disk does not become full");
    };
    assert_eq!((status, &answer["errcode"]), (503, &json!("M_UNKNOWN")));
    assert!(!tokens.is_empty());
    // It can still read.
    assert_eq!(program.client(&tokens[0]).gets("/account").await.0, 200);
    program.kill();

    let program = serve(&world, &no_terms).await;
    for token in &tokens {
        assert_eq!(program.client(token).gets("/account").await.0, 200);
    }
    person(&world, &program.server.url, "somebody").await;
    program.kill();
    let file = world.folder.path().join("vouch.db");
    let mut file = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let verdict: Verdict = diesel::sql_query("PRAGMA integrity_check").get_result(&mut file).unwrap();
    assert_eq!(verdict.integrity_check, "ok");
}
