//! The exchange of the master key while the server serves.

use std::fs;

use serde_json::json;
use vouch::clock::{Millis, SECOND};
use vouch::crypto::master_key::MasterKey;

use crate::database::{allow, count, execute, refuse, texts};
use crate::invitations::{self, V2, ephemeral_key, is_valid, posts_nothing, signing_path};
use crate::notices::ALICE;
use crate::onbind;
use crate::program::{Binary, Client, Done, PATIENCE, Process, binding, done, person, refused, request, submission};
use crate::undoing::{presses, undoing};
use crate::visitor::Visitor;
use crate::world::{NOON, Person, SECRET, Server, World, hash, link, query, until};

const WORK: &str = "alice@work.example";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";
const DAVE: &str = "dave@example.com";

/// Every column with an index, by table.
const INDEXES: [(&str, &str); 22] = [
    ("accounts", "user_index"),
    ("tokens", "confirmed_by"),
    ("visits", "token_hash"),
    ("visits", "subject_index"),
    ("erasures", "user_index"),
    ("unbind_signatures", "signature_hash"),
    ("objections", "address_index"),
    ("bindings", "address_index"),
    ("bindings", "user_index"),
    ("sessions", "session_key"),
    ("sessions", "secret_hash"),
    ("sessions", "address_index"),
    ("invites", "token_hash"),
    ("invites", "address_index"),
    ("invites", "key_index"),
    ("ephemeral_keys", "key_index"),
    ("outbox", "address_index"),
    ("outbox", "destination"),
    ("openid_tokens", "token_hash"),
    ("recent_lookups", "token_index"),
    ("rate_limits", "key"),
    ("homeservers", "domain_index"),
];
/// Every sealed column, by table.
const SEALED: [(&str, &str); 12] = [
    ("accounts", "mxid"),
    ("visits", "subject"),
    ("erasures", "mxid"),
    ("bindings", "address"),
    ("bindings", "mxid"),
    ("sessions", "address"),
    ("sessions", "next_link"),
    ("invites", "address"),
    ("invites", "token"),
    ("invites", "room_id"),
    ("invites", "sender"),
    ("outbox", "payload"),
];

fn hex(world: &World, column: &str) -> String {
    if world.database.is_some() { format!("encode({column}, 'hex')") } else { format!("lower(hex({column}))") }
}

/// Returns the columns that have values of the first master key.
async fn left(world: &World) -> Vec<String> {
    let mut left = Vec::new();
    let index = |(table, column)| (table, column, format!("length({column}) = 16"));
    let sealed = |(table, column)| (table, column, format!("substr({}, 1, 2) = '01'", hex(world, column)));
    for (table, column, is_former) in INDEXES.map(index).into_iter().chain(SEALED.map(sealed)) {
        if count(world, &format!("{table} WHERE {column} IS NOT NULL AND {is_former}")).await > 0 {
            left.push(format!("{table}.{column}"));
        }
    }
    left
}

async fn meta(world: &World, name: &str) -> Option<String> {
    let value = hex(world, "value");
    texts(world, &format!("SELECT {value} AS text FROM meta WHERE name = '{name}'")).await.pop()
}

/// Puts a new key beside that of the world's server, and waits until it is the database's. Returns
/// the former one.
pub async fn begins(world: &World) -> String {
    let former = fs::read_to_string(&world.config.keys.master_key_file).unwrap();
    let before = meta(world, "master_key_check").await;
    MasterKey::make(&world.folder.path().join("master.key.next")).unwrap();
    until(PATIENCE, "the exchange does not begin", async || {
        world.clock.advance(1);
        meta(world, "master_key_check").await != before
    })
    .await;
    former
}

/// Keeps every node from renewing rows until [`ends`], or for a time.
pub async fn holds(world: &World, time: Millis) {
    let until = world.clock.now() + time;
    execute(world, &format!("INSERT INTO leases (name, held_until) VALUES ('master_key', {until})")).await;
}

