//! Faults in the file of a backup, and in the target of a restore.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::iter;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use age::scrypt::{Identity, Recipient};
use age::secrecy::SecretString;
use age::{Decryptor, Encryptor};

use crate::backup::{PASSPHRASE, backed_up, destroy, names, present, run};
use crate::database::{allow, count, execute, refuse, texts, until_one_waits_for};
use crate::program::{Binary, done, refused};
use crate::world::World;

/// Returns the archive in a backup, opened without Vouch.
fn unsealed(file: &Path) -> Vec<u8> {
    let identity = Identity::new(SecretString::from(PASSPHRASE));
    let opened = Decryptor::new(File::open(file).unwrap()).unwrap();
    let mut archive = Vec::new();
    opened.decrypt(iter::once(&identity as _)).unwrap().read_to_end(&mut archive).unwrap();
    archive
}

/// Seals an archive as a backup is.
fn seal(archive: &[u8], file: &Path) {
    let mut recipient = Recipient::new(SecretString::from(PASSPHRASE));
    recipient.set_work_factor(2);
    let sealed = Encryptor::with_recipients(iter::once(&recipient as _)).unwrap();
    let mut sealed = sealed.wrap_output(File::create(file).unwrap()).unwrap();
    sealed.write_all(archive).unwrap();
    sealed.finish().unwrap();
}

