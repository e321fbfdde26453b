//! Imported files: what is read, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::database::count;
use crate::import::{DATA, copied, imports, moving, now, owner, report};
use crate::program::{Binary, done, refused};
use crate::sydent::Sydent;
use crate::world::World;

#[tokio::test]
async fn another_name_and_another_key_are_losses_with_advice() {
    let world = World::on_sqlite().await;
    world.start().await.stop().await;
    let mut binary = Binary::beside(&world);
    binary.set("VOUCH__SERVER__NAME", "other.example.org");
    let config = format!("{DATA}/sydent.conf");
    for options in [&[][..], &["--sydent-config", &config]] {
        let (_, report) = report(&binary, &copied(&world), options);
        assert_eq!(report["signing_key"], json!({ "missing": "ed25519:0" }));
        let losses = report["losses"].to_string();
        assert!(losses.contains("set [server] name"), "{losses}");
        assert!(losses.contains("vouch keys import --sign -"), "{losses}");
    }
}

#[tokio::test]
async fn only_the_database_of_a_sydent_is_read() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let file = |name: &str, content: &[u8]| {
        fs::write(world.folder.path().join(name), content).unwrap();
        name.to_owned()
    };
    let no_tables = {
        let mut sydent = Sydent::open(&world.folder.path().join("other.db"));
        sydent.run("CREATE TABLE bindings (id integer)");
        "other.db".to_owned()
    };
    for (name, problem) in [
        (file("empty", b""), "not an SQLite database"),
        (file("text", b"medium,address,mxid and more"), "not an SQLite database"),
        (file("cut", &fs::read(copied(&world)).unwrap()[..2000]), "database"),
        (no_tables, "not the database of a Sydent"),
        ("missing.db".to_owned(), "No such file"),
        (".".to_owned(), "directory"),
    ] {
        refused(&binary.run(&["import", "sydent", &name]), 1, problem);
    }
    assert!(!world.folder.path().join("missing.db").exists());
}

#[tokio::test]
async fn a_file_is_read_where_nothing_can_be_written_and_while_sydent_writes() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let folder = world.folder.path().join("media");
    fs::create_dir(&folder).unwrap();
    let mut sydent = Sydent::new(&folder);
    sydent.run("PRAGMA journal_mode = WAL");
    sydent.bind("first@example.com", "@a:hs.example", now());
    // In the write-ahead log only, and Sydent is running.
    imports(&binary, &sydent.path, &[]);
    assert_eq!(owner(&binary, "first@example.com").as_deref(), Some("@a:hs.example"));
    sydent.run("BEGIN IMMEDIATE; DELETE FROM accounts");
    imports(&binary, &sydent.path, &[]);
    sydent.run("COMMIT");
    let path = sydent.path.clone();
    drop(sydent);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let report = imports(&binary, &path, &["--all"]);
    assert_eq!(report["outcomes"]["bindings"]["unchanged"], 1);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn old_releases_without_accounts_and_the_variant_of_tchap_are_read() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let mut sydent = Sydent::new(world.folder.path());
    sydent.run("DROP TABLE accounts; DROP TABLE tokens; DROP TABLE accepted_terms_urls; PRAGMA user_version = 0");
    sydent.bind("old@example.com", "@a:hs.example", now());
    let report = imports(&binary, &sydent.path, &[]);
    assert_eq!((&report["variant"], &report["schema_version"]), (&json!("sydent"), &json!(0)));
    sydent.run(
        "PRAGMA user_version = 10; CREATE TABLE profiles (user_id TEXT PRIMARY KEY, display_name TEXT);
         INSERT INTO profiles VALUES ('@a:hs.example', 'A');
         ALTER TABLE invite_tokens ADD COLUMN valid_until_ts integer;
         INSERT INTO invite_tokens VALUES
            (1, 'email', 'b@example.com', '!r:hs.example', '@a:hs.example', 't1', 1700000000, NULL, 1700000001),
            (2, 'email', 'b@example.com', '!r:hs.example', '@a:hs.example', 't2', 1700000000, NULL, 4100000000000);",
    );
    let (refusal, report) = self::report(&binary, &sydent.path, &["--yes"]);
    assert_eq!((refusal.status, &report["variant"]), (Some(1), &json!("tchap")));
    assert_eq!(report["losses"][0]["what"], "1 rows of the table profiles");
    let report = imports(&binary, &sydent.path, &["--accept-losses"]);
    assert_eq!((&report["found"]["invitations"]["expired"], count(&world, "invites").await), (&json!(1), 1));
}

#[test]
fn a_configuration_is_converted() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    let toml = done(binary.run(&["import", "sydent", "--config", &format!("{DATA}/sydent.conf")]));
    fs::write(folder.path().join("vouch.toml"), &toml).unwrap();
    assert!(toml.contains("name = \"id.example.org\"") && toml.contains("vouch keys import --sign"), "{toml}");
    assert_eq!(binary.run(&["check-config", "--config", "vouch.toml"]).status, Some(0), "{toml}");
    refused(&binary.run(&["import", "sydent"]), 2, "expected the database of a Sydent, or its configuration");
}
