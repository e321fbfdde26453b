//! Backups of a database in use, and back: into either database.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vouch::clock::{Clock, DAY};
use vouch::service::Subject;

use crate::audit::{EVERYTHING, acts, listed, problems};
use crate::database::{count, execute, texts};
use crate::onbind::{ROOM, invites, told, until_told};
use crate::program::{Binary, Done, done, refused};
use crate::visitor::Visitor;
use crate::world::{Person, SECRET, World, now};

pub const PASSPHRASE: &str = "correct horse battery staple";

/// Sets the clock of the servers to the real one, which the commands read.
pub fn present(mut world: World) -> World {
    world.clock = Clock::stopped_at(now());
    world
}

/// Runs a command that reads the passphrase from standard input.
pub fn run(binary: &Binary, arguments: &[&str]) -> Done {
    binary.run_with(&[arguments, &["--passphrase-file", "-"]].concat(), PASSPHRASE)
}

/// Makes a backup, and returns its file.
pub fn backed_up(world: &World, name: &str, options: &[&str]) -> PathBuf {
    done(run(&Binary::beside(world), &[&["backup", name], options].concat()));
    world.folder.path().join(name)
}

/// Destroys the database, and the keys as well.
pub async fn destroy(world: &World, with_keys: bool) {
    if let Some(database) = &world.database {
        let schema = database.schema();
        execute(world, &format!("DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")).await;
    }
    let keys = ["master.key", "signing.key"].iter().filter(|_| with_keys);
    for name in ["vouch.db", "vouch.db-wal", "vouch.db-shm"].iter().chain(keys) {
        // SQLite deletes its log itself when it closes the file.
        let _ = fs::remove_file(world.folder.path().join(name));
    }
}

/// Returns what else the audit log says of each entry after the first `skip`.
async fn details(world: &World, skip: usize) -> Vec<Value> {
    listed(world, EVERYTHING).await.into_iter().skip(skip).map(|one| one.record.detail.unwrap()).collect()
}

/// Returns the names in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