/// Waits until everything is renewed.
pub async fn ends(world: &World) {
    execute(world, "DELETE FROM leases WHERE name = 'master_key'").await;
    until(PATIENCE, "the exchange does not end", async || {
        world.clock.advance(1);
        meta(world, "master_key_exchange").await.is_none()
    })
    .await;
    assert_eq!(left(world).await, Vec::<String>::new());
}

/// Returns how many rows `vouch status` says are to be renewed, if it says that at all.
async fn rows_left(world: &World) -> Option<i64> {
    let binary = Binary::beside(world);
    let report = tokio::task::spawn_blocking(move || done(binary.run(&["status"]))).await.unwrap();
    let line = report.lines().find_map(|line| line.strip_prefix("master key"))?;
    line.split_whitespace().find_map(|word| word.parse().ok())
}

/// Looks an address up with a pepper; returns the status and whose it is.
pub async fn found(person: &Person<'_>, email: &str, pepper: &str) -> (u16, Option<String>) {
    let hash = hash(email, pepper);
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
    let answer = person.post("/lookup", asked).await;
    (answer.status, answer.body["mappings"][&hash].as_str().map(str::to_owned))
}

on_both_backends! {
    async fn everything_goes_on_while_rows_are_renewed_and_afterwards(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds(ALICE).await;
        alice.binds(WORK).await;
        let eve = world.person(&server, "eve").await;
        eve.binds("eve@example.com").await;
        let not_me = undoing(&world, WORK).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let invited = invitations::invites(&alice, CAROL).await.ok();
        let signing = signing_path(&world, &server, CAROL, "@carol:hs.example").await;
        done(Binary::beside(&world).run(&["object", DAVE]));
        let objected = invitations::invites(&bob, DAVE).await.error().0;
        let sid = bob.asks_to_prove(BOB).await;
        let token = query(&link(&world.validation_mail(BOB).await), "token");
        let pepper = alice.pepper().await;

        holds(&world, 20 * SECOND).await;
        let former = begins(&world).await;
        assert!(left(&world).await.len() > 20, "{:?}", left(&world).await);
        assert!(rows_left(&world).await.is_some_and(|left| left > 20));
        let report = Binary::beside(&world).run(&["doctor"]);
        assert!(report.stdout.contains("it is being exchanged: "), "{report:?}");
        assert_eq!(found(&bob, ALICE, &pepper).await, (200, Some(alice.mxid.clone())));
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": token });
        bob.post("/validate/email/submitToken", submitted).await.ok();
        bob.binds_by(&sid).await.ok();
        assert_eq!(found(&alice, BOB, &pepper).await, (200, Some(bob.mxid.clone())));
        let key = ephemeral_key(&invited);
        assert!(is_valid(&server, V2, &key).await);
        assert_eq!(posts_nothing(&server, &signing).await.status, 200);
        assert_eq!(invitations::invites(&bob, DAVE).await.error().0, objected);
        let page = visitor.opens("/you").await;
        assert!(page.status == 200 && page.text.contains("alice"), "{}", page.text);
        // The same account, the same binding, moved to another user, and unbound by a link sent before.
        assert_eq!(count(&world, "accounts").await, 3);
        let alice = world.newcomer(&server, "alice").await;
        assert_eq!(count(&world, "accounts").await, 3);
        world.mail.forget();
        bob.binds(ALICE).await;
        assert_eq!(count(&world, "bindings").await, 4);
        assert_eq!(found(&alice, ALICE, &pepper).await, (200, Some(bob.mxid.clone())));
        assert!(left(&world).await.contains(&"bindings.address".to_owned()), "what nobody has sought is not renewed");
        presses(&server, &not_me).await;
        assert_eq!(found(&bob, WORK, &pepper).await, (200, None));

        ends(&world).await;
        assert_eq!(rows_left(&world).await, None);
        let carol = world.person(&server, "carol").await;
        carol.binds(CAROL).await;
        onbind::until_told(&world, 1).await;
        assert_eq!(found(&alice, CAROL, &pepper).await, (200, Some(carol.mxid.clone())));
        assert_eq!(invitations::invites(&bob, DAVE).await.error().0, objected);
        bob.unbinds(ALICE).await.ok();
        assert_eq!(found(&alice, ALICE, &pepper).await, (200, None));
        assert_eq!(visitor.opens("/you").await.status, 200);
        let (mxid, token) = (bob.mxid.clone(), bob.token.clone());
        server.stop().await;

        let server = world.start().await;
        let bob = Person { world: &world, server: &server, mxid, token };
        assert_eq!(found(&bob, BOB, &pepper).await, (200, Some(bob.mxid.clone())));
        server.stop().await;
        assert_ne!(fs::read_to_string(&world.config.keys.master_key_file).unwrap(), former);
        fs::write(&world.config.keys.master_key_file, former).unwrap();
        let refusal = Server::try_start(world.config.clone(), world.clock.clone()).err().unwrap();
        assert!(refusal.contains("was exchanged; nothing was changed"), "{refusal}");
    }

    async fn a_node_whose_key_was_exchanged_without_it_serves_nobody(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let pepper = alice.pepper().await;
        execute(&world, "UPDATE meta SET value = value || value WHERE name = 'master_key_check'").await;
        until(PATIENCE, "it goes on", async || {
            world.clock.advance(1);
            found(&alice, ALICE, &pepper).await.0 == 503
        })
        .await;
    }

    async fn killed_twenty_times_it_goes_on(world: World) {
        let binary = Binary::beside(&world);
        let node = binary.serve().await;
        let alice = person(&world, &node.server.url, "alice").await;
        stores_something_of_everything(&world, &node, &alice).await;
        node.signal("TERM");
        node.ended().await;
        assert!(left(&world).await.len() > 20, "{:?}", left(&world).await);
        MasterKey::make(&world.folder.path().join("master.key.next")).unwrap();
        let mut kills = 0;
        // It cannot go on there, and is killed: before it begins, at each table, and at the end.
        let tables = INDEXES.map(|(table, _)| ("UPDATE", table));
        let mut points: Vec<_> = [("INSERT", "audit_queue")].into_iter().chain(tables).collect();
        points.push(("DELETE", "meta"));
        points.dedup();
        for (operation, table) in points {
            // A look-up has renewed what it sought.
            let is_former = |column: &String| column.starts_with(&format!("{table}."));
            if operation == "UPDATE" && !left(&world).await.iter().any(is_former) {
                continue;
            }
            refuse(&world, operation, table).await;
            let node = binary.serve().await;
            until(PATIENCE, table, async || node.log().contains("could not be exchanged")).await;
            // Unless it must renew what a look-up seeks, and cannot.
            if !["accounts", "recent_lookups"].contains(&table) {
                assert_eq!(node.client(&alice.token).looks_up(ALICE).await, Some(mxid(&world)), "{table}");
            }
            node.kill();
            allow(&world, table).await;
            // As three minutes later: a node that was killed counts as running for so long.
            execute(&world, "DELETE FROM nodes").await;
            kills += 1;
        }
        assert!(kills >= 12, "{kills}");
        // And wherever it is.
        while kills < 20 {
            binary.start().kill();
            execute(&world, "DELETE FROM nodes").await;
            kills += 1;
        }
        let node = binary.serve().await;
        until(PATIENCE, "it does not end", async || left(&world).await.is_empty()).await;
        until(PATIENCE, "it goes on", async || meta(&world, "master_key_exchange").await.is_none()).await;
        assert_eq!(node.client(&alice.token).looks_up(ALICE).await, Some(mxid(&world)));
        assert!(!world.folder.path().join("master.key.next").exists());
    }

    async fn the_command_waits_for_the_running_server_and_asks_for_there_to_be_one(world: World) {
        let binary = Binary::beside(&world);
        let node = binary.serve().await;
        let alice = person(&world, &node.server.url, "alice").await;
        binds(&world, &node.client(&alice.token), ALICE).await;
        let other = binary.serve().await;
        refused(&rotates(&binary).await, 1, "stop all but one");
        other.signal("TERM");
        other.ended().await;
        let done = rotates(&binary).await;
        assert_eq!((done.status, done.stdout.starts_with("The master key is exchanged.")), (Some(0), true), "{done:?}");
        assert_eq!(left(&world).await, Vec::<String>::new());
        assert_eq!(node.client(&alice.token).looks_up(ALICE).await, Some(mxid(&world)));
        assert!(node.log().contains("the exchange of the master key is complete"), "{}", node.log());
    }

    async fn the_command_exchanges_the_key_itself_if_no_server_runs_and_no_import_is_under_way(world: World) {
        let binary = Binary::beside(&world);
        for round in 1..=2 {
            let node = binary.serve().await;
            let alice = person(&world, &node.server.url, "alice").await;
            if round == 1 {
                binds(&world, &node.client(&alice.token), ALICE).await;
            }
            node.signal("TERM");
            node.ended().await;
            let empty = if world.database.is_some() { "''::bytea" } else { "x''" };
            execute(&world, &format!("INSERT INTO imported (kind, item, at, state) VALUES (0, {empty}, 0, 1)")).await;
            refused(&rotates(&binary).await, 1, "an import is in progress");
            execute(&world, "DELETE FROM imported").await;
            assert_eq!(rotates(&binary).await.status, Some(0));
            assert_eq!(left(&world).await, Vec::<String>::new());
            let generation = hex(&world, "mxid");
            let generation = texts(&world, &format!("SELECT substr({generation}, 1, 2) AS text FROM accounts")).await;
            assert_eq!(generation, [format!("0{}", round + 1)]);
        }
        let node = binary.serve().await;
        let alice = person(&world, &node.server.url, "alice").await;
        assert_eq!(node.client(&alice.token).looks_up(ALICE).await, Some(mxid(&world)));
        assert_eq!(done(binary.run(&["lookup", ALICE])).split(' ').next(), Some(mxid(&world).as_str()));
    }
}

