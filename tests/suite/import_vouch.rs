//! From one database of ours to the other, and back.

use serde_json::{Value, json};

use crate::backup::{destroy, everything, fill, present};
use crate::database::{count, execute, texts};
use crate::onbind::{ROOM, invites, told, until_told};
use crate::program::{Binary, Done, done};
use crate::world::{Person, SECRET, Server, World};

/// Returns the name by which the database of a world is given to the command.
pub fn place(world: &World) -> String {
    match &world.database {
        Some(database) => database.url().to_owned(),
        None => world.folder.path().join("vouch.db").display().to_string(),
    }
}

/// Returns a world with data, and an empty one in the other kind of database with the same keys.
pub async fn pair(is_from_sqlite: bool) -> (World, World) {
    let (sqlite, postgres) = (World::on_sqlite().await, World::on_postgres().await);
    let (from, mut to) = if is_from_sqlite { (sqlite, postgres) } else { (postgres, sqlite) };
    to.config.keys = from.config.keys.clone();
    (present(from), present(to))
}

/// Runs the command in the place of the server of `to`; whatever its status, it must have printed
/// a report.
pub fn report(to: &World, from: &World, options: &[&str]) -> (Done, Value) {
    let arguments = [&["import", "vouch", "-", "--json"], options].concat();
    let done = Binary::beside(to).run_with(&arguments, &place(from));
    let report = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("no report: {done:?}"));
    (done, report)
}

/// Copies, and returns the report.
pub fn copies(to: &World, from: &World) -> Value {
    let (done, report) = report(to, from, &["--yes"]);
    assert_eq!((done.status, &report["done"]), (Some(0), &json!("imported")), "{done:?}");
    report
}

#[track_caller]
pub fn assert_same(to: &World, from: &World) {
    let (done, report) = report(to, from, &["--verify"]);
    assert_eq!((done.status, &report["differences"]), (Some(0), &json!([])), "{done:?}");
}

#[tokio::test]
async fn every_row_of_every_table_goes_into_the_other_database_and_back() {
    let (sqlite, postgres) = pair(true).await;
    sqlite.start().await.stop().await;
    let tables = fill(&sqlite).await;
    // A number that was given to a row that is gone.
    execute(&sqlite, "DELETE FROM outbox; UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'accounts'").await;
    let (before, visits) = (everything(&sqlite).await, count(&sqlite, "visits").await);
    assert_eq!(visits, 3);

    let (dry, found) = report(&postgres, &sqlite, &[]);
    assert_eq!((dry.status, &found["done"]), (Some(0), &json!("dry_run")), "{dry:?}");
    assert!(dry.stderr.contains("nothing was imported: add --yes"), "{dry:?}");
    assert_eq!(found["rows"].as_object().unwrap().len(), tables - 2, "all but nodes and leases");
    assert_eq!((&found["rows"]["accounts"], &found["rows"]["outbox"]), (&json!(3), &json!(0)));
    assert_eq!(texts(&postgres, "SELECT coalesce(to_regclass('meta')::text, '') AS text").await, [""]);

    assert_eq!(copies(&postgres, &sqlite)["rows"], found["rows"]);
    assert_same(&postgres, &sqlite);
    let words = done(Binary::beside(&postgres).run(&["import", "vouch", &place(&sqlite), "--verify"]));
    assert!(words.starts_with("Compared:\n") && words.contains("        3  accounts\n"), "{words}");
    for table in ["leases", "nodes"] {
        assert_eq!(count(&postgres, table).await, 0, "{table}");
    }
    let number =
        "INSERT INTO accounts (user_index, mxid, created_at) VALUES ('x', 'x', 0) RETURNING CAST(id AS TEXT) AS text";
    assert_eq!(texts(&postgres, number).await, ["5001"]);
    let (differs, found) = report(&postgres, &sqlite, &["--verify"]);
    assert_eq!(differs.status, Some(1), "{differs:?}");
    assert_eq!(found["differences"], json!([{ "table": "accounts", "there": 3, "here": 4 }]));
    // As many rows, but not the same.
    execute(&postgres, "DELETE FROM accounts WHERE id = 1003").await;
    let (_, found) = report(&postgres, &sqlite, &["--verify"]);
    assert_eq!(found["differences"][0], json!({ "table": "accounts", "there": 3, "here": 3 }), "{found}");
    destroy(&postgres, false).await;
    copies(&postgres, &sqlite);

    destroy(&sqlite, false).await;
    copies(&sqlite, &postgres);
    assert_same(&sqlite, &postgres);
    assert_eq!(everything(&sqlite).await, before);
    assert_eq!(count(&sqlite, "visits").await, visits, "people stay signed in");
}

