//! Moving in from a Sydent, with the database that a real Sydent 2.7.0 wrote
//! (`tests/data/sydent-2.7.0.db`) and with others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::binding::assert_signed;
use crate::database::{count, texts};
use crate::invitations::{V2, assert_signed_by, is_valid};
use crate::onbind::{invitation, until_told};
use crate::program::{Binary, Done, done, refused};
use crate::sydent::{KEY, NAME, Sydent};
use crate::world::World;

pub const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
const ALICES_TOKEN: &str = "HLa76icWLAAsVTw3arqOyrWnjriaQN7wkCRVQlvvisg2MOmbS12BXHF3Ss3AHiHu";
const GUEST: &str = "guest1@example.com";

/// Returns a world whose server has the name and the key of the Sydent, and has been started once.
pub async fn moving(mut world: World) -> (World, Binary) {
    world.config.server.name = NAME.try_into().unwrap();
    write_key(&world.config.keys.signing_key_file);
    world.start().await.stop().await;
    let binary = Binary::beside(&world);
    (world, binary)
}

/// Writes the key of the Sydent to a file that only its owner can read.
pub fn write_key(path: &Path) {
    fs::write(path, KEY).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Copies the database of the real Sydent.
pub fn copied(world: &World) -> PathBuf {
    let path = world.folder.path().join("sydent.db");
    fs::copy(Path::new(DATA).join("sydent-2.7.0.db"), &path).unwrap();
    path
}

pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Runs `vouch import sydent FILE`; whatever its status, it must have printed a report.
pub fn report(binary: &Binary, file: &Path, options: &[&str]) -> (Done, Value) {
    let done = binary.run(&[&["import", "sydent", file.to_str().unwrap(), "--json"], options].concat());
    let report = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("no report: {done:?}"));
    (done, report)
}

/// Imports, and returns the report.
pub fn imports(binary: &Binary, file: &Path, options: &[&str]) -> Value {
    let (done, report) = report(binary, file, &[&["--yes"], options].concat());
    assert_eq!(done.status, Some(0), "{done:?}");
    report
}

/// Returns whose an address is.
pub fn owner(binary: &Binary, address: &str) -> Option<String> {
    let done = binary.run(&["lookup", address]);
    let owner = done.stdout.split_once(" since ").map(|(owner, _)| owner.to_owned());
    assert!(owner.is_some() || done.stderr.contains("is not bound"), "{done:?}");
    owner
}

/// Checks all bindings of the shared database, as listed in its README.
#[track_caller]
fn assert_bound(binary: &Binary, fifth: &str, with_peers: bool) {
    for n in 1..=40 {
        let expected = match n {
            31..=33 => None,
            5 => Some(fifth.to_owned()),
            n => Some(format!("@person{n:02}:hs{}.example", n % 4)),
        };
        assert_eq!(owner(binary, &format!("person{n:02}@example.com")), expected, "{n}");
    }
    for n in 1..=10 {
        let expected = (n < 10).then(|| format!("@person{n:02}:hs{}.example", n % 4));
        assert_eq!(owner(binary, &format!("4477009000{n:02}")), expected, "{n}");
    }
    for (address, expected) in [
        ("dora@example.com", Some("@dora:hs1.example")),
        ("strauss@example.com", Some("@strauss:hs1.example")),
        ("Strauß@example.com", Some("@strauss:hs1.example")),
        ("moved@example.com", Some("@new:hs2.example")),
        ("gone@example.com", None),
        ("back@example.com", Some("@back:hs1.example")),
        ("alice@example.com", Some("@alice:127.0.0.1:24490")),
        ("alice.second@example.com", None),
        ("erik@example.com", Some("@erik.new:hs1.example")),
        ("frida@example.com", Some("@frida:hs2.example")),
        ("peer1@example.net", with_peers.then_some("@peer1:hs9.example")),
        ("peer2@example.net", None),
        ("expired@example.net", None),
    ] {
        assert_eq!(owner(binary, address).as_deref(), expected, "{address}");
    }
}

