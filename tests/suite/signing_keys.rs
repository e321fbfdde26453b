//! Several signing keys: one signs, the others stay verifiable, and the operator adds them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use ruma_common::CanonicalJsonObject;
use ruma_common::serde::Base64;
use ruma_signatures::verify_json;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use crate::program::{Binary, Done, Process};
use crate::world::{Server, World};

/// Sydent's key, as written after `ed25519.signingkey = ` in its configuration, and its public
/// half.
const SYDENT: &str = "ed25519 0 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";
const SYDENT_PUBLIC: &str = "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI";
const SYNAPSE: &str = "ed25519 a_Fhq1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

/// Returns the words of each output line of a command that must have succeeded.
#[track_caller]
fn listed(done: &Done) -> Vec<Vec<String>> {
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.stderr.starts_with("key file /") && done.stderr.contains("/data/signing.key"), "{done:?}");
    done.stdout.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[track_caller]
fn refused(done: &Done, said: &str) {
    assert_eq!((done.status, done.stdout.as_str()), (Some(1), ""), "{done:?}");
    assert!(done.stderr.contains(said), "{done:?}");
}

/// Returns the name and the key ID that signed an association.
pub fn signer(association: &Value) -> (String, String) {
    let (name, keys) = association["signatures"].as_object().unwrap().iter().next().unwrap();
    (name.clone(), keys.as_object().unwrap().keys().next().unwrap().clone())
}

/// Verifies an association as clients do: with the key published under the ID in its signature.
pub async fn assert_verifies(server: &Server, association: &Value) {
    let (name, id) = signer(association);
    let published = server.get(&format!("/_matrix/identity/v2/pubkey/{id}"), None).await.ok();
    let public = published["public_key"].as_str().unwrap();
    let escaped: String = byte_serialize(public.as_bytes()).collect();
    let valid = server.get(&format!("/_matrix/identity/v2/pubkey/isvalid?public_key={escaped}"), None).await.ok();
    assert_eq!(valid["valid"], true);
    let trusted = BTreeMap::from([(name, BTreeMap::from([(id, Base64::parse(public).unwrap())]))]);
    let association: CanonicalJsonObject = serde_json::from_value(association.clone()).unwrap();
    verify_json(&trusted, &association).unwrap();
}

async fn stop(process: Process) {
    process.signal("TERM");
    assert_eq!(process.ended().await.0, Some(0));
}

on_both_backends! {
    async fn a_new_key_signs_after_a_restart_and_the_old_one_stays_verifiable(world: World) {
        let binary = Binary::of(&world);
        let process = binary.serve().await;
        let before = world.person(&process.server, "alice").await.binds("alice@example.com").await;
        let (_, old) = signer(&before);
        let changed = binary.run(&["keys", "new"]);
        assert!(changed.stderr.contains("restart the server for the change to take effect"), "{changed:?}");
        let keys = listed(&changed);
        assert_eq!((keys.len(), keys[1][0].as_str(), keys[1][2].as_str()), (2, old.as_str(), "verifies"));
        let new = keys[0][0].clone();
        assert_eq!(keys[0][2], "signs");
        assert_eq!(listed(&binary.run(&["keys", "list"])), keys);
        // The running server is not affected.
        assert_eq!(signer(&world.person(&process.server, "bob").await.binds("bob@example.com").await).1, old);
        stop(process).await;

        let process = binary.serve().await;
        let after = world.person(&process.server, "carol").await.binds("carol@example.com").await;
        assert_eq!(signer(&after).1, new);
        assert_verifies(&process.server, &before).await;
        assert_verifies(&process.server, &after).await;
        stop(process).await;
        // And once more, now with the new one.
        listed(&binary.run(&["keys", "new"]));
        let process = binary.serve().await;
        assert_verifies(&process.server, &before).await;
        assert_verifies(&process.server, &after).await;
    }

    async fn a_node_without_the_key_that_signed_last_does_not_start(world: World) {
        let binary = Binary::of(&world);
        stop(binary.serve().await).await;
        let file = world.folder.path().join("data/signing.key");
        let old = fs::read(&file).unwrap();
        listed(&binary.run(&["keys", "new"]));
        let new = fs::read(&file).unwrap();
        // Nothing was signed with the new one yet: a node with the old file may start.
        fs::write(&file, &old).unwrap();
        stop(binary.serve().await).await;
        fs::write(&file, &new).unwrap();
        stop(binary.serve().await).await;
        fs::write(&file, &old).unwrap();
        refused(&binary.run(&["serve"]), "the database was used with a signing key that is not in data/signing.key");
        // It may start once the file also contains that key, and then signs with its own.
        let lines = String::from_utf8(new).unwrap();
        let (first, rest) = lines.split_once('\n').unwrap();
        fs::write(&file, format!("{rest}{first}\n")).unwrap();
        stop(binary.serve().await).await;
    }

    async fn an_imported_key_of_another_identity_server_continues_to_sign(world: World) {
        let binary = Binary::of(&world);
        let keys = listed(&binary.run_with(&["keys", "import", "--sign", "-"], &format!("{SYDENT}\n")));
        assert_eq!(keys, [["ed25519:0", SYDENT_PUBLIC, "signs"]]);
        let process = binary.serve().await;
        let association = world.person(&process.server, "alice").await.binds("alice@example.com").await;
        assert_eq!(signer(&association).1, "ed25519:0");
        assert_verifies(&process.server, &association).await;
    }
}

