//! What is not copied from one database of ours to another, and what a failure leaves.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::backup::{destroy, names};
use crate::database::{allow, count, execute, refuse, texts, until_one_waits_for};
use crate::import::DATA;
use crate::import_vouch::{assert_same, copies, pair, place, report};
use crate::program::{Binary, done, refused, serve};
use crate::world::World;

/// Whether nothing was stored.
async fn is_untouched(world: &World) -> bool {
    match world.database {
        Some(_) => texts(world, "SELECT coalesce(to_regclass('meta')::text, '') AS text").await == [""],
        None => !world.folder.path().join("vouch.db").exists(),
    }
}

async fn add_account(world: &World, n: u8) {
    let bytes = if world.database.is_some() { format!("'\\x0{n}'") } else { format!("x'0{n}'") };
    execute(world, &format!("INSERT INTO accounts (user_index, mxid, created_at) VALUES ({bytes}, {bytes}, 0)")).await;
}

/// Checks that everything is refused that must be.
async fn refuses(is_from_sqlite: bool) {
    let (from, to) = pair(is_from_sqlite).await;
    from.start().await.stop().await;
    add_account(&from, 1).await;
    let source = place(&from);
    let binary = Binary::beside(&to);
    let import = |binary: &Binary, source: &str, said: &str| {
        for options in [&[][..], &["--yes"], &["--verify"]] {
            let refusal = binary.run(&[&["import", "vouch", source], options].concat());
            refused(&refusal, 1, said);
        }
    };
    // Something else, or nothing.
    import(
        &binary,
        &format!("{DATA}/sydent-2.7.0.db"),
        "is not the database of a Vouch, but of a Sydent: use `vouch import sydent`",
    );
    import(&binary, &format!("{DATA}/ma1sd.db"), "but of a ma1sd: use `vouch import ma1sd`");
    import(&binary, &format!("{DATA}/sydent.conf"), "this is not an SQLite database");
    import(
        &binary,
        &format!("{source}.none"),
        if is_from_sqlite { "No such file" } else { "is not the database of a Vouch" },
    );
    import(&binary, "postgres://nobody@127.0.0.1:1/nothing", "PostgreSQL");
    refused(&binary.run_with(&["import", "vouch", "-"], ""), 2, "but it is empty");
    let empty = World::on_postgres().await;
    import(&binary, &place(&empty), "is not the database of a Vouch");
    let mut away = Binary::beside(&to);
    away.set("VOUCH__DATABASE__URL", "postgres://nobody@127.0.0.1:1/nothing");
    import(&away, &source, "PostgreSQL");

    // With other keys.
    for (key, other, said) in [
        ("MASTER_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n", "made with another master key"),
        ("SIGNING_KEY", "ed25519 0 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\n", "a signing key that is not in"),
    ] {
        let file = to.folder.path().join("other.key");
        let mut other_key = Binary::beside(&to);
        other_key.set(&format!("VOUCH__KEYS__{key}_FILE"), &file.display().to_string());
        import(&other_key, &source, "restore it");
        fs::write(&file, other).unwrap();
        Command::new("chmod").arg("600").arg(&file).status().unwrap();
        import(&other_key, &source, said);
        fs::remove_file(&file).unwrap();
    }

    // Of another version.
    execute(&from, "INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')").await;
    import(&binary, &source, "a newer version has upgraded the database");
    execute(&from, "DELETE FROM __diesel_schema_migrations WHERE version = '20991231000001'").await;
    let backend = if is_from_sqlite { "sqlite" } else { "postgres" };
    let last = names(Path::new(&format!("migrations/{backend}"))).pop().unwrap();
    let down = fs::read_to_string(format!("migrations/{backend}/{last}/down.sql")).unwrap();
    let up = fs::read_to_string(format!("migrations/{backend}/{last}/up.sql")).unwrap();
    let version: String = last.chars().filter(char::is_ascii_digit).take(14).collect();
    execute(&from, &format!("{down}; DELETE FROM __diesel_schema_migrations WHERE version = '{version}'")).await;
    import(&binary, &source, "the database lacks 1 migrations of this version");
    execute(&from, &format!("{up}; INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')")).await;
    assert!(is_untouched(&to).await);

    // Into itself, and twice.
    let itself = if is_from_sqlite {
        "is the database in database.url itself"
    } else {
        "is not empty, and nothing is overwritten"
    };
    for option in ["--dry-run", "--yes"] {
        refused(&Binary::beside(&from).run(&["import", "vouch", &source, option]), 1, itself);
    }
    assert_eq!(count(&from, "accounts").await, 1);
    copies(&to, &from);
    add_account(&from, 2).await;
    let twice = if is_from_sqlite { "is not empty" } else { "vouch.db exists already" };
    refused(&binary.run(&["import", "vouch", &source, "--yes"]), 1, twice);
    assert_eq!(count(&to, "accounts").await, 1);
}

