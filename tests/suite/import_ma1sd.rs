//! Moving in from a ma1sd.

use serde_json::{Value, json};
use vouch::crypto::ephemeral::EphemeralKey;

use crate::binding::assert_signed;
use crate::database::{count, texts};
use crate::foreign::{Foreign, properties};
use crate::import::{DATA, moving, now, owner};
use crate::invitations::{V2, assert_signed_by, is_valid};
use crate::onbind::{invitation, until_told};
use crate::program::{Binary, Done, done, refused};
use crate::sydent::{NAME, Sydent};
use crate::world::World;

/// The key that signs in `tests/data/ma1sd-keys`.
const KEY: (&str, &str) = ("AAAAL3k-_s5Q", "hkv3qVIPGj+O/TRKMSQ716ZPWxoKuq/o3B1bt97aXOA");

/// Returns a world whose server has the name and the keys of the ma1sd, and has been started once.
async fn moving_from_ma1sd(mut world: World) -> (World, Binary) {
    world.config.server.name = NAME.try_into().unwrap();
    let binary = Binary::beside(&world);
    let keys = binary.run(&["keys", "import", "--sign", &format!("{DATA}/ma1sd-keys")]).stdout;
    let ids: Vec<_> = keys.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(ids, ["ed25519:AAAAL3k-_s5Q", "ed25519:0"], "{keys}");
    world.start().await.stop().await;
    (world, binary)
}

/// Runs `vouch import`; whatever its status, it must have printed a report.
pub fn report(binary: &Binary, server: &str, place: &str, options: &[&str]) -> (Done, Value) {
    let done = binary.run(&[&["import", server, place, "--json"], options].concat());
    let report = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("no report: {done:?}"));
    (done, report)
}

/// Imports, and returns the report.
pub fn imports(binary: &Binary, server: &str, place: &str, options: &[&str]) -> Value {
    let (done, report) = report(binary, server, place, &[&["--yes"], options].concat());
    assert_eq!(done.status, Some(0), "{done:?}");
    report
}

/// Returns the losses.
pub fn losses(report: &Value) -> Vec<&str> {
    report["losses"].as_array().unwrap().iter().map(|loss| loss["what"].as_str().unwrap()).collect()
}

#[track_caller]
pub fn assert_nothing_changes(report: &Value) {
    for (kind, tally) in report["outcomes"].as_object().unwrap() {
        for change in ["added", "replaced", "removed"] {
            assert!(tally.get(change).is_none(), "{kind}: {tally}");
        }
    }
}

