//! Starting and stopping the server, and the commands that work on its database.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Binary as Blob};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use ruma_common::UserId;
use serde_json::{Value, json};
use vouch::identity::threepid::Address;
use vouch::service::Services;
use vouch_test_support::mail_sink::{Action, MailSink, Options};

use crate::program::{Binary, done, refused};
use crate::world::{SECRET, World};

const ALICE: &str = "@alice:hs.example";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

on_both_backends! {
    async fn a_first_start_makes_what_is_absent_and_the_next_uses_it(world: World) {
        let data = world.folder.path().join("data");
        let binary = Binary::of(&world);
        let process = binary.serve().await;
        assert!(process.log().contains("created data/master.key and data/signing.key"), "{}", process.log());
        assert!(process.log().contains("curl http://127.0.0.1:"), "{}", process.log());
        assert_eq!((mode(&data.join("master.key")), mode(&data.join("signing.key"))), (0o600, 0o600));
        assert_eq!(mode(&data), 0o700);
        if world.database.is_none() {
            assert_eq!(mode(&data.join("vouch.db")), 0o600);
        }
        assert_eq!(process.server.get("/ready", None).await.ok()["database"], true);
        process.signal("TERM");
        assert_eq!(process.ended().await.0, Some(0));

        let keys = || ["master.key", "signing.key"].map(|name| fs::read(data.join(name)).unwrap());
        let before = keys();
        let process = binary.serve().await;
        assert!(!process.log().contains("created"), "{}", process.log());
        assert_eq!(keys(), before);
        process.signal("INT");
        assert_eq!(process.ended().await.0, Some(0));
    }

    async fn another_master_key_is_refused_and_nothing_is_written(world: World) {
        let mut binary = Binary::of(&world);
        let process = binary.serve().await;
        process.signal("TERM");
        process.ended().await;
        let database = world.folder.path().join("data/vouch.db");
        let before = world.database.is_none().then(|| {
            // The next connection that is closed would move what the server has left in the log.
            let mut conn = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
            conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            fs::read(&database).unwrap()
        });

        binary.set("VOUCH__KEYS__MASTER_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
        let bind = ["bind", "--address", "alice@example.com", "--user", ALICE];
        for arguments in [&["serve"][..], &bind] {
            refused(&binary.run(arguments), 1, "the database was made with another master key");
        }
        let after = world.database.is_none().then(|| fs::read(&database).unwrap());
        assert!(before == after, "the database file changed");
    }

    async fn a_missing_key_is_demanded_and_not_recreated(world: World) {
        let binary = Binary::of(&world);
        let process = binary.serve().await;
        process.signal("TERM");
        process.ended().await;
        for (name, kind) in [("master.key", "a master key"), ("signing.key", "a signing key")] {
            let key = world.folder.path().join("data").join(name);
            let elsewhere = key.with_extension("away");
            fs::rename(&key, &elsewhere).unwrap();
            for arguments in [&["serve"][..], &["lookup", "alice@example.com"]] {
                let done = binary.run(arguments);
                refused(&done, 1, &format!("the database was made with {kind}, but there is none at data/{name}"));
            }
            assert!(!key.exists());
            fs::rename(&elsewhere, &key).unwrap();
        }
        refused(&binary.run(&["lookup", "alice@example.com"]), 1, "is not bound");
    }

    async fn the_operators_bindings_are_found_within_a_second_and_unbound_ones_never(world: World) {
        let binary = Binary::of(&world);
        let process = binary.serve().await;
        let bob = world.person(&process.server, "bob").await;
        let alice = ["--address", "Alice@Example.com", "--user", ALICE];
        assert_eq!(bob.looks_up("alice@example.com").await, None);
        let said = done(binary.run(&[&["bind"], &alice[..]].concat()));
        assert_eq!(said, "alice@example.com is bound to @alice:hs.example\n");
        let bound = Instant::now();
        while bob.looks_up("alice@example.com").await.as_deref() != Some(ALICE) {
            assert!(bound.elapsed() < Duration::from_secs(1));
        }
        assert!(done(binary.run(&["lookup", "alice@example.com"])).starts_with("@alice:hs.example since 20"));
        let other = ["bind", "--address", "alice@example.com", "--user", "@ali:hs.example"];
        assert!(done(binary.run(&other)).ends_with("bound to @ali:hs.example, no longer to @alice:hs.example\n"));
        refused(&binary.run(&[&["unbind"], &alice[..]].concat()), 1, "alice@example.com was not bound to @alice");
        let unbind = ["unbind", "--address", "alice@example.com", "--user", "@ali:hs.example"];
        assert_eq!(done(binary.run(&unbind)), "alice@example.com is no longer bound to @ali:hs.example\n");
        assert_eq!(bob.looks_up("alice@example.com").await, None);
        refused(&binary.run(&["lookup", "alice@example.com"]), 1, "alice@example.com is not bound");

        let phone = ["bind", "--address", "+49 170 1234567", "--user", ALICE];
        assert_eq!(done(binary.run(&phone)), "491701234567 is bound to @alice:hs.example\n");
    }

    async fn the_operator_moves_an_address_as_often_as_they_want(world: World) {
        let server = world.start().await;
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let address = Address::email("alice@example.com").unwrap();
        let users: [&UserId; 2] = [ALICE, "@alice2:hs.example"].map(|user| user.try_into().unwrap());
        for user in users.iter().cycle().take(12) {
            vouch.bindings.bind_address(&address, user, vouch.default_language()).await.unwrap();
        }
        // Nor do they use up what the address may be told about the binds of its owner.
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        assert_eq!(alice.looks_up("alice@example.com").await.as_deref(), Some(ALICE));
    }

    async fn an_address_is_read_from_a_file_or_standard_input(world: World) {
        let binary = Binary::of(&world);
        let _process = binary.serve().await;
        fs::write(world.folder.path().join("address"), "\n Alice@Example.com \r\n").unwrap();
        let bound = done(binary.run(&["bind", "--address-from", "address", "--user", ALICE]));
        assert_eq!(bound, "alice@example.com is bound to @alice:hs.example\n");
        let from_stdin = |words: &[&str]| binary.run_with(&[words, &["--address-from", "-"]].concat(), "alice@example.com");
        assert!(done(from_stdin(&["lookup"])).starts_with("@alice:hs.example since 20"));
        done(from_stdin(&["unbind", "--user", ALICE]));
        done(from_stdin(&["object"]));
        done(from_stdin(&["object", "--withdraw"]));
        done(from_stdin(&["bind", "--user", ALICE]));
        refused(&from_stdin(&["erase"]), 2, "add --yes");
        assert!(done(from_stdin(&["erase", "--yes"])).contains("\"address\": \"alice@example.com\""));
        refused(&from_stdin(&["lookup"]), 1, "alice@example.com is not bound");

        for (input, said) in [("", "it is empty"), ("\n", "it is empty"), ("a@b.c\nd@e.f\n", "one address"), ("x", "not valid")] {
            refused(&binary.run_with(&["lookup", "--address-from", "-"], input), 2, said);
        }
        refused(&binary.run(&["lookup", "--address-from", "nothing"]), 1, "nothing: No such file");
        refused(&binary.run(&["lookup", "--address-from", "-", "alice@example.com"]), 2, "cannot be used with");
        refused(&binary.run(&["lookup"]), 2, "required");
    }

    async fn an_export_has_everything_and_an_erasure_leaves_nothing(world: World) {
        let binary = Binary::of(&world);
        let process = binary.serve().await;
        refused(&binary.run(&["export", "--user", ALICE]), 1, "no data is stored about @alice:hs.example");
        let alice = world.person(&process.server, "alice").await;
        alice.binds("alice@example.com").await;
        alice.asks_to_prove("second@example.com").await;
        done(binary.run(&["bind", "--address", "third@example.com", "--user", ALICE]));

        let invited = json!({ "medium": "email", "address": "bob@example.com", "room_id": "!room:hs.example", "sender": ALICE });
        for email in ["bob@example.com", "carol@example.com"] {
            let mut invited = invited.clone();
            invited["address"] = email.into();
            alice.post("/store-invite", invited).await.ok();
        }

        let export: Value = serde_json::from_str(&done(binary.run(&["export", "--user", ALICE]))).unwrap();
        let addresses = |list: &Value| {
            let mut found: Vec<_> = list.as_array().unwrap().iter().map(|one| one["address"].to_string()).collect();
            found.sort();
            found
        };
        assert_eq!(addresses(&export["bindings"]), [r#""alice@example.com""#, r#""third@example.com""#]);
        let account = &export["account"];
        assert_eq!(account["user_id"], ALICE);
        assert_eq!(addresses(&account["validation_sessions"]), [r#""alice@example.com""#, r#""second@example.com""#]);
        assert_eq!((account["access_tokens"].as_array().unwrap().len(), account["consents"].as_array().unwrap().len()), (1, 2));

        assert_eq!(addresses(&account["invitations"]), [r#""bob@example.com""#, r#""carol@example.com""#]);
        assert_eq!(account["invitations"][0]["room_id"], "!room:hs.example");
        let receipt = done(binary.run(&["erase", "--address", "carol@example.com", "--yes"]));
        let receipt: Value = serde_json::from_str(&receipt).unwrap();
        assert_eq!((&receipt["erased"]["invitations"], count(&world, "invites").await), (&json!(1), 1));

        let secrets = sealed(&world);
        refused(&binary.run(&["erase", "--user", ALICE]), 2, "add --yes");
        assert_eq!(done(binary.run(&["lookup", "third@example.com"])).split(' ').next(), Some(ALICE));

        let receipt = done(binary.run(&["erase", "--address", "third@example.com", "--yes"]));
        let receipt: Value = serde_json::from_str(&receipt).unwrap();
        assert_eq!((&receipt["address"], &receipt["erased"]["bindings"]), (&json!("third@example.com"), &json!(1)));
        let receipt: Value = serde_json::from_str(&done(binary.run(&["erase", "--user", ALICE, "--yes"]))).unwrap();
        assert_eq!((&receipt["user_id"], &receipt["erased"]["account"]), (&json!(ALICE), &json!(true)));

        refused(&binary.run(&["export", "--user", ALICE]), 1, "no data is stored");
        refused(&binary.run(&["erase", "--user", ALICE, "--yes"]), 1, "no data is stored");
        for table in ["accounts", "tokens", "sessions", "bindings", "invites"] {
            assert_eq!(count(&world, table).await, 0, "{table}");
        }
        if world.database.is_none() {
            assert!(!secrets.is_empty());
            for name in ["vouch.db", "vouch.db-wal"] {
                let file = fs::read(world.folder.path().join("data").join(name)).unwrap_or_default();
                assert!(secrets.iter().all(|secret| !file.windows(secret.len()).any(|some| some == secret)), "{name}");
            }
        }
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = Blob)]
    bytes: Vec<u8>,
}

fn sqlite(world: &World) -> SqliteConnection {
    SqliteConnection::establish(world.folder.path().join("data/vouch.db").to_str().unwrap()).unwrap()
}

async fn count(world: &World, table: &str) -> i64 {
    let query = format!("SELECT count(*) AS number FROM {table}");
    match &world.database {
        Some(database) => database.connect().await.query_one(&query, &[]).await.unwrap().get(0),
        None => diesel::sql_query(query).get_result::<Number>(&mut sqlite(world)).unwrap().number,
    }
}

/// Returns everything that stands for an address on disk (for `SQLite`, since PostgreSQL manages
/// deleted rows itself).
fn sealed(world: &World) -> Vec<Vec<u8>> {
    if world.database.is_some() {
        return Vec::new();
    }
    let query = "SELECT address AS bytes FROM bindings UNION ALL SELECT address_index FROM bindings \
                 UNION ALL SELECT mxid FROM bindings UNION ALL SELECT address FROM sessions \
                 UNION ALL SELECT session_key FROM sessions UNION ALL SELECT mxid FROM accounts";
    let rows = diesel::sql_query(query).load::<Bytes>(&mut sqlite(world)).unwrap();
    rows.into_iter().map(|row| row.bytes).collect()
}

#[tokio::test]
async fn a_request_in_flight_when_sigterm_comes_is_answered() {
    let mut world = World::on_sqlite().await;
    let slow = Options { delay: Duration::from_millis(200), ..Options::default() };
    world.mail = MailSink::start_with(slow).await;
    let process = Binary::of(&world).serve().await;
    let alice = world.person(&process.server, "alice").await;
    let asks = alice.post(
        "/validate/email/requestToken",
        json!({ "client_secret": SECRET, "email": "alice@example.com", "send_attempt": 1 }),
    );
    let stops = async {
        while world.mail.connections() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        process.signal("TERM");
    };
    let (answer, ()) = tokio::join!(asks, stops);
    assert!(answer.ok()["sid"].is_string());
    assert_eq!(world.mail.count(), 1);
    let (status, log) = process.ended().await;
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("stopping; requests in flight have 30 s to finish"), "{log}");
}

#[tokio::test]
async fn a_second_signal_waits_for_nobody() {
    let mut world = World::on_sqlite().await;
    world.mail = MailSink::start_with(Options::when("DATA", Action::Silence)).await;
    let mut binary = Binary::of(&world);
    binary.set("VOUCH__MAIL__TIMEOUT", "5m");
    let process = binary.serve().await;
    let alice = world.person(&process.server, "alice").await;
    let asked = json!({ "client_secret": SECRET, "email": "alice@example.com", "send_attempt": 1 });
    let url = format!("{}/_matrix/identity/v2/validate/email/requestToken", process.server.url);
    let request = process.server.http.post(url).bearer_auth(&alice.token).json(&asked);
    let hopeless = tokio::spawn(request.send());
    while !world.mail.commands().iter().any(|command| command == "DATA") {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    process.signal("TERM");
    while !process.log().contains("stopping;") {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    process.signal("TERM");
    assert_eq!(process.ended().await.0, Some(1));
    assert!(hopeless.await.unwrap().is_err());
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut binary = Binary::bare(folder.path());
    let address = taken.local_addr().unwrap().to_string();
    binary.set("VOUCH__SERVER__LISTEN", &address);
    refused(&binary.run(&["serve"]), 1, &format!("server.listen: {address}: Address already in use"));
}

#[test]
fn a_command_in_the_wrong_folder_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    for arguments in [
        &["lookup", "alice@example.com"][..],
        &["bind", "--address", "alice@example.com", "--user", ALICE],
        &["unbind", "--address", "alice@example.com", "--user", ALICE],
        &["export", "--user", ALICE],
        &["erase", "--user", ALICE, "--yes"],
    ] {
        refused(&binary.run(arguments), 1, "there is no database at data/vouch.db");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_command_on_a_database_that_no_server_has_used_makes_nothing() {
    let world = World::on_postgres().await;
    let binary = Binary::of(&world);
    refused(&binary.run(&["lookup", "alice@example.com"]), 1, "no server has used this database yet");
    assert!(!world.folder.path().join("data").exists());
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = $1";
    let database = world.database.as_ref().unwrap();
    let count: i64 = database.connect().await.query_one(tables, &[&database.schema()]).await.unwrap().get(0);
    assert_eq!(count, 0);
}

#[tokio::test]
async fn without_a_mail_server_mails_are_files_and_the_start_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let process = Binary::bare(folder.path()).serve().await;
    let log = process.log();
    assert!(log.contains("not sent but written to data/mail as .eml files, because [mail] host is not set"), "{log}");
    assert!(log.contains("people do not have to accept anything"), "{log}");
    assert_eq!(mode(&folder.path().join("data/mail")), 0o700);
}

#[tokio::test]
async fn if_all_text_messages_are_rejected_the_start_says_so_and_the_page_does_not_offer_phone_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    let process = binary.serve().await;
    let page = process.server.get("/address", None).await.text;
    assert!(page.contains("phone number") && page.contains("+44"), "{page}");
    drop(process);
    binary.set("VOUCH__SMS__RULES", r#"{ "*" = "reject", "+1" = "reject" }"#);
    let process = binary.serve().await;
    let log = process.log();
    assert!(log.contains("texts     not sent, because [sms] rules reject all numbers"), "{log}");
    let page = process.server.get("/address", None).await.text;
    assert!(page.contains("email address") && !page.contains("phone number") && !page.contains("+44"), "{page}");
    drop(process);
    binary.set("VOUCH__SMS__RULES", r#"{ "+44" = "directory" }"#);
    let log = binary.serve().await.log();
    assert!(
        log.contains(
            "texts     not sent but written to data/sms as .txt files, because [sms] has no gateway; [sms] rules choose"
        ),
        "{log}"
    );
}

#[tokio::test]
async fn an_erasure_whose_log_cannot_be_emptied_yet_is_still_reported_as_done() {
    let world = World::on_sqlite().await;
    let binary = Binary::of(&world);
    let process = binary.serve().await;
    world.person(&process.server, "alice").await.binds("alice@example.com").await;
    process.signal("TERM");
    process.ended().await;

    let mut reader = sqlite(&world);
    reader.batch_execute("BEGIN; SELECT * FROM accounts").unwrap();
    let erasure = binary.run(&["erase", "--user", ALICE, "--yes"]);
    assert_eq!(erasure.status, Some(0), "{erasure:?}");
    assert!(erasure.stderr.contains("erased data is still in the write-ahead log"), "{erasure:?}");
    let receipt: Value = serde_json::from_str(&erasure.stdout).unwrap();
    assert_eq!((&receipt["erased"]["account"], &receipt["erased"]["bindings"]), (&json!(true), &json!(1)));
    drop(reader);
    refused(&binary.run(&["export", "--user", ALICE]), 1, "no data is stored");
}