on_both_backends! {
    async fn a_drill_everything_acknowledged_before_the_backup_is_there_after_the_restore(world: World) {
        let world = present(world);
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let mut bound = Vec::new();
        for n in 0..5 {
            let email = format!("alice{n}@example.com");
            alice.binds(&email).await;
            bound.push(email);
        }
        let invitation = invites(&alice, ROOM, "carol@example.com").await;
        let key = server.get("/_matrix/identity/v2/pubkey/ed25519:0", None).await.text;

        // People continue to register in the meantime.
        let binary = Binary::beside(&world);
        let working = tokio::task::spawn_blocking(move || run(&binary, &["backup", "drill.age", "--with-keys"]));
        let mut registered = 0;
        while !working.is_finished() {
            world.newcomer(&server, &format!("during{registered}")).await;
            registered += 1;
        }
        assert!(done(working.await.unwrap()).contains("5 bindings"));
        assert!(registered > 0, "nobody wrote meanwhile");
        alice.binds("late@example.com").await;
        let (alice_token, bob_token) = (alice.token.clone(), bob.token.clone());
        server.stop().await;
        destroy(&world, true).await;

        let said = done(run(&Binary::beside(&world), &["restore", "drill.age"]));
        assert!(said.contains("restored the key file") && said.contains("vouch erase"), "{said}");
        let server = world.start().await;
        let person = |name: &str, token| Person { world: &world, server: &server, mxid: world.homeserver.user_id(name), token };
        let (alice, bob) = (person("alice", alice_token), person("bob", bob_token));
        for email in &bound {
            assert_eq!(bob.looks_up(email).await.as_ref(), Some(&alice.mxid), "{email}");
        }
        assert_eq!(bob.looks_up("late@example.com").await, None);
        assert_eq!(server.get("/_matrix/identity/v2/pubkey/ed25519:0", None).await.text, key);
        let carol = world.person(&server, "carol").await;
        carol.binds("carol@example.com").await;
        until_told(&world, 1).await;
        assert_eq!(told(&world), [invitation]);
        // Numbers continue where they were.
        alice.binds("new@example.com").await;
        assert_eq!(bob.looks_up("new@example.com").await, Some(alice.mxid.clone()));
    }

    async fn the_options_determine_what_is_restored(world: World) {
        let world = present(world);
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        Visitor::proven(&world, &server, &Subject::User(alice.mxid.as_str().try_into().unwrap())).await;
        assert_eq!(count(&world, "visits").await, 1);
        fs::write(world.folder.path().join("vouch.toml"), "# mine\n[log]\naccess = true\n").unwrap();
        let file = backed_up(&world, "one.age", &["--with-keys", "--with-config", "--config", "vouch.toml"]);
        let bytes = fs::read(&file).unwrap();
        for secret in ["alice@example.com", "hs.example", "SQLite format", "master.key"] {
            assert!(!bytes.windows(secret.len()).any(|some| some == secret.as_bytes()), "{secret}");
        }
        let binary = Binary::beside(&world);
        assert_eq!(done(run(&binary, &["restore", "one.age", "--print-config"])), "# mine\n[log]\naccess = true\n");
        let said = done(run(&binary, &["restore", "one.age", "--check"]));
        for what in ["is intact", "1 bindings, 1 accounts", "contains the master key", "contains the configuration", "key fits"] {
            assert!(said.contains(what), "{what}: {said}");
        }
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;

        for (options, status) in [(&[][..], 200), (&["--sign-out"], 401)] {
            destroy(&world, true).await;
            done(run(&binary, &[&["restore", "one.age"], options].concat()));
            assert_eq!(count(&world, "visits").await, 0, "web sessions are not restored");
            let server = world.start().await;
            let alice = Person { world: &world, server: &server, mxid: mxid.clone(), token: token.clone() };
            assert_eq!(alice.get("/account").await.status, status, "{options:?}");
            let again = world.person(&server, "alice").await;
            assert_eq!(again.looks_up("alice@example.com").await.as_ref(), Some(&mxid));
            server.stop().await;
        }
    }

    async fn the_audit_log_tells_of_backups_and_in_the_restored_database_of_the_restore(world: World) {
        let world = present(world);
        let server = world.start().await;
        world.person(&server, "alice").await.binds("alice@example.com").await;
        server.stop().await;
        let before = acts(&world, 0).await.len();
        backed_up(&world, "one.age", &[]);
        fs::write(world.folder.path().join("vouch.toml"), "").unwrap();
        backed_up(&world, "two.age", &["--with-keys", "--with-config", "--config", "vouch.toml"]);
        let binary = Binary::beside(&world);
        refused(&run(&binary, &["backup", "two.age"]), 1, "exists already");
        done(run(&binary, &["restore", "two.age", "--check"]));
        assert_eq!(acts(&world, before).await, ["backup command done"; 2]);
        let noted: Vec<Value> = details(&world, before).await;
        let made_at = noted[1]["made_at"].clone();
        assert!(made_at.as_i64().unwrap() >= noted[0]["made_at"].as_i64().unwrap());
        let counts = |keys: bool, at: &Value| json!({ "made_at": at, "keys": keys, "config": keys, "bindings": 1, "accounts": 1 });
        assert_eq!(noted, [counts(false, &noted[0]["made_at"]), counts(true, &made_at)]);

        for (options, has_keys) in [(&["--sign-out"][..], true), (&[], false)] {
            destroy(&world, has_keys).await;
            done(run(&binary, &[&["restore", "two.age"], options].concat()));
            assert_eq!(acts(&world, before).await, ["backup command done", "restore command done"]);
            let restored = json!({ "made_at": made_at, "made_by": env!("CARGO_PKG_VERSION"), "keys": has_keys,
                "signed_out": has_keys, "clock_accepted": false });
            assert_eq!(details(&world, before + 1).await, [restored]);
        }
        let server = world.start().await;
        assert_eq!(problems(&world).await, [""; 0]);
        drop(server);
        execute(&world, "UPDATE meta SET value = SUBSTR(value, 2) WHERE name = 'audit_key'").await;
        let done = run(&binary, &["backup", "three.age"]);
        assert_eq!(done.status, Some(0), "{done:?}");
        assert!(done.stderr.contains("could not be recorded in the audit log: the key of the audit log"), "{done:?}");
        destroy(&world, false).await;
        refused(&run(&binary, &["restore", "three.age"]), 1, "the key of the audit log");
    }

    async fn an_old_backup_is_not_taken_for_a_wrong_clock_and_revives_nothing(world: World) {
        let mut world = world;
        world.clock = Clock::stopped_at(now() - 40 * DAY);
        let server = world.start().await;
        let dormant = world.person(&server, "dormant").await.token;
        execute(&world, &format!("UPDATE tokens SET used_at = used_at - {}", 330 * DAY)).await;
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        let session = alice.proves("late@example.com").await;
        let validated = format!("/3pid/getValidated3pid?sid={session}&client_secret={SECRET}");
        alice.get(&validated).await.ok();
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;
        backed_up(&world, "old.age", &[]);
        destroy(&world, false).await;
        let said = done(run(&Binary::beside(&world), &["restore", "old.age"]));
        assert!(said.contains("This machine's clock says"), "{said}");

        let world = present(world);
        let server = world.start().await;
        server.until_ready().await;
        let person = |token: &str| Person { world: &world, server: &server, mxid: mxid.clone(), token: token.to_owned() };
        let alice = person(&token);
        assert_eq!(alice.looks_up("alice@example.com").await.as_ref(), Some(&mxid));
        assert_ne!(alice.get(&validated).await.status, 200);
        assert_eq!(person(&dormant).get("/account").await.status, 401);
    }

    async fn tables_of_an_earlier_version_are_backed_up_as_they_are_and_restored_as_they_must_be(world: World) {
        let world = present(world);
        world.start().await.stop().await;
        let backend = if world.database.is_some() { "postgres" } else { "sqlite" };
        let last = "2026-11-28-000014_imports";
        let down = fs::read_to_string(format!("migrations/{backend}/{last}/down.sql")).unwrap();
        let later = format!("DELETE FROM __diesel_schema_migrations WHERE version >= '20261128000014'; {down}");
        let newer = newer_than(backend, last);
        execute(&world, &format!("{newer}{later}")).await;
        let tables = if world.database.is_some() {
            "SELECT coalesce(to_regclass('imported')::text, '') AS text"
        } else {
            "SELECT coalesce(max(name), '') AS text FROM sqlite_master WHERE name = 'imported'"
        };
        assert_eq!(texts(&world, tables).await, [""]);
        let backup = run(&Binary::beside(&world), &["backup", "old.age"]);
        let said = "this could not be recorded in the audit log: the database lacks ";
        assert!(backup.status == Some(0) && backup.stderr.contains(said), "{backup:?}");
        assert_eq!(texts(&world, tables).await, [""], "a backup changes nothing");
        destroy(&world, false).await;
        done(run(&Binary::beside(&world), &["restore", "old.age"]));
        assert_eq!(texts(&world, tables).await, ["imported"]);
        world.start().await.stop().await;

        execute(&world, "INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')").await;
        refused(&run(&Binary::beside(&world), &["backup", "newer.age"]), 1, "made by a newer version of Vouch");
        assert!(!world.folder.path().join("newer.age").exists());
    }
}

