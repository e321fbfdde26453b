//! Moving in by several runs: the effect of an older copy, a wrong clock, an objection or a
//! duplicate on rows imported earlier.

use std::fs;

use serde_json::Value;
use vouch::clock::DAY;

use crate::database::{count, texts};
use crate::import::{imports, moving, now, owner, report};
use crate::program::{PATIENCE, done, refused};
use crate::sydent::Sydent;
use crate::world::{Person, World, until};

const OLDER: &str = "seems to be older than what was imported last";

/// Returns how many rows of a kind had this outcome.
fn outcome(report: &Value, kind: &str, outcome: &str) -> i64 {
    report["outcomes"][kind][outcome].as_i64().unwrap_or_default()
}

on_both_backends! {
    async fn an_older_copy_of_the_file_removes_nothing(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        let file = sydent.path.clone();
        let copy = |name: &str| {
            let path = world.folder.path().join(name);
            fs::copy(&file, &path).unwrap();
            path
        };
        sydent.bind("alice@example.com", "@alice:hs.example", now());
        sydent.run(
            "INSERT INTO accounts VALUES ('@alice:hs.example', 1700000000000, NULL);
             INSERT INTO tokens VALUES ('one', '@alice:hs.example')",
        );
        imports(&binary, &file, &[]);
        let first = copy("first.db");
        sydent.receive("peer@example.com", "@peer:hs.example", now());
        sydent.run(
            "INSERT INTO accounts VALUES ('@bob:hs.example', 1700000000001, NULL);
             INSERT INTO tokens VALUES ('two', '@bob:hs.example');
             INSERT INTO invite_tokens VALUES
                (1, 'email', 'eve@example.com', '!room:hs.example', '@bob:hs.example', 'token1', 1700000000, NULL)",
        );
        imports(&binary, &file, &[]);
        let second = copy("second.db");
        // Only one more token of the same user is added.
        sydent.run("INSERT INTO tokens VALUES ('three', '@bob:hs.example')");
        imports(&binary, &file, &[]);
        for older in [&first, &second] {
            for options in [&["--yes"][..], &["--yes", "--all"], &["--verify"], &[]] {
                let run = binary.run(&[&["import", "sydent", older.to_str().unwrap()], options].concat());
                refused(&run, 1, OLDER);
            }
        }
        let counts = [count(&world, "bindings").await, count(&world, "tokens").await, count(&world, "invites").await];
        assert_eq!(counts, [2, 3, 1]);

        // A copy that restarts the count of its changes is not older, and rows removed there are
        // removed here.
        let vacuumed = world.folder.path().join("vacuumed.db");
        sydent.run(&format!("VACUUM INTO '{}'", vacuumed.display()));
        imports(&binary, &vacuumed, &[]);
        sydent.run("DELETE FROM tokens WHERE token = 'three'");
        assert_eq!(outcome(&imports(&binary, &file, &[]), "tokens", "removed"), 1);
        let back = imports(&binary, &first, &["--accept-older"]);
        assert_eq!((outcome(&back, "tokens", "removed"), outcome(&back, "bindings", "removed")), (1, 1));
    }

    async fn rows_dated_in_the_future_do_not_undo_actions_here(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        let file = sydent.path.clone();
        let address = |name: &str| format!("{name}@example.com");
        let ahead = now() + DAY;
        let date_ahead = |sydent: &mut Sydent, name: &str| {
            for table in ["local", "global"] {
                sydent.run(&format!(
                    "UPDATE {table}_threepid_associations SET ts = {ahead} WHERE address = '{}'",
                    address(name)
                ));
            }
        };
        sydent.bind(&address("local"), "@old:hs.example", now());
        sydent.receive(&address("peer"), "@old:hs.example", now());
        sydent.bind(&address("back"), "@old:hs.example", now());
        for name in ["local", "peer"] {
            date_ahead(&mut sydent, name);
        }
        let report = imports(&binary, &file, &[]);
        assert_eq!(report["found"]["dated_ahead"], 2);
        for name in ["local", "peer"] {
            done(binary.run(&["unbind", "--address", &address(name), "--user", "@old:hs.example"]));
        }
        // A tombstone from the future counts when it is first seen, and not again later.
        sydent.unbind(&address("back"), now());
        date_ahead(&mut sydent, "back");
        imports(&binary, &file, &[]);
        assert_eq!(owner(&binary, &address("back")), None);
        done(binary.run(&["bind", "--address", &address("back"), "--user", "@here:hs.example"]));
        for options in [&[][..], &["--all"], &[], &["--all"]] {
            imports(&binary, &file, options);
            for (name, expected) in [("local", None), ("peer", None), ("back", Some("@here:hs.example"))] {
                assert_eq!(owner(&binary, &address(name)).as_deref(), expected, "{name} {options:?}");
            }
        }
        // Bound again there.
        sydent.bind(&address("local"), "@new:hs.example", now());
        imports(&binary, &file, &[]);
        assert_eq!(owner(&binary, &address("local")).as_deref(), Some("@new:hs.example"));
        imports(&binary, &file, &["--last"]);
        assert_eq!(count(&world, "imported").await, 0);
    }

    async fn rows_older_than_a_withdrawn_objection_are_not_imported(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        let file = sydent.path.clone();
        let known = "known@example.com";
        sydent.bind(known, "@old:hs.example", now());
        imports(&binary, &file, &[]);
        done(binary.run(&["unbind", "--address", known, "--user", "@old:hs.example"]));
        // Newer than the removal, older than the objection.
        sydent.bind(known, "@old:hs.example", now());
        sydent.bind("brief@example.com", "@old:hs.example", now());
        sydent.run(
            "INSERT INTO invite_tokens VALUES
                (1, 'email', 'known@example.com', '!room:hs.example', '@bob:hs.example', 'token1', 1700000000, NULL)",
        );
        done(binary.run(&["object", known]));
        let report = imports(&binary, &file, &[]);
        assert_eq!((outcome(&report, "bindings", "objected"), outcome(&report, "invitations", "objected")), (1, 1));
        done(binary.run(&["object", known, "--withdraw"]));
        // No import has seen this one.
        sydent.bind("unseen@example.com", "@old:hs.example", now());
        done(binary.run(&["object", "unseen@example.com"]));
        done(binary.run(&["object", "unseen@example.com", "--withdraw"]));
        for options in [&[][..], &["--all"]] {
            imports(&binary, &file, options);
            assert_eq!((owner(&binary, known), owner(&binary, "unseen@example.com")), (None, None), "{options:?}");
            assert_eq!(count(&world, "invites").await, 0);
        }
        for address in [known, "unseen@example.com"] {
            sydent.bind(address, "@new:hs.example", now());
        }
        imports(&binary, &file, &[]);
        for address in [known, "unseen@example.com", "brief@example.com"] {
            assert!(owner(&binary, address).is_some(), "{address}");
        }
    }

    async fn of_duplicate_rows_the_newest_counts(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        sydent.run(
            "INSERT INTO accounts VALUES ('@alice:hs.example', 1700000000000, '3'),
                (CAST('@alice:hs.example' AS BLOB), 1700000000001, '3');
             INSERT INTO tokens VALUES ('one', '@alice:hs.example'), (CAST('one' AS BLOB), '@alice:hs.example');
             INSERT INTO accepted_terms_urls VALUES ('@alice:hs.example', 'https://x'), ('@alice:hs.example', 'https://x');
             INSERT INTO invite_tokens VALUES
                (1, 'email', 'new@example.com', '!room:hs.example', '@bob:hs.example', 'token1', 1700000002, NULL),
                (2, 'email', 'old@example.com', '!room:hs.example', '@bob:hs.example', 'token1', 1700000001, NULL);
             INSERT INTO ephemeral_public_keys VALUES
                (1, 'DSgf8cGofPyta1HCBcykpxhuFULaVOTaZ7W5fKcLuv8', 0, 0),
                (2, 'DSgf8cGofPyta1HCBcykpxhuFULaVOTaZ7W5fKcLuv8', 0, 0)",
        );
        let (_, dry) = report(&binary, &sydent.path, &[]);
        let report = imports(&binary, &sydent.path, &[]);
        let kinds = ["accounts", "tokens", "accepted terms", "invitations", "public keys of invitations"];
        for kind in kinds {
            for report in [&dry, &report] {
                assert_eq!(outcome(report, kind, "duplicate"), if kind == "accepted terms" { 2 } else { 1 }, "{kind}");
            }
        }
        let created = texts(&world, "SELECT CAST(created_at AS TEXT) AS text FROM accounts ORDER BY created_at").await;
        assert!(created.contains(&"1700000000001".to_owned()), "{created:?}");
        assert_eq!((count(&world, "tokens").await, count(&world, "invites").await), (1, 1));
        let export = done(binary.run(&["export", "--user", "@bob:hs.example"]));
        assert!(export.contains("new@example.com") && !export.contains("old@example.com"), "{export}");
        let again = imports(&binary, &sydent.path, &["--all"]);
        assert!(kinds.iter().all(|kind| outcome(&again, kind, "added") == 0), "{again}");
    }

    async fn a_tokens_look_ups_are_deleted_with_it(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        sydent.run(
            "INSERT INTO accounts VALUES ('@alice:hs.example', 1700000000000, NULL);
             INSERT INTO tokens VALUES ('one', '@alice:hs.example'), ('two', '@alice:hs.example')",
        );
        imports(&binary, &sydent.path, &[]);
        let server = world.start().await;
        for token in ["one", "two"] {
            let (mxid, token) = ("@alice:hs.example".to_owned(), token.to_owned());
            let alice = Person { world: &world, server: &server, mxid, token };
            alice.accepts_everything().await;
            alice.looks_up("bob@example.com").await;
        }
        until(PATIENCE, "it is not remembered", async || {
            world.clock.step(0);
            count(&world, "recent_lookups").await == 2
        })
        .await;
        server.stop().await;
        sydent.run("DELETE FROM tokens WHERE token = 'one'");
        assert_eq!(outcome(&imports(&binary, &sydent.path, &[]), "tokens", "removed"), 1);
        assert_eq!(count(&world, "recent_lookups").await, 1);
    }
}

#[tokio::test]
async fn the_report_in_words_names_duplicates_and_rows_from_the_future() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let mut sydent = Sydent::new(world.folder.path());
    sydent.bind("alice@example.com", "@alice:hs.example", now());
    sydent.run(&format!(
        "UPDATE global_threepid_associations SET ts = {ahead}; UPDATE local_threepid_associations SET ts = {ahead};
         INSERT INTO tokens VALUES ('one', '@alice:hs.example'), (CAST('one' AS BLOB), '@alice:hs.example')",
        ahead = now() + DAY
    ));
    let said = binary.run(&["import", "sydent", sydent.path.to_str().unwrap()]).stdout;
    for text in ["1 rows of bindings are dated in the future", "1 twice there; the newest counts"] {
        assert!(said.contains(text), "{said}");
    }
    assert!(!said.contains("LOST"), "{said}");
}