/// Replaces bytes in an archive by as many others, wherever they are.
fn replaced(archive: &[u8], old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut changed = archive.to_vec();
    for at in 0..archive.len() - old.len() {
        if archive[at..].starts_with(old.as_bytes()) {
            changed[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
    }
    assert!(changed != archive, "{old} is in the archive");
    changed
}

/// Returns whether nothing was restored.
async fn is_untouched(world: &World) -> bool {
    match world.database {
        Some(_) => texts(world, "SELECT coalesce(to_regclass('meta')::text, '') AS text").await == [""],
        None => !world.folder.path().join("vouch.db").exists(),
    }
}

on_both_backends! {
    async fn a_file_that_is_not_a_whole_backup_is_refused_and_nothing_is_changed(world: World) {
        let world = present(world);
        world.start().await.stop().await;
        let file = backed_up(&world, "good.age", &[]);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let (good, archive) = (fs::read(&file).unwrap(), unsealed(&file));
        destroy(&world, false).await;
        let before = names(world.folder.path());
        let binary = Binary::beside(&world);
        let bad = world.folder.path().join("bad.age");
        let wrong = |bytes: &[u8], said: &str| {
            fs::write(&bad, bytes).unwrap();
            for option in [&[][..], &["--check"]] {
                refused(&run(&binary, &[&["restore", "bad.age"], option].concat()), 1, said);
            }
        };
        for cut in [0, 1, 20, 100] {
            wrong(&good[..cut], "is not a backup that `vouch backup` wrote, or was cut short");
        }
        wrong(&good[..good.len() / 2], "was cut short: it has");
        wrong(&good[..good.len() - 1], "it was cut short or altered");
        wrong(&[&good[..], b"more"].concat(), "it was cut short or altered");
        wrong(b"not a backup\n", "is not a backup");
        for place in [good.len() / 2, good.len() - 1, 300] {
            let mut altered = good.clone();
            altered[place] ^= 1;
            wrong(&altered, "it was cut short or altered");
        }

        let other = |archive: &[u8], said: &str| {
            seal(archive, &bad);
            refused(&run(&binary, &["restore", "bad.age"]), 1, said);
        };
        other(b"", "`vouch backup` did not write it");
        other(&[0; 1024], "`vouch backup` did not write it");
        other(b"something else that somebody sealed", "damaged");
        other(&replaced(&archive, "\"format\": 1", "\"format\": 2"), "made by a newer version of Vouch");
        other(&replaced(&archive, "20261123000006", "20991123000006"), "made by a newer version of Vouch");
        other(&replaced(&archive, "\"accounts\": 0", "\"accounts\": 7"), "its rows differ from its manifest");
        other(&replaced(&archive, "\"server_name\": \"", "\"server_nome\": \""), "server_name");
        other(&replaced(&archive, "manifest.json", "manifest.jsan"), "it is damaged");

        let wrong = binary.run_with(&["restore", "good.age", "--passphrase-file", "-"], "incorrect horse battery staple");
        refused(&wrong, 1, "good.age: the passphrase is wrong");
        refused(&run(&binary, &["restore", "none.age"]), 1, "none.age: No such file");
        fs::remove_file(&bad).unwrap();
        assert!(is_untouched(&world).await);
        assert_eq!(names(world.folder.path()), before);
    }

    async fn nothing_that_exists_is_overwritten(world: World) {
        let world = present(world);
        let server = world.start().await;
        let file = backed_up(&world, "one.age", &["--with-keys"]);
        let binary = Binary::beside(&world);
        let before = fs::read(&file).unwrap();
        fs::create_dir(world.folder.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("nothing", world.folder.path().join("link")).unwrap();
        for existing in ["one.age", "folder", "link"] {
            refused(&run(&binary, &["backup", existing]), 1, &format!("{existing} exists already"));
        }
        assert!(fs::read(&file).unwrap() == before);
        refused(&run(&binary, &["backup", "nowhere/one.age"]), 1, "nowhere/one.age cannot be written");
        // The database of a server that is running, or has run.
        let full = if world.database.is_some() { "is not empty" } else { "vouch.db exists already" };
        refused(&run(&binary, &["restore", "one.age"]), 1, full);
        world.person(&server, "alice").await.binds("alice@example.com").await;
        server.stop().await;
        refused(&run(&binary, &["restore", "one.age"]), 1, full);
        assert_eq!(count(&world, "bindings").await, 1);

        let mut named = Binary::beside(&world);
        named.set("VOUCH__SERVER__NAME", "other.example");
        destroy(&world, false).await;
        refused(&run(&named, &["restore", "one.age"]), 1, "but server.name is other.example");
        let key = |name: &str| world.folder.path().join(name);
        let (master, signing) = (fs::read(key("master.key")).unwrap(), fs::read(key("signing.key")).unwrap());
        fs::write(key("master.key"), "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n").unwrap();
        refused(&run(&binary, &["restore", "one.age"]), 1, "made with another master key");
        fs::write(key("master.key"), &master).unwrap();
        fs::write(key("signing.key"), "ed25519 0 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\n").unwrap();
        refused(&run(&binary, &["restore", "one.age"]), 1, "signing key that is not in");
        assert!(is_untouched(&world).await);
        fs::write(key("signing.key"), &signing).unwrap();
        done(run(&binary, &["restore", "one.age"]));
        assert!(fs::read(key("master.key")).unwrap() == master, "a key that fits is kept");
        assert!(count(&world, "meta").await > 0);
    }

    async fn a_backup_without_keys_needs_those_of_the_server(world: World) {
        let world = present(world);
        world.start().await.stop().await;
        backed_up(&world, "bare.age", &[]);
        destroy(&world, false).await;
        let binary = Binary::beside(&world);
        for name in ["master.key", "signing.key"] {
            let key = world.folder.path().join(name);
            fs::rename(&key, key.with_extension("away")).unwrap();
            refused(&run(&binary, &["restore", "bare.age"]), 1, &format!("{name}: restore it first"));
            fs::rename(key.with_extension("away"), &key).unwrap();
        }
        assert!(is_untouched(&world).await);
        refused(&run(&binary, &["restore", "bare.age", "--print-config"]), 1, "contains no configuration");
        let said = done(run(&binary, &["restore", "bare.age"]));
        assert!(!said.contains("key file"), "{said}");
        world.start().await.stop().await;
    }

    async fn on_a_full_disk_there_is_no_half_file(world: World) {
        let world = present(world);
        world.start().await.stop().await;
        backed_up(&world, "good.age", &["--with-keys"]);
        let before = names(world.folder.path());
        // This is as good as a full disk: no file may become larger than this many KiB.
        let limited = || Binary::beside(&world).under("trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"");
        let failed = run(&limited(), &["backup", "full.age"]);
        assert_eq!(failed.status, Some(1), "{failed:?}");
        assert!(failed.stderr.contains("no backup was made"), "{failed:?}");
        assert_eq!(names(world.folder.path()), before);
        destroy(&world, true).await;
        let before = names(world.folder.path());
        refused(&run(&limited(), &["restore", "good.age"]), 1, "cannot be unpacked: File too large");
        assert_eq!(names(world.folder.path()), before);
        assert!(is_untouched(&world).await);
    }

    async fn leftovers_of_a_kill_are_cleaned_up_by_the_next_attempt(world: World) {
        let world = present(world);
        world.start().await.stop().await;
        backed_up(&world, "good.age", &["--with-keys"]);
        let drafts = || names(world.folder.path()).iter().filter(|name| name.contains("draft")).count();
        // It is killed when a file becomes larger than this many KiB.
        let killed = |shell, command: &str, file: &str| {
            let mut binary = Binary::beside(&world).under(shell);
            binary.set("TMPDIR", ".");
            let killed = run(&binary, &[command, file]);
            assert_eq!((killed.status, killed.stderr.as_str()), (None, ""), "{command}: {killed:?}");
            assert!(drafts() > 0, "{command}");
        };
        let shells = ["ulimit -f 40; exec \"$0\" \"$@\"", "ulimit -f 64; exec \"$0\" \"$@\"", "ulimit -f 130; exec \"$0\" \"$@\""];
        for shell in shells {
            killed(shell, "backup", "again.age");
            assert!(!world.folder.path().join("again.age").exists());
        }
        backed_up(&world, "again.age", &[]);
        assert_eq!(drafts(), 0);
        destroy(&world, true).await;
        for shell in shells {
            killed(shell, "restore", "good.age");
            assert!(is_untouched(&world).await && !world.folder.path().join("master.key").exists());
        }
        let mut binary = Binary::beside(&world);
        binary.set("TMPDIR", ".");
        done(run(&binary, &["restore", "good.age"]));
        assert_eq!(drafts(), 0);
        world.start().await.stop().await;
    }
}

/// Only `PostgreSQL` is filled row by row.
#[tokio::test]
async fn a_restore_that_fails_in_the_middle_leaves_the_database_empty() {
    let world = present(World::on_postgres().await);
    let server = world.start().await;
    world.person(&server, "alice").await.binds("alice@example.com").await;
    server.stop().await;
    backed_up(&world, "good.age", &[]);
    let tables = "SELECT string_agg(table_name, ', ') AS text FROM information_schema.tables
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_%'";
    let tables = texts(&world, tables).await.remove(0);
    execute(&world, &format!("TRUNCATE {tables}")).await;
    refuse(&world, "INSERT", "tokens").await;
    refused(&run(&Binary::beside(&world), &["restore", "good.age"]), 1, "PostgreSQL: db error: ERROR: refused");
    for table in tables.split(", ") {
        assert_eq!(count(&world, table).await, 0, "{table}");
    }
    allow(&world, "tokens").await;
    // The remains of a killed restore do not get in the way of the next one.
    done(run(&Binary::beside(&world), &["restore", "good.age"]));
    assert_eq!(count(&world, "tokens").await, 1);
    execute(&world, "DELETE FROM meta").await;
    refused(&run(&Binary::beside(&world), &["restore", "good.age"]), 1, "the database is not empty: there are rows in");
    assert_eq!(count(&world, "meta").await, 0);
}

/// With `SQLite`, there is nothing that could be made to make it wait.
#[tokio::test]
async fn a_backup_that_is_interrupted_leaves_nothing() {
    let world = present(World::on_postgres().await);
    world.start().await.stop().await;
    let database = world.database.as_ref().unwrap().connect().await;
    database.batch_execute("BEGIN; LOCK TABLE bindings IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let binary = Binary::beside(&world).under("echo $$ > pid; exec \"$0\" \"$@\"");
    let working = tokio::task::spawn_blocking(move || run(&binary, &["backup", "one.age"]));
    until_one_waits_for(&world, "bindings").await;
    let pid = fs::read_to_string(world.folder.path().join("pid")).unwrap();
    assert!(Command::new("kill").arg(pid.trim()).status().unwrap().success());
    refused(&working.await.unwrap(), 1, "interrupted: no backup was made");
    assert!(names(world.folder.path()).iter().all(|name| !name.contains("draft") && name != "one.age"));
}

#[tokio::test]
async fn a_passphrase_comes_from_a_file_or_standard_input_and_is_not_trivial() {
    let world = World::on_sqlite().await;
    world.start().await.stop().await;
    let binary = Binary::beside(&world);
    fs::write(world.folder.path().join("passphrase"), format!("{PASSPHRASE}\r\n")).unwrap();
    let from = |file: &str, input: &str| binary.run_with(&["backup", "one.age", "--passphrase-file", file], input);
    for (input, said) in
        [("", "is empty"), ("\n", "is empty"), ("short", "at least 12"), ("two lines of\ntext", "one line")]
    {
        refused(&from("-", input), 2, said);
    }
    refused(&from("nothing", ""), 1, "nothing: No such file");
    refused(&binary.run(&["backup", "one.age"]), 2, "use --passphrase-file");
    refused(&binary.run(&["backup", "one.age", "--passphrase", PASSPHRASE]), 2, "unexpected argument");
    refused(&run(&binary, &["backup", "one.age", "--with-config"]), 2, "name it with --config");
    assert!(!world.folder.path().join("one.age").exists());
    done(from("passphrase", ""));
    assert!(done(run(&binary, &["restore", "one.age", "--check"])).contains("contains no keys"));
}