on_both_backends! {
    async fn an_invitation_of_ma1sd_is_signed_and_delivered_with_its_key(world: World) {
        let (world, binary) = moving_from_ma1sd(world).await;
        let mut ma1sd = Foreign::ma1sd(&world).await;
        let (own, former) = (EphemeralKey::random(), EphemeralKey::random());
        ma1sd.invites("guest@example.com", "token1", KEY, &own).await;
        ma1sd.invites("taken@example.com", "token2", KEY, &former).await;
        ma1sd.invites("later@example.com", "token3", KEY, &former).await;
        ma1sd.delivers("taken@example.com", true).await;
        let keys = format!("{DATA}/ma1sd-keys");
        let options = ["--keys", &keys, "--keys-valid", "1000"];

        let (dry, found) = report(&binary, "ma1sd", &ma1sd.place, &options);
        assert_eq!((dry.status, &found["variant"]), (Some(0), &json!("ma1sd")), "{dry:?}");
        assert_eq!(found["signing_key"], json!({ "matches": "ed25519:AAAAL3k-_s5Q" }));
        assert_eq!((&found["found"]["invitations"]["pending"], &found["found"]["invitations"]["handed_over"]), (&json!(2), &json!(1)));
        assert_eq!((count(&world, "invites").await, count(&world, "imported").await), (0, 0));

        imports(&binary, "ma1sd", &ma1sd.place, &options);
        assert_nothing_changes(&imports(&binary, "ma1sd", &ma1sd.place, &options));
        assert_eq!(binary.run(&["import", "ma1sd", &ma1sd.place, "--verify"]).status, Some(0));

        // ma1sd delivers one of them before the switch.
        ma1sd.delivers("later@example.com", true).await;
        let verified = binary.run(&["import", "ma1sd", &ma1sd.place, "--verify"]);
        assert!(verified.status == Some(1) && verified.stderr.contains("the servers differ in 1 rows"), "{verified:?}");
        let report = imports(&binary, "ma1sd", &ma1sd.place, &options);
        assert_eq!(report["outcomes"]["invitations"], json!({ "unchanged": 1, "removed": 1 }));

        let server = world.start().await;
        let from_store = "g9YgD2qk4bX9qlX20Yn9pQ/1eDKMPua6D3PkjJx9Jkg";
        for key in [own.public_key().as_str(), &former.public_key(), from_store] {
            assert!(is_valid(&server, V2, key).await, "{key}");
        }
        let public = server.get(&format!("{V2}/pubkey/ed25519:AAAAL3k-_s5Q"), None).await.ok();
        assert_eq!(public["public_key"], KEY.1);
        let asked = json!({ "mxid": "@guest:hs.example", "token": "token1", "private_key": own.private_key().as_str() });
        let signed = server.post(&format!("{V2}/sign-ed25519"), None, &asked).await.ok();
        assert_eq!(signed["sender"], "@alice:hs.example");
        assert_signed_by(&world, &signed, &own.public_key());
        let guest = world.person(&server, "guest").await;
        guest.binds("guest@example.com").await;
        until_told(&world, 1).await;
        let told = invitation(&world.homeserver.told()[0]);
        assert_eq!((&told["room_id"], &told["sender"]), (&json!("!room:hs.example"), &json!("@alice:hs.example")));
        assert!(told["signed"]["signatures"][NAME]["ed25519:AAAAL3k-_s5Q"].is_string(), "{told}");
        assert_signed(&server, NAME, &told["signed"]).await;
    }

    async fn rows_that_need_a_decision_are_not_imported_without_one(world: World) {
        let (world, binary) = moving_from_ma1sd(world).await;
        let mut ma1sd = Foreign::ma1sd(&world).await;
        let own = EphemeralKey::random();
        ma1sd.invites("lost@example.com", "token1", KEY, &own).await;
        ma1sd.delivers("lost@example.com", false).await;
        ma1sd.run(
            "INSERT INTO hashes VALUES
                (1, '@alice:hs.example', 'email', 'Alice@example.com', 'x'),
                (2, '@alice:hs.example', 'email', 'alice@example.com', 'x'),
                (3, '@bob:hs.example', 'email', 'two@example.com', 'x'),
                (4, '@carol:hs.example', 'email', 'two@EXAMPLE.com', 'x'),
                (5, '@dora:hs.example', 'email', 'here@example.com', 'x'),
                (6, '@dora:hs.example', 'msisdn', '447700900001', 'x')",
        ).await;
        done(binary.run(&["bind", "--address", "here@example.com", "--user", "@here:hs.example"]));

        let (no, undecided) = report(&binary, "ma1sd", &ma1sd.place, &["--yes"]);
        assert_eq!((no.status, &undecided["done"]), (Some(1), &json!("refused")));
        assert_eq!(losses(&undecided), [
            "1 former invitations that no homeserver has accepted",
            "6 addresses that look-ups found there, in directories of yours",
        ]);
        assert_eq!((count(&world, "bindings").await, count(&world, "invites").await), (1, 0));

        let left = imports(&binary, "ma1sd", &ma1sd.place, &["--undelivered", "leave", "--hashes", "leave"]);
        assert!(losses(&left).is_empty(), "{left}");
        // The decision holds for the next runs.
        imports(&binary, "ma1sd", &ma1sd.place, &[]);
        assert_eq!((count(&world, "bindings").await, count(&world, "invites").await), (1, 0));

        let (no, contested) = report(&binary, "ma1sd", &ma1sd.place, &["--yes", "--hashes", "take", "--undelivered", "take"]);
        assert_eq!((no.status, losses(&contested)), (Some(1), vec!["1 addresses that are bound to several users"]));
        assert_eq!(contested["found"]["bindings"]["respelled"]["count"], 2);
        let options = ["--hashes", "take", "--undelivered", "take", "--accept-losses"];
        let taken = imports(&binary, "ma1sd", &ma1sd.place, &options);
        assert_eq!(taken["outcomes"]["bindings"], json!({ "added": 2, "newer_here": 1 }));
        for (address, expected) in [
            ("alice@example.com", Some("@alice:hs.example")),
            ("two@example.com", None),
            ("here@example.com", Some("@here:hs.example")),
            ("447700900001", Some("@dora:hs.example")),
        ] {
            assert_eq!(owner(&binary, address).as_deref(), expected, "{address}");
        }
        assert_eq!(count(&world, "invites").await, 1);
        assert_nothing_changes(&imports(&binary, "ma1sd", &ma1sd.place, &["--accept-losses"]));
        // ma1sd empties the table when it stops, which removes nothing.
        ma1sd.run("DELETE FROM hashes").await;
        assert_nothing_changes(&imports(&binary, "ma1sd", &ma1sd.place, &[]));
    }

    async fn accepted_terms_are_history_with_their_time_and_tokens_are_not_imported(world: World) {
        let (world, binary) = moving_from_ma1sd(world).await;
        let mut ma1sd = Foreign::ma1sd(&world).await;
        let issued = now() / 1000;
        ma1sd.run(&format!(
            "INSERT INTO account VALUES ('token', 'x', 3600, {issued}, '@alice:hs.example'),
                ('old', 'x', 3600, 1700000000, '@alice:hs.example'), ('third', 'x', 3600, 1700000000, '@bob:hs.example');
             INSERT INTO accepted VALUES (1, 'https://id.example.org/terms', '@alice:hs.example', 1690000000000),
                (2, 'https://id.example.org/terms', '@carol:hs.example', 1690000000000);
             INSERT INTO session_3pid VALUES ('1', {}, 'x', 'email', 'a@example.com', 'x', 1, 'x', TRUE, FALSE, FALSE),
                ('2', 1700000000000, 'x', 'email', 'a@example.com', 'x', 1, 'x', TRUE, FALSE, FALSE)",
            now()
        )).await;
        let report = imports(&binary, "ma1sd", &ma1sd.place, &[]);
        assert_eq!((&report["found"]["tokens_lost"], &report["found"]["sessions_lost"]), (&json!(1), &json!(1)));
        assert_eq!(report["outcomes"]["accounts"], json!({ "added": 3 }));
        assert_eq!((count(&world, "tokens").await, count(&world, "consents").await), (0, 2));
        let export: Value = serde_json::from_str(&done(binary.run(&["export", "--user", "@alice:hs.example"]))).unwrap();
        let consent = &export["account"]["consents"][0];
        assert_eq!((&consent["url"], &consent["policy"]), (&json!("https://id.example.org/terms"), &json!("ma1sd:terms")));
        let times = texts(&world, "SELECT CAST(accepted_at AS TEXT) AS text FROM consents").await;
        assert_eq!(times, ["1690000000000", "1690000000000"]);
        let created = texts(&world, "SELECT CAST(created_at AS TEXT) AS text FROM accounts ORDER BY created_at").await;
        assert_eq!(created, ["1690000000000", "1690000000000", "1700000000000"]);
        done(binary.run(&["erase", "--user", "@alice:hs.example", "--yes"]));
        assert_nothing_changes(&imports(&binary, "ma1sd", &ma1sd.place, &[]));
    }

    async fn objections_and_an_older_copy_are_heeded(world: World) {
        let (world, binary) = moving_from_ma1sd(world).await;
        let mut ma1sd = Foreign::ma1sd(&world).await;
        let own = EphemeralKey::random();
        done(binary.run(&["object", "guest@example.com"]));
        ma1sd.invites("guest@example.com", "token1", KEY, &own).await;
        ma1sd.invites("other@example.com", "token2", KEY, &own).await;
        let session = |id, at| format!(
            "INSERT INTO session_3pid VALUES ('{id}', {at}, 'x', 'email', 'a@example.com', 'x', 1, 'x', TRUE, FALSE, FALSE)"
        );
        ma1sd.run(&session(1, 1_700_000_000_000_i64)).await;
        let report = imports(&binary, "ma1sd", &ma1sd.place, &[]);
        assert_eq!(report["outcomes"]["invitations"], json!({ "added": 1, "objected": 1 }));
        done(binary.run(&["object", "guest@example.com", "--withdraw"]));
        assert_nothing_changes(&imports(&binary, "ma1sd", &ma1sd.place, &[]));
        // This looks like a backup restored over it.
        ma1sd.run("DELETE FROM session_3pid; DELETE FROM invite_3pid").await;
        refused(&binary.run(&["import", "ma1sd", &ma1sd.place, "--yes"]), 1, "seems to be older than what was imported last");
        assert_eq!(count(&world, "invites").await, 1);
        imports(&binary, "ma1sd", &ma1sd.place, &["--accept-older"]);
        assert_eq!(count(&world, "invites").await, 0);
    }

    async fn rows_that_are_not_valid_are_losses_and_the_others_are_imported(world: World) {
        let (world, binary) = moving_from_ma1sd(world).await;
        let mut ma1sd = Foreign::ma1sd(&world).await;
        let own = EphemeralKey::random();
        ma1sd.invites("good@example.com", "good", KEY, &own).await;
        let long = "x".repeat(20_000);
        let good = properties(KEY, &own);
        for (n, (sender, medium, address, room, properties)) in [
            ("alice", "email", "a@example.com", "!r:hs.example", good.as_str()),
            ("@alice:hs.example", "fax", "a@example.com", "!r:hs.example", &good),
            ("@alice:hs.example", "email", "no address", "!r:hs.example", &good),
            ("@alice:hs.example", "email", &long, "!r:hs.example", &good),
            ("@alice:hs.example", "email", "a@example.com", "room", &good),
        ].into_iter().enumerate() {
            ma1sd.run(&format!("INSERT INTO invite_3pid VALUES ('{n}', 't{n}', '{sender}', '{medium}', '{address}', '{room}', '{properties}')")).await;
        }
        // Faults in the properties do not matter for the delivery.
        for (n, properties) in ["not JSON", "[]", r#"{"e_key_public": "short", "created_at": 5}"#, &"[".repeat(10_000)].into_iter().enumerate() {
            ma1sd.run(&format!("INSERT INTO invite_3pid VALUES ('p{n}', 'p{n}', '@alice:hs.example', 'email', 'p{n}@example.com', '!r:hs.example', '{properties}')")).await;
        }
        ma1sd.run(
            "INSERT INTO accepted VALUES (1, '', '@alice:hs.example', 1), (2, 'https://x', 'nobody', 9223372036854775807);
             INSERT INTO account VALUES ('t', 'x', 9223372036854775807, 9223372036854775807, 'nobody')",
        ).await;
        let (no, found) = report(&binary, "ma1sd", &ma1sd.place, &["--yes"]);
        assert_eq!((no.status, losses(&found)), (Some(1), vec![
            "1 accounts whose Matrix ID is not valid",
            "2 accepted terms of invalid Matrix IDs",
            "5 pending invitations with an address, room or sender that is not valid",
            "4 public keys of invitations that are not valid",
        ]));
        let report = imports(&binary, "ma1sd", &ma1sd.place, &["--accept-losses"]);
        assert_eq!(report["outcomes"]["invitations"], json!({ "added": 5 }));
    }

    async fn anything_but_the_database_of_a_ma1sd_is_refused(world: World) {
        let (world, binary) = moving(world).await;
        let synapse = Foreign::synapse(&world, &[]).await;
        refused(&binary.run(&["import", "ma1sd", &synapse.place]), 1, "is not the database of a ma1sd, but of a Synapse: use `vouch import synapse`");
        let mut ma1sd = Foreign::ma1sd(&world).await;
        refused(&binary.run(&["import", "synapse", &ma1sd.place]), 1, "is not the database of a Synapse, but of a ma1sd");
        ma1sd.run(r#"ALTER TABLE invite_3pid RENAME COLUMN "roomId" TO room"#).await;
        refused(&binary.run(&["import", "ma1sd", &ma1sd.place]), 1, "its table invite_3pid has no column roomId");
        ma1sd.run("CREATE TABLE novel (id BIGINT); INSERT INTO novel VALUES (1);").await;
        ma1sd.run(r#"ALTER TABLE invite_3pid RENAME COLUMN room TO "roomId""#).await;
        let (dry, found) = report(&binary, "ma1sd", &ma1sd.place, &[]);
        assert_eq!((dry.status, losses(&found)), (Some(1), vec!["1 rows of the table novel"]));
        ma1sd.run("ALTER TABLE invite_3pid RENAME TO i; CREATE VIEW invite_3pid AS SELECT * FROM i").await;
        let run = binary.run(&["import", "ma1sd", &ma1sd.place]);
        let problem = if world.database.is_some() { "is not the database of a ma1sd" } else { "it has the view invite_3pid" };
        refused(&run, 1, problem);
        assert_eq!(count(&world, "imported").await, 0);
    }
}

#[tokio::test]
async fn the_guide_can_be_followed_with_the_shared_files() {
    let (world, binary) = moving_from_ma1sd(World::on_sqlite().await).await;
    let (ma1sd, keys) = (format!("{DATA}/ma1sd.db"), format!("{DATA}/ma1sd-keys"));
    let options = ["--keys", &keys, "--undelivered", "take", "--hashes", "leave"];
    let report = imports(&binary, "ma1sd", &ma1sd, &options);
    for (kind, added) in [("invitations", 3), ("public keys of invitations", 3), ("accounts", 1), ("accepted terms", 1)]
    {
        assert_eq!(report["outcomes"][kind], json!({ "added": added }), "{kind}");
    }
    let synapse = format!("{DATA}/homeserver.db");
    assert_eq!(imports(&binary, "synapse", &synapse, &[])["outcomes"]["bindings"], json!({ "added": 3 }));
    for (server, place) in [("ma1sd", &ma1sd), ("synapse", &synapse)] {
        assert_eq!(binary.run(&["import", server, place, "--verify"]).status, Some(0), "{server}");
    }
    imports(&binary, "synapse", &synapse, &["--last"]);
    assert_eq!((count(&world, "imported").await, count(&world, "bindings").await), (0, 3));
}

#[tokio::test]
async fn two_servers_with_invitations_are_moved_one_after_the_other() {
    let (world, binary) = moving_from_ma1sd(World::on_sqlite().await).await;
    let mut ma1sd = Foreign::ma1sd(&world).await;
    ma1sd.invites("guest@example.com", "token1", KEY, &EphemeralKey::random()).await;
    let sydent = Sydent::new(world.folder.path());
    let sydent = sydent.path.to_str().unwrap();
    imports(&binary, "ma1sd", &ma1sd.place, &[]);
    refused(&binary.run(&["import", "sydent", sydent, "--yes"]), 1, "an import from ma1sd has not ended");
    imports(&binary, "ma1sd", &ma1sd.place, &["--last"]);
    imports(&binary, "sydent", sydent, &[]);
    assert_eq!(count(&world, "invites").await, 1);
    refused(&binary.run(&["import", "ma1sd", &ma1sd.place]), 1, "an import from sydent has not ended");
}