/// Returns the statements that undo the migrations after `last`, newest first.
fn newer_than(backend: &str, last: &str) -> String {
    let folders = names(Path::new(&format!("migrations/{backend}")));
    let newer = folders.iter().rev().take_while(|name| name.as_str() > last);
    newer.map(|name| fs::read_to_string(format!("migrations/{backend}/{name}/down.sql")).unwrap()).collect()
}

/// Fills every table with rows that have every value a column can have; returns how many tables.
pub async fn fill(world: &World) -> usize {
    let sql = "SELECT m.name || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" AS text
        FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
        AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'
        ORDER BY m.name = 'accounts' DESC, m.name, c.cid";
    let columns = texts(world, sql).await;
    let split: Vec<Vec<&str>> = columns.iter().map(|column| column.split(' ').collect()).collect();
    let tables: Vec<_> = split.chunk_by(|one, other| one[0] == other[0]).collect();
    for columns in &tables {
        for row in 1..=3 {
            let value = |column: &Vec<&str>| match (column[1], column[2], column[3]) {
                ("id" | "account_id", ..) => (1000 + row).to_string(),
                (_, _, "0") if row == 2 => "NULL".to_owned(),
                (_, "TEXT", _) => format!("'{row}' || char(9, 10, 13) || 'ü\\x{row}\\N \"' || char(8364)"),
                (_, "BLOB", _) if row == 3 => "x''".to_owned(),
                (_, "BLOB", _) => format!("x'00ff5c0a{row:02x}80'"),
                (_, _, _) => (i64::MAX - row).to_string(),
            };
            let values: Vec<_> = columns.iter().map(value).collect();
            execute(world, &format!("INSERT INTO {} VALUES ({})", columns[0][0], values.join(", "))).await;
        }
    }
    tables.len()
}

