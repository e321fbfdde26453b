//! Malicious files to import.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::database::count;
use crate::import::{copied, imports, moving, now, owner, report};
use crate::program::refused;
use crate::sydent::Sydent;
use crate::world::World;

#[tokio::test]
async fn a_file_that_a_sydent_would_not_create_is_refused() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let far_too_long = "printf('%.*c', 1000000000, 'x')";
    for (n, (sql, problem)) in [
        ("ALTER TABLE accounts RENAME TO a; CREATE VIEW accounts AS SELECT * FROM a".to_owned(), "view accounts"),
        ("CREATE VIEW harmless AS SELECT 1".to_owned(), "view harmless"),
        (
            format!("DROP TABLE tokens; CREATE TABLE tokens (token TEXT, user_id TEXT AS ({far_too_long}))"),
            "column tokens.user_id",
        ),
        (
            format!("DROP TABLE tokens; CREATE TABLE tokens (token TEXT, user_id TEXT AS ({far_too_long}) STORED)"),
            "column tokens.user_id",
        ),
        ("DROP TABLE tokens; CREATE VIRTUAL TABLE tokens USING fts5(token, user_id)".to_owned(), "virtual tokens"),
        (
            "DROP TABLE ephemeral_public_keys; CREATE TABLE ephemeral_public_keys (rowid TEXT, public_key TEXT);
             INSERT INTO ephemeral_public_keys VALUES ('x', 'y')"
                .to_owned(),
            "column ephemeral_public_keys.rowid",
        ),
        (
            "DROP TABLE tokens; CREATE TABLE tokens (token TEXT PRIMARY KEY, user_id TEXT) WITHOUT ROWID".to_owned(),
            "no such column: rowid",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = world.folder.path().join(format!("file{n}"));
        fs::create_dir(&folder).unwrap();
        let mut sydent = Sydent::new(&folder);
        sydent.run(&sql);
        let path = sydent.path.to_str().unwrap();
        refused(&binary.run(&["import", "sydent", path, "--yes", "--accept-losses"]), 1, problem);
    }
    let pipe = world.folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for device in [pipe.to_str().unwrap(), "/dev/zero"] {
        refused(&binary.run(&["import", "sydent", device]), 1, "a directory or a device");
    }
    assert_eq!((count(&world, "bindings").await, count(&world, "imported").await), (0, 0));
}

#[tokio::test]
async fn a_damaged_file_imports_nothing() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let whole = fs::read(copied(&world)).unwrap();
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let path = world.folder.path().join("damaged.db");
    let mut pages_that_matter = 0;
    for number in 1..whole.len() / page {
        let mut damaged = whole.clone();
        damaged[number * page..(number + 1) * page].fill(0xff);
        for content in [&damaged[..], &whole[..number * page + page / 2]] {
            fs::write(&path, content).unwrap();
            let run = binary.run(&["import", "sydent", path.to_str().unwrap(), "--accept-losses"]);
            assert!(run.status == Some(1) || run.status == Some(0), "{number}: {run:?}");
            pages_that_matter += usize::from(run.status == Some(1));
            assert!(run.status == Some(0) || run.stderr.contains("database"), "{number}: {run:?}");
        }
    }
    assert!(pages_that_matter > whole.len() / page, "{pages_that_matter}");
    assert_eq!(count(&world, "bindings").await, 0);
    // Files next to one that has no write-ahead log are not applied.
    fs::write(&path, &whole).unwrap();
    fs::write(world.folder.path().join("damaged.db-wal"), vec![0x37; 100_000]).unwrap();
    imports(&binary, &path, &["--accept-losses"]);
    assert_eq!(count(&world, "bindings").await, 54);
}

#[tokio::test]
async fn values_of_any_type_and_length_are_refused_one_by_one() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let mut sydent = Sydent::new(world.folder.path());
    sydent.bind("good@example.com", "@good:hs.example", now());
    let bad = [
        "zeroblob(50000000)",
        "CAST(X'ff40ff' AS TEXT)",
        "'a' || char(0) || '@example.com'",
        "'@a' || char(0) || ':hs.example'",
        "17",
        "1.5e300",
        "X''",
        "''",
    ];
    for (n, value) in bad.iter().enumerate() {
        let id = n + 10;
        sydent.run(&format!(
            "INSERT INTO local_threepid_associations (medium, address, mxid, ts, notBefore, notAfter) VALUES
                ('email', {value}, '@a:hs.example', 'x', 'y', 9e300),
                ('email', 'user{n}@example.com', {value}, 1, 1, 9000000000000),
                ({value}, 'medium{n}@example.com', '@a:hs.example', -9223372036854775808, 1, 9000000000000);
             INSERT INTO accounts VALUES ({value}, 'x', {value});
             INSERT INTO tokens VALUES ({value}, '@good:hs.example'), ('token{n}', {value});
             INSERT INTO accepted_terms_urls VALUES ({value}, 'https://x'), ('@good:hs.example', {value});
             INSERT INTO invite_tokens VALUES ({id}, 'email', {value}, '!r:hs.example', '@a:hs.example', 't', 1, NULL),
                ({id} + 100, 'email', 'a@example.com', {value}, '@a:hs.example', 't', -9223372036854775808, NULL),
                ({id} + 200, 'email', 'a@example.com', '!r:hs.example', {value}, 't', 9223372036854775807, NULL);
             INSERT INTO ephemeral_public_keys VALUES ({id}, {value}, 0, 0)"
        ));
    }
    sydent.run(
        "INSERT INTO accounts VALUES ('@good:hs.example', 9223372036854775807, NULL);
         CREATE TRIGGER busy AFTER INSERT ON peers BEGIN DELETE FROM tokens; END",
    );
    let (_, dry) = report(&binary, &sydent.path, &[]);
    assert!(dry["losses"].as_array().is_some_and(|losses| losses.len() >= 7), "{dry}");
    let done = imports(&binary, &sydent.path, &["--accept-losses"]);
    assert_eq!(done["outcomes"]["bindings"]["added"], json!(1), "{done}");
    assert_eq!(owner(&binary, "good@example.com").as_deref(), Some("@good:hs.example"));
    assert_eq!(count(&world, "accounts").await, 1);
}

#[tokio::test]
async fn ids_that_are_no_numbers_lose_no_row() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let mut sydent = Sydent::new(world.folder.path());
    sydent.run(
        "DROP TABLE local_threepid_associations; CREATE TABLE local_threepid_associations (id TEXT, medium TEXT,
         address TEXT, mxid TEXT, ts, notBefore, notAfter); INSERT INTO local_threepid_associations VALUES
         ('x', 'email', 'a@example.com', '@a:hs.example', 1, 1, 9000000000000),
         (NULL, 'email', 'b@example.com', '@b:hs.example', 1, 1, 9000000000000)",
    );
    let done = imports(&binary, &sydent.path, &[]);
    assert_eq!(done["outcomes"]["bindings"]["added"], json!(2), "{done}");
}
