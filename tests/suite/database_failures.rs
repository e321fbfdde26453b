//! Databases that refuse, deadlock or are damaged, and tables that are too large to sweep at once.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use serde_json::json;
use vouch::clock::MINUTE;
use vouch::service::Subject;

use crate::database::{count, execute, until_one_waits_in};
use crate::visitor::Visitor;
use crate::world::{Server, World, until};

const PATIENCE: Duration = Duration::from_secs(30);

// SQLite runs one write transaction at a time, so none can deadlock.
#[tokio::test]
async fn a_transaction_that_deadlocks_is_run_again() {
    let world = World::on_postgres().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let sid = alice.proves("alice@example.com").await;
    alice.binds_by(&sid).await.ok();

    // A bind locks the account and then the binding; this locks them the other way round.
    let database = world.database.as_ref().unwrap();
    let opponent = database.connect().await;
    opponent.batch_execute("BEGIN; SELECT id FROM bindings FOR UPDATE").await.unwrap();
    let locks = async {
        until_one_waits_in(&world, "bindings").await;
        opponent.batch_execute("SELECT id FROM accounts FOR UPDATE").await.unwrap();
        opponent.batch_execute("COMMIT").await.unwrap();
    };
    let (bound, ()) = tokio::join!(alice.binds_by(&sid), locks);
    assert_eq!(bound.ok()["mxid"], json!(alice.mxid));
}

// On PostgreSQL, where deleting can be made slow.
#[tokio::test]
async fn a_table_too_large_to_sweep_in_one_transaction_is_swept() {
    let world = World::on_postgres().await;
    let server = world.start().await;
    world.person(&server, "alice").await;
    let rows = "
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(0.001); RETURN OLD; END $$;
        CREATE TRIGGER dawdle BEFORE DELETE ON tokens FOR EACH ROW EXECUTE FUNCTION dawdle();
        INSERT INTO tokens SELECT decode(md5(n::text), 'hex'), (SELECT id FROM accounts LIMIT 1), 0, 0
            FROM generate_series(1, 6000) n";
    execute(&world, rows).await;
    world.clock.advance(11 * MINUTE);
    // A busy machine wakes each sleeper up late.
    until(3 * PATIENCE, "expired rows are kept", async || count(&world, "tokens").await == 1).await;
}

#[tokio::test]
async fn a_role_without_the_right_to_write_is_not_ready() {
    let mut world = World::on_postgres().await;
    let url = world.database.as_ref().unwrap().url().to_owned();
    world.start().await.stop().await;
    let schema = world.database.as_ref().unwrap().schema().to_owned();
    let role = format!("role_{schema}");
    execute(
        &world,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT ALL ON SCHEMA {schema} TO {role};
             GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role}"
        ),
    )
    .await;
    let mut limited: url::Url = url.parse().unwrap();
    limited.set_username(&role).unwrap();
    limited.set_password(Some("secret")).unwrap();
    world.config.database.url = limited.as_str().parse().unwrap();
    let server = world.start().await;
    execute(&world, &format!("REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} FROM {role}")).await;
    let openid = world.homeserver.openid_token("alice");
    let answer = server.post("/_matrix/identity/v2/account/register", None, &openid).await;
    assert_eq!(answer.error(), (500, "M_UNKNOWN"), "waiting does not help");
    assert_eq!(server.get("/ready", None).await.status, 503);

    execute(&world, &format!("GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role}")).await;
    assert_eq!(server.get("/ready", None).await.status, 200);
    server.stop().await;
    execute(&world, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

on_both_backends! {
    async fn a_missing_column_is_no_outage(world: World) {
        let server = world.start().await;
        execute(&world, "ALTER TABLE tokens RENAME COLUMN used_at TO was_used_at").await;
        let openid = world.homeserver.openid_token("alice");
        let answer = server.post("/_matrix/identity/v2/account/register", None, &openid).await;
        assert_eq!(answer.error(), (500, "M_UNKNOWN"));
        assert!(!answer.headers.contains_key("retry-after"));
    }
}

#[tokio::test]
async fn a_corrupt_file_is_called_corrupt_at_the_start() {
    let world = World::on_sqlite().await;
    world.start().await.stop().await;
    let path = world.folder.path().join("vouch.db");
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    // First the pages are damaged, then the header as well.
    for (offset, length) in [(100, 8192), (0, 100)] {
        file.write_all_at(&vec![0x5a; length], offset).unwrap();
        let problem = Server::try_start(world.config.clone(), world.clock.clone()).err().unwrap();
        assert!(problem.contains("corrupt"), "{problem}");
    }
}

#[tokio::test]
async fn erased_data_leaves_the_log_once_no_reader_keeps_it_there() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds("alice@example.com").await;
    let visitor = Visitor::proven(&world, &server, &Subject::User(alice.mxid.as_str().try_into().unwrap())).await;
    visitor.confirms(&world, "alice@example.com").await;
    let log = world.folder.path().join("vouch.db-wal");
    let mut reader = SqliteConnection::establish(world.folder.path().join("vouch.db").to_str().unwrap()).unwrap();
    reader.batch_execute("BEGIN; SELECT COUNT(*) FROM accounts").unwrap();
    assert_eq!(visitor.sends("/you/erase", &[("confirmation", alice.mxid.as_str())]).await.status, 200);
    assert!(fs::metadata(&log).unwrap().len() > 0, "the reader does not keep the log");

    reader.batch_execute("COMMIT").unwrap();
    until(PATIENCE, "the log is not emptied", async || {
        world.clock.advance(MINUTE);
        fs::metadata(&log).unwrap().len() == 0
    })
    .await;
}

#[tokio::test]
async fn a_log_that_another_process_has_filled_is_cut() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let size = || fs::metadata(world.folder.path().join("vouch.db-wal")).unwrap().len();
    // As a large import does.
    execute(&world, "INSERT INTO meta VALUES ('large', zeroblob(30000000)); DELETE FROM meta WHERE name = 'large'")
        .await;
    assert!(size() > 30_000_000, "{}", size());
    // The first writes are still appended.
    let mut users = 0;
    until(PATIENCE, "the log is not cut", async || {
        users += 1;
        world.newcomer(&server, &format!("user{users}")).await;
        size() <= 16 << 20
    })
    .await;
}