/// Returns all rows of all tables except those that are not restored, and the numbers assigned
/// last.
pub async fn everything(world: &World) -> Vec<String> {
    let names = "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'
        AND name NOT IN ('visits', 'leases', 'nodes') ORDER BY name";
    let mut all = Vec::new();
    for table in texts(world, names).await {
        let columns = format!(
            "SELECT group_concat('quote(' || name || ')', ' || '','' || ') AS text FROM pragma_table_info('{table}')"
        );
        let columns = texts(world, &columns).await.remove(0);
        all.push(table.clone());
        all.extend(texts(world, &format!("SELECT {columns} AS text FROM {table} ORDER BY 1")).await);
    }
    all
}

#[tokio::test]
async fn every_row_survives_the_way_into_the_other_database_and_back() {
    let (sqlite, mut postgres) = (present(World::on_sqlite().await), World::on_postgres().await);
    sqlite.start().await.stop().await;
    assert!(fill(&sqlite).await > 15);
    // This number was assigned to a row that is gone.
    execute(&sqlite, "DELETE FROM outbox; UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'accounts'").await;
    let before = everything(&sqlite).await;
    assert!(before.contains(&"'accounts',5000".to_owned()), "{before:?}");

    postgres.config.keys = sqlite.config.keys.clone();
    let there = backed_up(&sqlite, "there.age", &[]);
    let there = there.to_str().unwrap();
    assert!(done(run(&Binary::beside(&postgres), &["restore", there])).contains("restored the database"));
    let number =
        "INSERT INTO accounts (user_index, mxid, created_at) VALUES ('x', 'x', 0) RETURNING CAST(id AS TEXT) AS text";
    backed_up(&postgres, "back.age", &[]);
    assert_eq!(texts(&postgres, number).await, ["5001"]);

    destroy(&sqlite, false).await;
    let back = postgres.folder.path().join("back.age");
    done(run(&Binary::beside(&sqlite), &["restore", back.to_str().unwrap()]));
    // The way there and the way back are in the audit log.
    let noted = "SELECT entry AS text FROM audit_queue WHERE entry LIKE '%\"restore\"%'";
    assert_eq!(texts(&sqlite, noted).await.len(), 2);
    let forget = "DELETE FROM audit_queue WHERE entry LIKE '%\"restore\"%';
        UPDATE sqlite_sequence SET seq = 1003 WHERE name = 'audit_queue'";
    execute(&sqlite, forget).await;
    let after = everything(&sqlite).await;
    assert_eq!(after, before);
    for table in ["leases", "visits", "nodes"] {
        assert_eq!(count(&sqlite, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn the_log_of_a_lost_database_is_not_taken_for_that_of_the_restored_one() {
    let world = World::on_sqlite().await;
    let binary = Binary::of(&world);
    let process = binary.serve().await;
    done(binary.run(&["bind", "--address", "alice@example.com", "--user", "@alice:hs.example"]));
    done(run(&binary, &["backup", "first.age"]));
    process.kill();
    // The log of a server that was killed is older than the restored database, and is not its own.
    let data = world.folder.path().join("data");
    fs::remove_file(data.join("vouch.db")).unwrap();
    assert!(data.join("vouch.db-wal").exists());
    refused(&run(&binary, &["restore", "first.age"]), 1, "data/vouch.db-wal exists already");
    for name in ["vouch.db-wal", "vouch.db-shm"] {
        fs::remove_file(data.join(name)).unwrap();
    }
    done(run(&binary, &["restore", "first.age"]));
    assert!(done(binary.run(&["lookup", "alice@example.com"])).starts_with("@alice:hs.example since"));
}