on_both_backends! {
    async fn a_real_database_is_imported_only_after_its_losses_were_accepted(world: World) {
        let (world, binary) = moving(world).await;
        let file = copied(&world);
        let before = fs::read(&file).unwrap();

        let (dry, report) = report(&binary, &file, &[]);
        assert_eq!(dry.status, Some(1), "{dry:?}");
        assert!(dry.stderr.contains("something would be lost"), "{dry:?}");
        assert_eq!((&report["done"], &report["their_name"]), (&json!("dry_run"), &json!(NAME)));
        assert_eq!(report["signing_key"], json!({ "matches": "ed25519:0" }));
        let lost: Vec<&str> = report["losses"].as_array().unwrap().iter().map(|loss| loss["what"].as_str().unwrap()).collect();
        assert_eq!(lost, ["1 bindings whose address is not valid", "1 bindings to invalid Matrix IDs"]);
        let bindings = &report["found"]["bindings"];
        assert_eq!((&bindings["tombstones"], &bindings["expired"]), (&json!(5), &json!(1)));
        assert_eq!(bindings["respelled"]["some"], json!([
            "local 66: erik@example.com bound to @erik.new:hs1.example (not local 65: Erik@Example.com bound to @erik.old:hs1.example)"
        ]));
        assert_eq!(bindings["several_users"]["count"], 2);
        assert_eq!(report["found"]["active_peers"], json!(["peer.example.net"]));
        assert_eq!((count(&world, "bindings").await, count(&world, "imported").await), (0, 0));

        let (no, refusal) = self::report(&binary, &file, &["--yes"]);
        assert_eq!((no.status, &refusal["done"]), (Some(1), &json!("refused")));
        assert_eq!((count(&world, "bindings").await, count(&world, "accounts").await), (0, 0));

        let report = imports(&binary, &file, &["--accept-losses"]);
        assert_eq!(report["outcomes"]["bindings"]["added"], 54);
        assert_bound(&binary, "@elsewhere:hs9.example", true);
        let counts = async || {
            let mut counts = Vec::new();
            for table in ["bindings", "accounts", "tokens", "consents", "invites", "ephemeral_keys", "imported"] {
                counts.push(count(&world, table).await);
            }
            counts
        };
        let imported = counts().await;
        assert_eq!(imported[..6], [54, 3, 3, 4, 2, 2]);

        for options in [&["--accept-losses"][..], &["--accept-losses", "--all"]] {
            let again = imports(&binary, &file, options);
            for tally in again["outcomes"].as_object().unwrap().values() {
                for change in ["added", "replaced", "removed"] {
                    assert!(tally.get(change).is_none(), "{tally}");
                }
            }
            assert_eq!(counts().await, imported);
        }
        let verify = ["import", "sydent", file.to_str().unwrap(), "--verify"];
        assert!(done(binary.run(&verify)).contains("Differences"));
        done(binary.run(&["unbind", "--address", "dora@example.com", "--user", "@dora:hs1.example"]));
        assert_eq!(binary.run(&verify).status, Some(0), "what was removed here is no difference");
        assert!(before == fs::read(&file).unwrap(), "the other server's file was changed");

        imports(&binary, &file, &["--accept-losses", "--last"]);
        assert_eq!(count(&world, "imported").await, 0);
    }

    async fn bindings_from_peers_can_be_left_out(world: World) {
        let (world, binary) = moving(world).await;
        let file = copied(&world);
        imports(&binary, &file, &["--accept-losses", "--peers", "leave"]);
        assert_bound(&binary, "@person05:hs1.example", false);
        let other = binary.run(&["import", "sydent", file.to_str().unwrap(), "--accept-losses"]);
        refused(&other, 1, "use the same --peers");
    }

    async fn tokens_keep_working_and_the_terms_are_asked_for_again(world: World) {
        let (world, binary) = moving(world).await;
        imports(&binary, &copied(&world), &["--accept-losses"]);
        let server = world.start().await;
        let account = server.get(&format!("{V2}/account"), Some(ALICES_TOKEN)).await;
        assert_eq!(account.error(), (403, "M_TERMS_NOT_SIGNED"));
        let terms = server.get(&format!("{V2}/terms"), None).await.ok();
        let urls: Vec<_> = terms["policies"].as_object().unwrap().values().map(|policy| policy["en"]["url"].clone()).collect();
        server.post(&format!("{V2}/terms"), Some(ALICES_TOKEN), &json!({ "user_accepts": urls })).await.ok();
        let account = server.get(&format!("{V2}/account"), Some(ALICES_TOKEN)).await.ok();
        assert_eq!(account["user_id"], "@alice:127.0.0.1:24490");
        let export: Value = serde_json::from_str(&done(binary.run(&["export", "--user", "@alice:127.0.0.1:24490"]))).unwrap();
        let consents = export["account"]["consents"].as_array().unwrap();
        assert!(consents.iter().any(|consent| consent["url"] == "https://id.example.org/old/privacy-3-en"), "{export}");
        server.post(&format!("{V2}/account/logout"), Some(ALICES_TOKEN), &json!({})).await.ok();
        server.stop().await;
        imports(&binary, &world.folder.path().join("sydent.db"), &["--accept-losses"]);
        let server = world.start().await;
        assert_eq!(server.get(&format!("{V2}/account"), Some(ALICES_TOKEN)).await.status, 401);
    }

    async fn an_imported_invitation_is_signed_and_delivered(world: World) {
        let (world, binary) = moving(world).await;
        imports(&binary, &copied(&world), &["--accept-losses", "--keys-valid", "1000"]);
        let server = world.start().await;
        let mailed: Value = serde_json::from_str(&fs::read_to_string(Path::new(DATA).join("sydent-invite-keys.json")).unwrap()).unwrap();
        let keys = ["DSgf8cGofPyta1HCBcykpxhuFULaVOTaZ7W5fKcLuv8", "GueQ_w-Re89B7lX28s2V_OiUZ2-2Pt3W4OiKx_5MHcs"];
        for (invitation, key) in mailed.as_array().unwrap().iter().zip(keys) {
            let asked = json!({ "mxid": "@guest:hs.example", "token": invitation["token"], "private_key": invitation["private_key"] });
            let signed = server.post(&format!("{V2}/sign-ed25519"), None, &asked).await.ok();
            assert_eq!(signed["sender"], "@alice:127.0.0.1:24490");
            assert_signed_by(&world, &signed, &key.replace('-', "+").replace('_', "/"));
            assert!(is_valid(&server, V2, key).await && is_valid(&server, "/_matrix/identity/api/v1", key).await);
        }
        let guest = world.person(&server, "guest").await;
        guest.binds(GUEST).await;
        until_told(&world, 2).await;
        let mut rooms = Vec::new();
        for request in world.homeserver.told() {
            let invitation = invitation(&request);
            assert_signed(&server, NAME, &invitation["signed"]).await;
            assert_eq!(invitation["sender"], "@alice:127.0.0.1:24490");
            rooms.push(invitation["room_id"].as_str().unwrap().to_owned());
        }
        rooms.sort();
        assert_eq!(rooms, ["!room1:hs1.example", "!room2:hs1.example"]);
        // Sydent still has them; they are not delivered again.
        imports(&binary, &world.folder.path().join("sydent.db"), &["--accept-losses"]);
        assert_eq!(texts(&world, "SELECT 'pending' AS text FROM invites WHERE address IS NOT NULL").await, Vec::<String>::new());
    }

    async fn what_happened_here_after_an_import_is_not_undone_by_older_rows(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        let start = now();
        for (n, name) in ["kept", "removed", "moved", "left", "newer"].into_iter().enumerate() {
            sydent.bind(&format!("{name}@example.com"), "@old:hs.example", start - 1000 + i64::try_from(n).unwrap());
        }
        let file = sydent.path.clone();
        imports(&binary, &file, &[]);
        let address = |name: &str| format!("{name}@example.com");
        done(binary.run(&["unbind", "--address", &address("removed"), "--user", "@old:hs.example"]));
        done(binary.run(&["bind", "--address", &address("moved"), "--user", "@here:hs.example"]));
        // Bound there before the first import was, but seen only now, as if a peer had sent it
        // late.
        sydent.receive(&address("removed"), "@late:hs.example", start - 500);
        sydent.receive(&address("moved"), "@late:hs.example", start - 500);
        sydent.bind(&address("removed"), "@older:hs.example", start - 400);
        sydent.bind(&address("moved"), "@older:hs.example", start - 400);
        // These are newer than anything here.
        sydent.unbind(&address("left"), now());
        sydent.bind(&address("newer"), "@new:hs.example", now());
        // Made and removed here, without having been imported.
        done(binary.run(&["bind", "--address", &address("brief"), "--user", "@here:hs.example"]));
        done(binary.run(&["unbind", "--address", &address("brief"), "--user", "@here:hs.example"]));
        sydent.bind(&address("brief"), "@older:hs.example", start - 300);
        for _ in 0..2 {
            let report = imports(&binary, &file, &[]);
            assert!(report["since"].as_i64().unwrap() > 0, "{report}");
            for (name, expected) in [
                ("kept", Some("@old:hs.example")),
                ("removed", None),
                ("moved", Some("@here:hs.example")),
                ("left", None),
                ("newer", Some("@new:hs.example")),
                ("brief", None),
            ] {
                assert_eq!(owner(&binary, &address(name)).as_deref(), expected, "{name}");
            }
        }
        // Bound again there after the removal here.
        sydent.bind(&address("removed"), "@again:hs.example", now());
        imports(&binary, &file, &[]);
        assert_eq!(owner(&binary, &address("removed")).as_deref(), Some("@again:hs.example"));
    }

    async fn objections_win(world: World) {
        let (world, binary) = moving(world).await;
        for address in ["dora@example.com", GUEST] {
            done(binary.run(&["object", address]));
        }
        let report = imports(&binary, &copied(&world), &["--accept-losses"]);
        assert_eq!((&report["outcomes"]["bindings"]["objected"], &report["outcomes"]["invitations"]["objected"]), (&json!(1), &json!(2)));
        done(binary.run(&["object", "dora@example.com", "--withdraw"]));
        imports(&binary, &copied(&world), &["--accept-losses", "--all"]);
        assert_eq!((owner(&binary, "dora@example.com"), count(&world, "invites").await), (None, 0));
    }

    async fn what_vanishes_there_is_removed_here(world: World) {
        let (world, binary) = moving(world).await;
        let mut sydent = Sydent::new(world.folder.path());
        let file = sydent.path.clone();
        sydent.bind("alice@example.com", "@alice:hs.example", now());
        // The last row is copied into the global table again.
        sydent.bind("last@example.com", "@last:hs.example", now());
        sydent.receive("peer@example.com", "@peer:hs.example", now());
        sydent.run(
            "INSERT INTO accounts VALUES ('@alice:hs.example', 1700000000000, NULL);
             INSERT INTO tokens VALUES ('one', '@alice:hs.example'), ('two', '@alice:hs.example');
             INSERT INTO invite_tokens VALUES
                (1, 'email', 'bob@example.com', '!room:hs.example', '@stranger:hs.example', 'token1', 1700000000, NULL),
                (2, 'email', 'alice@example.com', '!room:hs.example', '@stranger:hs.example', 'token2', 1700000000, NULL),
                (3, 'email', 'eve@example.com', '!room:hs.example', '@stranger:hs.example', 'token3', 1700000000, 1700000001);",
        );
        let report = imports(&binary, &file, &[]);
        // One is pending, one is of an address that is bound, and one was delivered.
        assert_eq!((&report["invitations_delivered"], count(&world, "outbox").await), (&json!(1), 1));
        let pending = "SELECT 'pending' AS text FROM invites WHERE address IS NOT NULL";
        assert_eq!((texts(&world, pending).await.len(), count(&world, "tokens").await), (1, 2));
        sydent.run("DELETE FROM tokens WHERE token = 'one'; DELETE FROM invite_tokens");
        sydent.receive_unbind("peer@example.com");
        sydent.receive_unbind("alice@example.com");
        let report = imports(&binary, &file, &[]);
        assert_eq!(report["outcomes"]["bindings"]["removed"], 2);
        assert_eq!((texts(&world, pending).await.len(), count(&world, "tokens").await, count(&world, "bindings").await), (0, 1, 1));
        assert_eq!(count(&world, "outbox").await, 1);
    }

    async fn an_account_that_was_erased_here_stays_erased(world: World) {
        let (world, binary) = moving(world).await;
        let file = copied(&world);
        imports(&binary, &file, &["--accept-losses"]);
        done(binary.run(&["erase", "--user", "@alice:127.0.0.1:24490", "--yes"]));
        let (accounts, tokens) = (count(&world, "accounts").await, count(&world, "tokens").await);
        imports(&binary, &file, &["--accept-losses", "--all"]);
        assert_eq!((count(&world, "accounts").await, count(&world, "tokens").await), (accounts, tokens));
        assert_eq!((owner(&binary, "alice@example.com"), count(&world, "invites").await), (None, 0));
    }
}
