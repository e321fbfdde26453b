//! Files and URLs of a ma1sd, and the messages about them.

use std::fs;

use serde_json::json;

use crate::database::count;
use crate::import::{DATA, moving};
use crate::import_ma1sd::report;
use crate::program::{Binary, done, refused};
use crate::sydent::{NAME, Sydent};
use crate::world::World;

#[tokio::test]
async fn files_and_urls_that_cannot_be_read_are_refused() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let sydent = Sydent::new(world.folder.path());
    refused(
        &binary.run(&["import", "ma1sd", sydent.path.to_str().unwrap()]),
        1,
        "but of a Sydent: use `vouch import sydent`",
    );
    let ma1sd = format!("{DATA}/ma1sd.db");
    refused(&binary.run(&["import", "sydent", &ma1sd]), 1, "is not the database of a Sydent, but of a ma1sd");
    refused(&binary.run(&["import", "ma1sd", &format!("{DATA}/homeserver.db")]), 1, "but of a Synapse");
    let vouch = world.folder.path().join("vouch.db");
    refused(&binary.run(&["import", "ma1sd", vouch.to_str().unwrap()]), 1, "but of a Vouch");
    let whole = fs::read(&ma1sd).unwrap();
    for (name, content, problem) in [
        ("empty", &b""[..], "not an SQLite database"),
        ("text", b"token,sender,medium and more", "not an SQLite database"),
        ("cut", &whole[..2_000], "database"),
    ] {
        fs::write(world.folder.path().join(name), content).unwrap();
        refused(&binary.run(&["import", "ma1sd", name]), 1, problem);
    }
    refused(&binary.run(&["import", "ma1sd", "missing.db"]), 1, "No such file");
    refused(&binary.run(&["import", "ma1sd", "/dev/zero"]), 1, "a directory or a device");
    let away = binary.run(&["import", "ma1sd", "postgres://user:hunter2@127.0.0.1:1/none"]);
    refused(&away, 1, "PostgreSQL");
    let wrong = binary.run(&["import", "ma1sd", "postgres://user:hunter2@127.0.0.1:x/none"]);
    refused(&wrong, 1, "PostgreSQL");
    assert!(!format!("{away:?}{wrong:?}").contains("hunter2"), "{away:?} {wrong:?}");
    let given = binary.run_with(&["import", "ma1sd", "-", "--accept-losses"], &format!("{ma1sd}\n"));
    assert!(given.status == Some(0) && given.stdout.contains("2  pending"), "{given:?}");
    refused(&binary.run_with(&["import", "ma1sd", "-"], "\n"), 2, "expected a file or URL on standard input");
    refused(&binary.run(&["import", "ma1sd"]), 2, "expected the database of a ma1sd, or its configuration");
    for (keys, problem) in
        [("missing", "No such file"), (".", "not the key store of a ma1sd"), ("text", "not the key of a ma1sd")]
    {
        refused(&binary.run(&["import", "ma1sd", &ma1sd, "--keys", keys]), 1, problem);
    }
    assert_eq!(count(&world, "imported").await, 0);
}

#[tokio::test]
async fn a_damaged_file_imports_nothing() {
    let (world, binary) = moving(World::on_sqlite().await).await;
    let whole = fs::read(format!("{DATA}/ma1sd.db")).unwrap();
    let path = world.folder.path().join("damaged.db");
    let mut pages_that_matter = 0;
    for number in 1..whole.len() / 1024 {
        let mut damaged = whole.clone();
        damaged[number * 1024..(number + 1) * 1024].fill(0xff);
        fs::write(&path, damaged).unwrap();
        let run = binary.run(&["import", "ma1sd", path.to_str().unwrap(), "--accept-losses"]);
        assert!(run.status == Some(0) || run.stderr.contains("database"), "{number}: {run:?}");
        pages_that_matter += usize::from(run.status == Some(1));
    }
    assert!(pages_that_matter > 8, "{pages_that_matter}");
    assert_eq!(count(&world, "imported").await, 0);
}

#[tokio::test]
async fn another_key_and_another_name_are_losses_with_advice() {
    let (_world, binary) = moving(World::on_sqlite().await).await;
    let (database, keys, yaml) =
        (format!("{DATA}/ma1sd.db"), format!("{DATA}/ma1sd-keys"), format!("{DATA}/ma1sd.yaml"));
    for options in [&[][..], &["--keys", &keys]] {
        let (dry, report) = report(&binary, "ma1sd", &database, options);
        assert_eq!((dry.status, &report["signing_key"]), (Some(1), &json!({ "missing": "ed25519:AAAAL3k-_s5Q" })));
        assert!(report["losses"].to_string().contains("vouch keys import --sign"), "{report}");
    }
    let (_, same) = report(&binary, "ma1sd", &database, &["--ma1sd-config", &yaml]);
    assert_eq!(same["their_name"], NAME);
    let words = binary.run(&["import", "ma1sd", &database]).stdout;
    for text in ["The other server (ma1sd, schema version 4)", "LOST: ", "2  pending", "only with --hashes take"] {
        assert!(words.contains(text), "{text}\n{words}");
    }
}

#[test]
fn a_configuration_is_converted() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    let toml = done(binary.run(&["import", "ma1sd", "--config", &format!("{DATA}/ma1sd.yaml")]));
    fs::write(folder.path().join("vouch.toml"), &toml).unwrap();
    for text in ["name = \"id.example.org\"", "vouch keys import --sign", "# - synapseSql: ", "# - hashing: "] {
        assert!(toml.contains(text), "{text}\n{toml}");
    }
    assert_eq!(binary.run(&["check-config", "--config", "vouch.toml"]).status, Some(0), "{toml}");
    for text in ["", "just text", "a: *b"] {
        fs::write(folder.path().join("bad.yaml"), text).unwrap();
        refused(&binary.run(&["import", "ma1sd", "--config", "bad.yaml"]), 1, "bad.yaml: ");
    }
}

#[test]
fn the_key_of_an_early_mxisd_is_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    fs::write(folder.path().join("signing.key"), "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n").unwrap();
    let keys = binary.run(&["keys", "import", "--sign", "signing.key"]).stdout;
    assert_eq!(keys.trim(), "ed25519:0  XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI  signs");
    let broken = folder.path().join("keys/regular/ed25519");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("AAAA"), r#"{"version":"0","isValid":true,"key":"short"}"#).unwrap();
    refused(&binary.run(&["keys", "import", "keys"]), 1, "this is not the key of a ma1sd");
}
