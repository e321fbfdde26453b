//! The chain of the audit log: nobody alters it unnoticed.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch::service::{Act, Subject};

use crate::audit::{ALICE, EVERYTHING, email, listed, look, of, problems, user, verified};
use crate::database::{allow, count, execute, refuse};
use crate::program::{Binary, PATIENCE, done, refused};
use crate::world::{World, until};

/// Has ten addresses bound, and waits until the log has them.
async fn ten_binds(world: &World) {
    let vouch = look(world).await;
    let language = vouch.content.load().texts.default_language();
    for number in 0..10 {
        let Subject::Address(address) = email(&format!("{number}@example.com")) else { unreachable!() };
        vouch.bindings.bind_address(&address, "@alice:hs.example".try_into().unwrap(), language).await.unwrap();
    }
    assert_eq!(problems(world).await, [""; 0]);
}

on_both_backends! {
    async fn what_is_altered_is_named(world: World) {
        let _server = world.start().await;
        ten_binds(&world).await;
        execute(&world, "CREATE TABLE kept AS SELECT * FROM audit_log").await;
        let head = "CREATE TABLE kept_head AS SELECT * FROM meta WHERE name LIKE 'audit%'";
        execute(&world, head).await;
        for (change, found) in [
            ("UPDATE audit_log SET entry = REPLACE(entry, 'done', 'none') WHERE sequence = 5", &["entry 5 was changed"][..]),
            ("UPDATE audit_log SET entry = REPLACE(entry, '1', '2') WHERE sequence = 5", &["entry 5 was changed"]),
            (
                "UPDATE audit_log SET sequence = -1 WHERE sequence = 5; UPDATE audit_log SET sequence = 5 WHERE sequence = 6; \
                 UPDATE audit_log SET sequence = 6 WHERE sequence = -1",
                &["entry 5 does not follow", "entry 6 does not follow", "entry 7 does not follow"],
            ),
            ("DELETE FROM audit_log WHERE sequence = 5", &["entry 5 is missing"]),
            (
                "DELETE FROM audit_log WHERE sequence = 5; UPDATE audit_log SET sequence = sequence - 100 WHERE sequence > 5; \
                 UPDATE audit_log SET sequence = sequence + 99 WHERE sequence < 0",
                &["entry 5 does not follow", "entry 6 does not follow"],
            ),
            ("DELETE FROM audit_log WHERE sequence > 10", &["entries 11 to 12 are missing"]),
            ("DELETE FROM audit_log WHERE sequence < 3", &["entries 1 to 2 are missing"]),
            ("DELETE FROM audit_log", &["entries 1 to 12 are missing"]),
            ("UPDATE audit_log SET link = mac WHERE sequence = 12", &["entry 12 does not follow"]),
            (
                "UPDATE audit_log SET entry = (SELECT entry FROM kept WHERE sequence = 4), mac = (SELECT mac FROM kept WHERE \
                 sequence = 4) WHERE sequence = 9",
                &["entry 9 does not follow"],
            ),
            ("UPDATE meta SET value = SUBSTR(value, 2) WHERE name = 'audit_head'", &["the stored end"]),
            ("DELETE FROM meta WHERE name = 'audit_anchor'", &["the stored beginning"]),
            ("INSERT INTO audit_queue (entry, mac) SELECT '{}', mac FROM kept WHERE sequence = 4", &["1 entries that are not linked yet"]),
        ] {
            // The server must not link what this adds.
            refuse(&world, "INSERT", "audit_log").await;
            execute(&world, change).await;
            let problems = verified(&world).await.problems;
            for problem in found {
                assert!(problems.iter().any(|one| one.contains(problem)), "{change}: {problems:?}");
            }
            execute(&world, "DELETE FROM audit_queue; DELETE FROM audit_log; DELETE FROM meta WHERE name LIKE 'audit%'").await;
            allow(&world, "audit_log").await;
            execute(&world, "INSERT INTO audit_log SELECT * FROM kept; INSERT INTO meta SELECT * FROM kept_head").await;
            assert_eq!(verified(&world).await.problems, [""; 0], "{change}");
        }
    }

    async fn of_a_long_log_the_newest_entries_are_verified_at_a_glance(world: World) {
        let _server = world.start().await;
        let vouch = look(&world).await;
        for _ in 0..600 {
            vouch.audit.note_alone(Act::Lookup, None, false, None).await.unwrap();
        }
        assert_eq!(problems(&world).await, [""; 0]);
        let change = async |change: &str| {
            execute(&world, change).await;
            let state = vouch.audit.state().await.unwrap();
            (state.entries, state.verified, state.problems)
        };
        let change_3 = "UPDATE audit_log SET entry = '{}' WHERE sequence = 3";
        assert_eq!(change(change_3).await, (602, 500, vec![]), "only `vouch audit verify` sees it");
        assert_eq!(verified(&world).await.problems, ["entry 3 was changed"]);
        let change_103 = "UPDATE audit_log SET entry = '{}' WHERE sequence = 103";
        assert_eq!(change(change_103).await, (602, 500, vec!["entry 103 was changed".to_owned()]));
        // If that from which the newest follow is missing, all are verified.
        let (_, verified, problems) = change("DELETE FROM audit_log WHERE sequence IN (102, 600)").await;
        let found = ["entry 3 was changed", "entry 102 is missing", "entry 103 was changed", "entry 600 is missing"];
        assert_eq!((verified, problems), (600, found.map(str::to_owned).to_vec()));
    }

    async fn what_is_forged_or_repeated_before_it_is_linked_is_named_for_ever(world: World) {
        let _server = world.start().await;
        ten_binds(&world).await;
        let forge = "INSERT INTO audit_queue (entry, mac) SELECT REPLACE(entry, 'bind', 'eras'), mac FROM audit_log WHERE sequence = 7";
        let repeat = "INSERT INTO audit_queue (entry, mac) SELECT entry, mac FROM audit_log WHERE sequence = 8";
        execute(&world, &format!("{forge}; {repeat}")).await;
        assert_eq!(problems(&world).await, ["entry 13 was changed", "entry 14 is a copy of an earlier one"]);
    }

    async fn an_entry_that_is_linked_at_the_moment_is_listed_once(world: World) {
        let _server = world.start().await;
        let vouch = look(&world).await;
        let mut ids = BTreeSet::new();
        for number in 1..=80 {
            vouch.audit.note_alone(Act::Lookup, None, false, None).await.unwrap();
            let all = listed(&world, EVERYTHING).await;
            assert_eq!(all.len(), number + 2);
            ids.extend(all.into_iter().map(|one| one.record.id));
            assert_eq!(ids.len(), number + 2);
        }
    }

    async fn nodes_that_link_at_the_same_time_make_one_chain(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let (alice, bob) = (world.person(&one, "alice").await, world.person(&other, "bob").await);
        let mut sids = Vec::new();
        for number in 0..6 {
            for person in [&alice, &bob] {
                let mine = format!("{number}{}", &person.mxid[1..2]);
                sids.push((person, person.proves(&format!("{mine}@example.com")).await));
            }
        }
        for bound in join_all(sids.iter().map(|(person, sid)| person.binds_by(sid))).await {
            bound.ok();
        }
        assert_eq!(problems(&world).await, [""; 0]);
        // Both nodes had the same settings.
        assert_eq!((verified(&world).await.entries, count(&world, "audit_queue").await), (2 + 4 + 12, 0));
        one.stop().await;
        other.stop().await;
        assert_eq!(problems(&world).await, [""; 0]);
    }

    async fn entries_expire_from_the_front_and_the_rest_verifies(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        assert_eq!(problems(&world).await, [""; 0]);
        world.clock.advance(200 * DAY);
        let bob = world.person(&server, "bob").await;
        bob.binds("bob@example.com").await;
        world.clock.advance(165 * DAY + HOUR);
        until(PATIENCE, "nothing expires", async || {
            world.clock.advance(MINUTE);
            verified(&world).await.first == 6
        }).await;
        assert_eq!((problems(&world).await, verified(&world).await.entries), (vec![], 3));
        assert_eq!(of(&world, user(&alice)).await, [""; 0]);
        world.clock.advance(201 * DAY);
        until(PATIENCE, "not everything expires", async || {
            world.clock.advance(MINUTE);
            verified(&world).await.entries == 0
        }).await;
        assert_eq!((problems(&world).await, verified(&world).await.first), (vec![], 9));
        world.person(&server, "carol").await;
        assert_eq!((problems(&world).await, verified(&world).await.entries), (vec![], 2));
    }

    async fn what_is_altered_does_not_expire_unseen(world: World) {
        let server = world.start().await;
        ten_binds(&world).await;
        // If its time decided, the server itself would remove the entries before it.
        execute(&world, "UPDATE audit_log SET entry = REPLACE(entry, '\"at\":1', '\"at\":0')").await;
        world.clock.advance(2 * HOUR);
        until(PATIENCE, "it does not sweep", async || {
            world.clock.advance(MINUTE);
            count(&world, "leases WHERE name = 'sweep'").await == 1
        }).await;
        server.stop().await;
        assert_eq!(verified(&world).await.problems.len(), 12);
    }

    async fn a_clock_that_was_wrong_does_not_break_the_chain(world: World) {
        let server = world.start().await;
        let vouch = look(&world).await;
        world.clock.advance(20 * DAY);
        ten_binds(&world).await;
        server.stop().await;
        world.clock.step(-20 * DAY);
        let Subject::Address(address) = email(ALICE) else { unreachable!() };
        let language = vouch.content.load().texts.default_language();
        let services = look(&world).await;
        services.bindings.bind_address(&address, "@alice:hs.example".try_into().unwrap(), language).await.unwrap();
        world.clock.step(20 * DAY);
        let _server = world.start().await;
        assert_eq!(problems(&world).await, [""; 0]);
        let times: Vec<_> = listed(&world, EVERYTHING).await.into_iter().map(|one| one.record.at).collect();
        assert!(!times.is_sorted(), "{times:?}");
    }

    async fn an_older_state_of_the_whole_log_does_not_fit_the_checkpoints(world: World) {
        let mut binary = Binary::beside(&world);
        let serve = async |binary: &Binary, addresses: &[&str]| {
            let process = binary.serve().await;
            for address in addresses {
                done(binary.run(&["bind", "--address", address, "--user", "@alice:hs.example"]));
            }
            process.signal("TERM");
            process.ended().await.1
        };
        let first = serve(&binary, &[ALICE]).await;
        assert!(first.lines().filter(|line| line.contains("audit checkpoint {")).count() >= 1, "{first}");
        execute(&world, "CREATE TABLE kept AS SELECT * FROM meta WHERE name LIKE 'audit%'").await;
        let restore = "DELETE FROM audit_log WHERE sequence > 3; DELETE FROM meta WHERE name LIKE 'audit%'; \
            INSERT INTO meta SELECT * FROM kept";
        let verify = |log: &str| binary.run_with(&["audit", "verify", "--checkpoint", "-"], log);
        assert!(done(verify(&first)).starts_with("3 entries starting at number 1"));
        let second = serve(&binary, &["bob@example.com", "carol@example.com"]).await;
        assert!(done(verify(&format!("{first}\n{second}"))).starts_with("5 entries"));
        execute(&world, restore).await;
        done(binary.run(&["audit", "verify"]));
        done(verify(&first));
        let cut = verify(&second);
        assert!(cut.status == Some(1) && cut.stderr.contains("ends with entry 3") && cut.stderr.contains("cut"), "{cut:?}");

        binary.set("VOUCH__LOG__FORMAT", "json");
        let third = serve(&binary, &["dora@example.com", "emil@example.com"]).await;
        let verify = |log: &str| binary.run_with(&["audit", "verify", "--json", "--checkpoint", "-"], log);
        let json: Value = serde_json::from_str(&done(verify(&third))).unwrap();
        assert_eq!((&json["entries"], &json["problems"]), (&json!(6), &json!([])), "the format is a setting, too");
        let rewritten = verify(&second);
        assert!(rewritten.status == Some(1) && rewritten.stderr.contains("up to 5 were rewritten"), "{rewritten:?}");
        refused(&verify("nothing\n"), 1, "it contains no checkpoint");
        refused(&verify(&second.replace("\"sequence\":5", "\"sequence\":4")), 1, "it is not signed by a key of this server");
        refused(&binary.run(&["audit", "verify", "--checkpoint", "absent.log"]), 1, "absent.log");
    }
}