#[tokio::test]
async fn what_cannot_be_copied_from_sqlite_is_refused_and_nothing_is_stored() {
    refuses(true).await;
}

#[tokio::test]
async fn what_cannot_be_copied_from_postgresql_is_refused_and_nothing_is_stored() {
    refuses(false).await;
}

async fn says_that_a_server_is_running(is_from_sqlite: bool) {
    let (from, to) = pair(is_from_sqlite).await;
    let process = serve(&from, &[]).await;
    done(Binary::beside(&from).run(&["bind", "--address", "alice@example.com", "--user", "@alice:hs.example"]));
    for option in ["--dry-run", "--yes"] {
        let (no, report) = report(&to, &from, &[option]);
        assert_eq!(no.status, Some(1), "{no:?}");
        let lost = &report["losses"][0]["what"];
        assert!(lost.as_str().unwrap().contains("a server using the database stores"), "{report}");
    }
    assert!(is_untouched(&to).await);
    let (yes, report) = report(&to, &from, &["--yes", "--accept-losses"]);
    assert_eq!(
        (yes.status, &report["done"], &report["rows"]["bindings"]),
        (Some(0), &json!("imported"), &json!(1)),
        "{yes:?}"
    );
    process.signal("TERM");
    process.ended().await;
    destroy(&to, false).await;
    copies(&to, &from);
    assert_same(&to, &from);
}

#[tokio::test]
async fn a_server_that_uses_the_sqlite_file_is_noticed() {
    says_that_a_server_is_running(true).await;
}

#[tokio::test]
async fn a_server_that_uses_the_postgresql_database_is_noticed() {
    says_that_a_server_is_running(false).await;
}

/// Deletes all rows, and returns the tables.
async fn empty(world: &World) -> String {
    let tables = "SELECT string_agg(table_name, ', ') AS text FROM information_schema.tables
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_%'";
    let tables = texts(world, tables).await.remove(0);
    execute(world, &format!("TRUNCATE {tables}")).await;
    tables
}

/// Only `PostgreSQL` is filled row by row; a file appears at the end.
#[tokio::test]
async fn a_copy_that_fails_or_is_altered_on_the_way_leaves_the_database_empty() {
    let (from, to) = pair(true).await;
    let server = from.start().await;
    from.person(&server, "alice").await.binds("alice@example.com").await;
    server.stop().await;
    copies(&to, &from);
    let tables = empty(&to).await;
    let binary = Binary::beside(&to);
    let fails = |said: &str| refused(&binary.run(&["import", "vouch", &place(&from), "--yes"]), 1, said);
    refuse(&to, "INSERT", "tokens").await;
    fails("PostgreSQL: db error: ERROR: refused");
    allow(&to, "tokens").await;
    execute(
        &to,
        "CREATE FUNCTION alter_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created_at := 7; RETURN NEW; END $$;
         CREATE TRIGGER altered BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION alter_it()",
    )
    .await;
    fails("the rows stored in accounts differ from those that were read");
    for table in tables.split(", ") {
        assert_eq!(count(&to, table).await, 0, "{table}");
    }
    execute(&to, "DROP TRIGGER altered ON accounts; DROP FUNCTION alter_it()").await;
    copies(&to, &from);
    assert_same(&to, &from);
}

/// Only `PostgreSQL` can be made to wait.
#[tokio::test]
async fn a_copy_that_is_interrupted_leaves_nothing() {
    let (from, to) = pair(true).await;
    from.start().await.stop().await;
    copies(&to, &from);
    empty(&to).await;
    let database = to.database.as_ref().unwrap().connect().await;
    database.batch_execute("BEGIN; LOCK TABLE bindings IN SHARE MODE").await.unwrap();
    let before = names(to.folder.path());
    let mut binary = Binary::beside(&to).under("echo $$ > pid; exec \"$0\" \"$@\"");
    binary.set("TMPDIR", ".");
    let source = place(&from);
    let working = tokio::task::spawn_blocking(move || binary.run(&["import", "vouch", &source, "--yes"]));
    until_one_waits_for(&to, "bindings").await;
    let (pid, folder) = (to.folder.path().join("pid"), to.folder.path());
    assert!(names(folder).iter().any(|name| name.contains("draft")), "the copy has begun");
    assert!(Command::new("kill").args(["-INT", fs::read_to_string(&pid).unwrap().trim()]).status().unwrap().success());
    refused(&working.await.unwrap(), 1, "interrupted: nothing was stored");
    fs::remove_file(pid).unwrap();
    assert_eq!(names(folder), before);
    database.batch_execute("COMMIT").await.unwrap();
    assert_eq!(count(&to, "meta").await, 0);
    copies(&to, &from);
    assert_same(&to, &from);
}
