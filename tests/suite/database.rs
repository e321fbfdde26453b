//! Direct access to the database, bypassing the server.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::world::{World, until};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    text: String,
}

/// Returns the results of a query that selects one text column named `text`.
pub async fn texts(world: &World, sql: &str) -> Vec<String> {
    if let Some(database) = &world.database {
        let rows = database.connect().await.query(sql, &[]).await.unwrap();
        return rows.iter().map(|row| row.get("text")).collect();
    }
    let rows: Vec<Row> = diesel::sql_query(sql).load(&mut sqlite(world)).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

/// Returns the number of rows in a table.
pub async fn count(world: &World, table: &str) -> usize {
    let counted = texts(world, &format!("SELECT CAST(COUNT(*) AS TEXT) AS text FROM {table}")).await;
    counted[0].parse().unwrap()
}

/// Waits until a transaction waits to lock a table, on `PostgreSQL`.
pub async fn until_one_waits_for(world: &World, table: &str) {
    until_locked(world, &format!("pg_locks WHERE NOT granted AND relation = '{table}'::regclass")).await;
}

/// Waits until a transaction that has used a table waits for another one, on `PostgreSQL`.
pub async fn until_one_waits_in(world: &World, table: &str) {
    let waiting = format!(
        "pg_locks AS lock JOIN pg_locks AS used USING (pid)
         WHERE NOT lock.granted AND used.granted AND used.relation = '{table}'::regclass"
    );
    until_locked(world, &waiting).await;
}

/// Waits until there are such locks.
pub async fn until_locked(world: &World, locks: &str) {
    until(Duration::from_secs(30), "nobody waits", async || count(world, locks).await > 0).await;
}

/// Runs statements that return no rows.
pub async fn execute(world: &World, sql: &str) {
    match &world.database {
        Some(database) => database.connect().await.batch_execute(sql).await.unwrap(),
        None => sqlite(world).batch_execute(sql).unwrap(),
    }
}

/// Makes every binding three days older, so that it confirms everything.
pub async fn settle(world: &World) {
    execute(world, "UPDATE bindings SET bound_at = bound_at - 259200000").await;
}

/// Makes the database refuse `INSERT`, `UPDATE` or `DELETE` on a table, until [`allow`].
pub async fn refuse(world: &World, operation: &str, table: &str) {
    let trigger = format!("CREATE TRIGGER refused BEFORE {operation} ON {table}");
    let sql = if world.database.is_some() {
        format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation'; END $$; \
             {trigger} FOR EACH ROW EXECUTE FUNCTION refuse();"
        )
    } else {
        format!("{trigger} BEGIN SELECT RAISE(ABORT, 'refused'); END;")
    };
    execute(world, &sql).await;
}

/// Ends [`refuse`].
pub async fn allow(world: &World, table: &str) {
    let sql = match &world.database {
        Some(_) => format!("DROP TRIGGER refused ON {table}; DROP FUNCTION refuse();"),
        None => "DROP TRIGGER refused;".to_owned(),
    };
    execute(world, &sql).await;
}

fn sqlite(world: &World) -> SqliteConnection {
    let path = world.folder.path().join("vouch.db");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    conn
}