/// What clients and homeservers are told.
async fn answers(server: &Server, alice: &Person<'_>, bob: &Person<'_>, key: &str, sid: &str) -> Vec<Value> {
    let mut answers = vec![server.get(&format!("/_matrix/identity/v2/pubkey/{key}"), None).await.ok()];
    for person in [alice, bob] {
        answers.push(person.get("/account").await.ok());
    }
    answers.push(alice.get(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}")).await.ok());
    for n in 0..6 {
        answers.push(json!(bob.looks_up(&format!("alice{n}@example.com")).await));
    }
    answers
}

/// The same people with another server.
fn people<'a>(world: &'a World, server: &'a Server, mxids: &[String; 2], tokens: &[String; 2]) -> [Person<'a>; 2] {
    [0, 1].map(|n: usize| Person { world, server, mxid: mxids[n].clone(), token: tokens[n].clone() })
}

/// Starts a server of `world` with the database of another one.
async fn start(world: &World, with: &World) -> Server {
    let mut config = world.config.clone();
    config.database.url = with.config.database.url.clone();
    let server = Server::start(config, world.clock.clone());
    server.until_ready().await;
    server
}

async fn moves_there_and_back(is_from_sqlite: bool) {
    let (from, to) = pair(is_from_sqlite).await;
    let server = from.start().await;
    let (alice, bob) = (from.person(&server, "alice").await, from.person(&server, "bob").await);
    for n in 1..5 {
        alice.binds(&format!("alice{n}@example.com")).await;
    }
    let first = alice.proves("alice0@example.com").await;
    let signed = alice.binds_by(&first).await.ok();
    let (_, signatures) = signed["signatures"].as_object().unwrap().iter().next().unwrap();
    let key = signatures.as_object().unwrap().keys().next().unwrap().clone();
    let sid = alice.proves("proved@example.com").await;
    let invitation = invites(&alice, ROOM, "carol@example.com").await;
    let before = answers(&server, &alice, &bob, &key, &sid).await;
    let tokens = [alice.token.clone(), bob.token.clone()];
    let mxids = [alice.mxid.clone(), bob.mxid.clone()];
    server.stop().await;

    copies(&to, &from);
    let server = start(&from, &to).await;
    let [alice, bob] = people(&from, &server, &mxids, &tokens);
    assert_eq!(answers(&server, &alice, &bob, &key, &sid).await, before);
    // Everything goes on: new rows get new numbers, and the invitation is delivered.
    let carol = from.person(&server, "carol").await;
    carol.binds("carol@example.com").await;
    until_told(&from, 1).await;
    assert_eq!(told(&from), [invitation]);
    assert_eq!(bob.looks_up("carol@example.com").await.as_ref(), Some(&carol.mxid));
    alice.binds("alice5@example.com").await;
    let threepid = json!({ "medium": "email", "address": "alice0@example.com" });
    let body = json!({ "sid": first, "client_secret": SECRET, "mxid": alice.mxid, "threepid": threepid });
    alice.post("/3pid/unbind", body).await.ok();
    let before = answers(&server, &alice, &bob, &key, &sid).await;
    server.stop().await;

    destroy(&from, false).await;
    copies(&from, &to);
    assert_same(&from, &to);
    let server = from.start().await;
    let [alice, bob] = people(&from, &server, &mxids, &tokens);
    assert_eq!(answers(&server, &alice, &bob, &key, &sid).await, before);
    assert_eq!(bob.looks_up("alice0@example.com").await, None);
    assert_eq!(bob.looks_up("alice5@example.com").await.as_ref(), Some(&mxids[0]));
}

#[tokio::test]
async fn a_server_answers_as_before_in_postgresql_and_again_in_sqlite() {
    moves_there_and_back(true).await;
}

#[tokio::test]
async fn a_server_answers_as_before_in_sqlite_and_again_in_postgresql() {
    moves_there_and_back(false).await;
}
