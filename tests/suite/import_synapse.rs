//! Importing the addresses that the users of a Synapse have published.

use std::collections::BTreeMap;

use rand::prelude::*;
use rand::rngs::StdRng;
use serde_json::json;

use crate::database::{count, texts};
use crate::foreign::Foreign;
use crate::import::{DATA, moving, now, owner};
use crate::import_ma1sd::{assert_nothing_changes, imports, losses, report};
use crate::program::{Binary, done, refused};
use crate::sydent::{NAME, Sydent};
use crate::world::World;

/// The number of events of a history; `VOUCH_IMPORT_EVENTS` sets another number.
const EVENTS: usize = 60;

on_both_backends! {
    async fn only_addresses_published_through_this_server_are_imported(world: World) {
        let (world, binary) = moving(world).await;
        let users = ["@alice:hs.example", "@bob:hs.example", "@carol:hs.example", "@gone:hs.example"];
        let mut synapse = Foreign::synapse(&world, &users).await;
        synapse.run(
            "UPDATE users SET deactivated = 1 WHERE name = '@gone:hs.example';
             INSERT INTO user_threepids VALUES ('@alice:hs.example', 'email', 'private@example.com', 1, 1)",
        ).await;
        for (user, address, id_server) in [
            ("@alice:hs.example", "alice@example.com", NAME),
            ("@alice:hs.example", "alice.url@example.com", "https://id.example.org"),
            ("@bob:hs.example", "Strauß@example.com", "ID.example.org:443"),
            ("@bob:hs.example", "strauss@example.com", NAME),
            ("@bob:hs.example", "elsewhere@example.com", "vector.im"),
            ("@bob:hs.example", "two@example.com", NAME),
            ("@carol:hs.example", "TWO@example.com", NAME),
            ("@gone:hs.example", "gone@example.com", NAME),
            ("@eve:other.example", "eve@example.com", NAME),
            ("nobody", "nobody@example.com", NAME),
            ("@carol:hs.example", "no address", NAME),
        ] {
            synapse.publishes(user, address, id_server).await;
        }
        synapse.run("INSERT INTO user_threepid_id_server VALUES ('@carol:hs.example', 'fax', '123', 'id.example.org'),
            ('@carol:hs.example', 'msisdn', '447700900001', 'id.example.org')").await;

        let (dry, found) = report(&binary, "synapse", &synapse.place, &[]);
        assert_eq!((dry.status, &found["done"], &found["variant"]), (Some(1), &json!("dry_run"), &json!("synapse")));
        assert_eq!(losses(&found), [
            "1 bindings of an unknown kind of address",
            "1 bindings whose address is not valid",
            "1 bindings to invalid Matrix IDs",
            "1 addresses that are bound to several users",
        ]);
        let spellings: Vec<_> = found["found"]["origins"].as_array().unwrap().iter()
            .map(|origin| (origin["name"].as_str().unwrap(), origin["rows"].as_i64().unwrap(), origin["note"].as_str().unwrap())).collect();
        assert_eq!(spellings, [
            ("ID.example.org:443", 1, "this server"),
            ("https://id.example.org", 1, "this server"),
            ("id.example.org", 10, "this server"),
            ("vector.im", 1, "another server, left out"),
        ]);
        let bindings = &found["found"]["bindings"];
        assert_eq!((&bindings["strangers"], &bindings["elsewhere"], &bindings["respelled"]["count"]), (&json!(2), &json!(1), &json!(2)));
        assert_eq!((count(&world, "bindings").await, count(&world, "imported").await), (0, 0));

        imports(&binary, "synapse", &synapse.place, &["--accept-losses"]);
        for (address, expected) in [
            ("alice@example.com", Some("@alice:hs.example")),
            ("alice.url@example.com", Some("@alice:hs.example")),
            ("strauss@example.com", Some("@bob:hs.example")),
            ("447700900001", Some("@carol:hs.example")),
            ("private@example.com", None),
            ("elsewhere@example.com", None),
            ("two@example.com", None),
            ("gone@example.com", None),
            ("eve@example.com", None),
        ] {
            assert_eq!(owner(&binary, address).as_deref(), expected, "{address}");
        }
        assert_eq!(count(&world, "bindings").await, 4);
        assert_nothing_changes(&imports(&binary, "synapse", &synapse.place, &["--accept-losses"]));
        assert_eq!(binary.run(&["import", "synapse", &synapse.place, "--verify"]).status, Some(0));

        // Other names can be given instead.
        let (_, other) = report(&binary, "synapse", &synapse.place, &["--id-server", "vector.im"]);
        assert_eq!((&other["found"]["bindings"]["rows_read"], &other["found"]["bindings"]["elsewhere"]), (&json!(1), &json!(12)));
        let (none, report) = report(&binary, "synapse", &synapse.place, &["--id-server", "typo.example.org"]);
        assert_eq!((none.status, losses(&report)), (Some(1), vec!["13 addresses that were all published at other identity servers"]));
        // The names hold for later runs, in which nothing seems to be withdrawn.
        let named = ["--accept-losses", "--id-server", "vector.im", "--id-server", NAME];
        assert_eq!(imports(&binary, "synapse", &synapse.place, &named)["outcomes"]["bindings"]["added"], 1);
        assert_nothing_changes(&imports(&binary, "synapse", &synapse.place, &["--accept-losses"]));
        imports(&binary, "synapse", &synapse.place, &["--accept-losses", "--last"]);
        assert_eq!(count(&world, "imported").await, 0);
        assert_eq!(texts(&world, "SELECT name AS text FROM meta WHERE name LIKE 'import %'").await, Vec::<String>::new());
    }

    async fn an_address_withdrawn_there_is_removed_here_and_can_come_again(world: World) {
        let (world, binary) = moving(world).await;
        let mut synapse = Foreign::synapse(&world, &["@alice:hs.example", "@bob:hs.example"]).await;
        synapse.publishes("@alice:hs.example", "a@example.com", NAME).await;
        synapse.publishes("@alice:hs.example", "moved@example.com", NAME).await;
        imports(&binary, "synapse", &synapse.place, &[]);
        synapse.withdraws("a@example.com").await;
        synapse.withdraws("moved@example.com").await;
        synapse.publishes("@bob:hs.example", "moved@example.com", NAME).await;
        let verified = binary.run(&["import", "synapse", &synapse.place, "--verify"]);
        assert!(verified.status == Some(1) && verified.stderr.contains("the servers differ"), "{verified:?}");
        imports(&binary, "synapse", &synapse.place, &[]);
        assert_eq!((owner(&binary, "a@example.com"), owner(&binary, "moved@example.com").as_deref()), (None, Some("@bob:hs.example")));
        synapse.publishes("@alice:hs.example", "a@example.com", NAME).await;
        imports(&binary, "synapse", &synapse.place, &[]);
        assert_eq!(owner(&binary, "a@example.com").as_deref(), Some("@alice:hs.example"));
        // Users who leave take everything with them.
        synapse.run("UPDATE users SET deactivated = 1 WHERE name = '@alice:hs.example'").await;
        imports(&binary, "synapse", &synapse.place, &[]);
        assert_eq!(owner(&binary, "a@example.com"), None);
        // This is an earlier copy.
        synapse.run("UPDATE users SET creation_ts = creation_ts - 1").await;
        refused(&binary.run(&["import", "synapse", &synapse.place]), 1, "seems to be older");
    }

    async fn a_sydent_knows_better_in_either_order(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        let mut synapse = Foreign::synapse(&world, &["@alice:hs.example"]).await;
        let start = now() - 1_000;
        for name in ["same", "other", "unbound", "never"] {
            synapse.publishes("@alice:hs.example", &format!("{name}@example.com"), NAME).await;
        }
        sydent.bind("same@example.com", "@alice:hs.example", start);
        sydent.bind("other@example.com", "@other:hs.example", start);
        sydent.bind("unbound@example.com", "@alice:hs.example", start - 1);
        sydent.unbind("unbound@example.com", start);
        let file = sydent.path.to_str().unwrap().to_owned();
        for (server, place) in [("synapse", &synapse.place), ("sydent", &file), ("synapse", &synapse.place), ("sydent", &file)] {
            imports(&binary, server, place, &[]);
        }
        let check = |never: Option<&str>| {
            for (name, expected) in [
                ("same", Some("@alice:hs.example")), ("other", Some("@other:hs.example")), ("unbound", None), ("never", never),
            ] {
                assert_eq!(owner(&binary, &format!("{name}@example.com")).as_deref(), expected, "{name}");
            }
        };
        check(Some("@alice:hs.example"));
        // A binding that Sydent also has is not withdrawn with Synapse's row.
        for name in ["same", "never"] {
            synapse.withdraws(&format!("{name}@example.com")).await;
        }
        imports(&binary, "synapse", &synapse.place, &[]);
        check(None);
    }

    async fn two_homeservers_do_not_disturb_each_other(world: World) {
        let (world, binary) = moving(world).await;
        let mut one = Foreign::synapse(&world, &["@alice:one.example"]).await;
        one.publishes("@alice:one.example", "alice@example.com", NAME).await;
        imports(&binary, "synapse", &one.place, &[]);
        if world.database.is_none() {
            std::fs::rename(&one.place, world.folder.path().join("one.db")).unwrap();
        }
        let mut other = Foreign::synapse(&world, &["@bob:other.example"]).await;
        other.publishes("@bob:other.example", "bob@example.com", NAME).await;
        other.publishes("@bob:other.example", "alice@example.com", NAME).await;
        imports(&binary, "synapse", &other.place, &[]);
        other.withdraws("alice@example.com").await;
        assert_nothing_changes(&imports(&binary, "synapse", &other.place, &[]));
        assert_eq!(owner(&binary, "alice@example.com").as_deref(), Some("@alice:one.example"));
        assert_eq!(owner(&binary, "bob@example.com").as_deref(), Some("@bob:other.example"));
    }

    async fn an_invitation_is_delivered_to_whom_synapse_names(world: World) {
        let (world, binary) = moving(world).await;
        let mut ma1sd = Foreign::ma1sd(&world).await;
        ma1sd.run(
            "INSERT INTO invite_3pid VALUES ('1', 'token', '@bob:hs.example', 'email', 'alice@example.com', '!r:hs.example', NULL)",
        ).await;
        imports(&binary, "ma1sd", &ma1sd.place, &[]);
        let mut synapse = Foreign::synapse(&world, &["@alice:hs.example"]).await;
        synapse.publishes("@alice:hs.example", "alice@example.com", NAME).await;
        done(binary.run(&["object", "bob@example.com"]));
        synapse.publishes("@alice:hs.example", "bob@example.com", NAME).await;
        let report = imports(&binary, "synapse", &synapse.place, &[]);
        assert_eq!((&report["invitations_delivered"], count(&world, "outbox").await), (&json!(1), 1));
        assert_eq!(report["outcomes"]["bindings"], json!({ "added": 1, "objected": 1 }));
        // ma1sd still has it.
        assert_nothing_changes(&imports(&binary, "ma1sd", &ma1sd.place, &[]));
        assert_eq!(count(&world, "outbox").await, 1);
    }
}

/// The true history of an address.
#[derive(Clone, Default)]
struct Truth {
    /// The user who has published it, according to Synapse.
    there: Option<&'static str>,
    /// Its owner here, and whether Synapse said so.
    here: Option<(&'static str, bool)>,
    /// True if it was removed here since the first import.
    was_removed: bool,
}

impl Truth {
    fn is_imported(&mut self) {
        self.here = match (self.here, self.there) {
            (Some((user, false)), _) => Some((user, false)),
            (Some((_, true)), there) => there.map(|user| (user, true)),
            (None, Some(user)) if !self.was_removed => Some((user, true)),
            (None, _) => None,
        };
    }
}

async fn history(world: World, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let (world, binary) = moving(world).await;
    let users = ["@alice:hs.example", "@bob:hs.example"];
    let mut synapse = Foreign::synapse(&world, &users).await;
    let mut truths =
        BTreeMap::from(["a@example.com", "b@example.com", "c@example.com"].map(|address| (address, Truth::default())));
    let (mut is_begun, events) = (false, std::env::var("VOUCH_IMPORT_EVENTS").ok().and_then(|text| text.parse().ok()));
    for event in 0..events.unwrap_or(EVENTS) {
        let (address, truth) = truths.iter_mut().choose(&mut random).unwrap();
        let user = *users.choose(&mut random).unwrap();
        match random.random_range(0..6) {
            0 | 1 => {
                synapse.withdraws(address).await;
                synapse.publishes(user, address, NAME).await;
                truth.there = Some(user);
            }
            2 => {
                synapse.withdraws(address).await;
                truth.there = None;
            }
            3 => {
                done(binary.run(&["bind", "--address", address, "--user", user]));
                truth.here = Some((user, false));
            }
            4 => {
                if let Some((user, _)) = truth.here.take() {
                    done(binary.run(&["unbind", "--address", address, "--user", user]));
                    truth.was_removed |= is_begun;
                }
            }
            _ => {
                imports(&binary, "synapse", &synapse.place, &[]);
                is_begun = true;
                truths.values_mut().for_each(Truth::is_imported);
                assert_same(&binary, &truths, seed, event);
                assert_nothing_changes(&imports(&binary, "synapse", &synapse.place, &[]));
            }
        }
    }
    imports(&binary, "synapse", &synapse.place, &[]);
    truths.values_mut().for_each(Truth::is_imported);
    assert_same(&binary, &truths, seed, usize::MAX);
}

#[track_caller]
fn assert_same(binary: &Binary, truths: &BTreeMap<&str, Truth>, seed: u64, event: usize) {
    for (address, truth) in truths {
        let expected = truth.here.map(|(user, _)| user);
        assert_eq!(owner(binary, address).as_deref(), expected, "{address}, seed {seed}, event {event}");
    }
}

on_both_backends! {
    async fn nothing_is_replaced_or_brought_back_in_random_histories(world: World) {
        history(world, rand::random()).await;
    }
}

#[tokio::test]
async fn the_report_in_words_and_the_shared_files() {
    let (_world, binary) = moving(World::on_sqlite().await).await;
    let words = binary.run(&["import", "synapse", &format!("{DATA}/homeserver.db")]).stdout;
    for text in [
        "The other server (synapse, schema version 88)",
        "3  id.example.org (this server)",
        "1  vector.im (another server, left out)",
        "1  rows of users who no longer exist there: not imported",
        "not read: these addresses were not published",
        "bindings: 3 added",
    ] {
        assert!(words.contains(text), "{text}\n{words}");
    }
    assert!(!words.contains("Invitations") && !words.contains("LOST"), "{words}");
}