fn mxid(world: &World) -> String {
    world.homeserver.user_id("alice")
}

async fn binds(world: &World, alice: &Client, email: &str) {
    world.mail.forget();
    let asked = alice.posts("/validate/email/requestToken", request(email)).await;
    let sid = asked["sid"].as_str().unwrap();
    alice.posts("/validate/email/submitToken", submission(world, sid, email).await).await;
    alice.posts("/3pid/bind", binding(sid, &mxid(world))).await;
}

/// Runs `vouch keys rotate-master` while servers go on.
async fn rotates(binary: &Binary) -> Done {
    let binary = binary.clone();
    tokio::task::spawn_blocking(move || binary.run(&["keys", "rotate-master"])).await.unwrap()
}

/// Leaves rows in nearly every table with an index.
async fn stores_something_of_everything(world: &World, node: &Process, alice: &Client) {
    binds(world, alice, ALICE).await;
    alice.posts("/validate/email/requestToken", request("third@example.com")).await;
    let invitation =
        json!({ "medium": "email", "address": CAROL, "room_id": "!tea:hs.example", "sender": mxid(world) });
    alice.posts("/store-invite", invitation).await;
    Visitor::signed_in(world, &node.server, "alice").await;
    assert_eq!(alice.looks_up(ALICE).await, Some(mxid(world)));
    done(Binary::beside(world).run(&["object", DAVE]));
    let hash = if world.database.is_some() { "decode(repeat('ab', 16), 'hex')" } else { "randomblob(16)" };
    execute(world, &format!("INSERT INTO unbind_signatures (signature_hash, seen_at) VALUES ({hash}, {NOON})")).await;
    execute(world, &format!("UPDATE tokens SET confirmed_by = {hash}, confirmed_at = {NOON}")).await;
}