#[tokio::test]
async fn an_imported_key_is_valid_and_signs_only_if_requested() {
    let world = World::on_sqlite().await;
    let binary = Binary::of(&world);
    let process = binary.serve().await;
    let before = world.person(&process.server, "alice").await.binds("alice@example.com").await;
    let (_, own) = signer(&before);
    stop(process).await;
    fs::write(world.folder.path().join("synapse.key"), format!("{SYNAPSE}\n")).unwrap();
    let ids = |done: &Done| listed(done).into_iter().map(|line| line[0].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&binary.run(&["keys", "import", "synapse.key"])), [own.as_str(), "ed25519:a_Fhq1"]);
    assert_eq!(ids(&binary.run_with(&["keys", "import", "-"], SYDENT)), [own.as_str(), "ed25519:a_Fhq1", "ed25519:0"]);
    // Importing it again changes nothing.
    let file = fs::read(world.folder.path().join("data/signing.key")).unwrap();
    assert_eq!(ids(&binary.run(&["keys", "import", "synapse.key"])).len(), 3);
    assert_eq!(fs::read(world.folder.path().join("data/signing.key")).unwrap(), file);
    let process = binary.serve().await;
    assert_eq!(signer(&world.person(&process.server, "bob").await.binds("bob@example.com").await).1, own);
    let public = process.server.get("/_matrix/identity/v2/pubkey/ed25519:0", None).await.ok();
    assert_eq!(public["public_key"], SYDENT_PUBLIC);
    stop(process).await;

    let signs = ["keys", "import", "--sign", "synapse.key"];
    assert_eq!(ids(&binary.run(&signs)), ["ed25519:a_Fhq1", own.as_str(), "ed25519:0"]);
    let process = binary.serve().await;
    let after = world.person(&process.server, "carol").await.binds("carol@example.com").await;
    assert_eq!(signer(&after).1, "ed25519:a_Fhq1");
    assert_verifies(&process.server, &before).await;
    assert_verifies(&process.server, &after).await;
}

#[test]
fn a_failed_import_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    listed(&binary.run_with(&["keys", "import", "-"], SYDENT));
    let file = folder.path().join("data/signing.key");
    let before = fs::read(&file).unwrap();
    for line in
        ["", "\n", &format!("ed25519.signingkey = {SYDENT}"), "ed25519 0 c2hvcnQ", &format!("{SYDENT}\n{SYNAPSE}\n")]
    {
        refused(
            &binary.run_with(&["keys", "import", "--sign", "-"], line),
            "must be one line \"ed25519 <version> <seed>\"",
        );
    }
    let another = SYNAPSE.replace("a_Fhq1", "0");
    let done = binary.run_with(&["keys", "import", "--sign", "-"], &another);
    refused(&done, "data/signing.key: unchanged: it has a different key ed25519:0");
    assert!(!done.stderr.contains("MDEy"), "{done:?}");
    refused(&binary.run(&["keys", "import", "absent.key"]), "absent.key: No such file");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn creating_several_keys_concurrently_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    listed(&binary.run_with(&["keys", "import", "-"], SYDENT));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| listed(&binary.run(&["keys", "new"])));
        }
    });
    let keys = listed(&binary.run(&["keys", "list"]));
    assert_eq!((keys.len(), keys[8][0].as_str()), (9, "ed25519:0"));
    assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 1);
}

#[test]
fn no_key_is_created_in_the_wrong_folder() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    refused(&binary.run(&["keys", "list"]), "there is no key file at data/signing.key");
    refused(&binary.run(&["keys", "new"]), "data/signing.key: it does not exist: the server creates it, with a key");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
