//! Copying all tables between `PostgreSQL` and a [`Snapshot`], whatever their columns.

mod row;

use std::collections::BTreeMap;
use std::pin::pin;

use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{SqliteConnection, sql_query};
use futures_util::TryStreamExt;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, GenericClient, Transaction};

use super::session_settings::NO_LIMITS;
use super::snapshot::{Snapshot, in_words};
use row::Row;

pub use row::Contents;

/// A function that is called with the number of rows that were copied or read.
pub type Tick<'a> = &'a (dyn Fn(usize) + Sync);

/// Rows that change even while nobody does anything.
const MOMENTARY: [&str; 2] = ["leases", "nodes"];
const LASTING: &str = " WHERE name NOT IN ('latest_time', 'unsettled_time', 'limits_taken_back', 'write_probe')";

/// The last number assigned to a row.
#[derive(QueryableByName)]
struct Sequence {
    #[diesel(sql_type = BigInt)]
    last: i64,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Copies all tables out of `PostgreSQL`, as a snapshot, and reads them back.
pub(super) async fn out(client: &mut Client, snapshot: &mut Snapshot, tick: Tick<'_>) -> Result<(), String> {
    client.batch_execute(NO_LIMITS).await.map_err(describe)?;
    let versions = versions(client).await?;
    snapshot.create(&versions)?;
    let tables = snapshot.tables()?;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(describe)?;
    // Migrations wait. Earlier ones are visible, since locking does not read yet.
    client.batch_execute(&lock(&tables, "ACCESS SHARE")).await.map_err(describe)?;
    if self::versions(client).await? != versions {
        return Err("a newer version is upgrading the database: try again later".to_owned());
    }
    let conn = &mut snapshot.conn;
    conn.batch_execute("PRAGMA foreign_keys = OFF; BEGIN").map_err(in_words)?;
    for table in &tables {
        // A migration may have added rows.
        sql_query(format!("DELETE FROM \"{table}\"")).execute(conn).map_err(in_words)?;
        let columns = columns(conn, table)?;
        let insert = format!(
            "INSERT INTO \"{table}\" ({}) VALUES ({})",
            columns.join(", "),
            vec!["?"; columns.len()].join(", ")
        );
        let select = select(table, &columns);
        let read = each(client, &select, |row| {
            tick(1);
            row.insert(&insert, conn)
        });
        compare(table, read.await?, sum(conn, &select)?)?;
        if columns.iter().any(|column| column == "\"id\"")
            && let Some(last) = last_number(client, table).await?
        {
            set_sequence(conn, table, last)?;
        }
    }
    conn.batch_execute("COMMIT").map_err(in_words)?;
    client.batch_execute("COMMIT").await.map_err(describe)
}

/// Copies all tables into those of `PostgreSQL`, which must be empty, and reads them back, in one
/// transaction.
pub(super) async fn into(client: &mut Client, snapshot: &mut Snapshot, tick: Tick<'_>) -> Result<(), String> {
    client.batch_execute(NO_LIMITS).await.map_err(describe)?;
    let tables = snapshot.tables()?;
    let transaction = client.transaction().await.map_err(describe)?;
    transaction.batch_execute(&lock(&tables, "ACCESS EXCLUSIVE")).await.map_err(describe)?;
    for table in &tables {
        let sql = format!("SELECT EXISTS (SELECT FROM \"{table}\")");
        if transaction.query_one(&sql, &[]).await.map_err(describe)?.get(0) {
            return Err(format!("the database is not empty: there are rows in {table}"));
        }
        fill(&transaction, table, &mut snapshot.conn, tick).await?;
    }
    transaction.commit().await.map_err(describe)
}

async fn fill(
    transaction: &Transaction<'_>,
    table: &str,
    conn: &mut SqliteConnection,
    tick: Tick<'_>,
) -> Result<(), String> {
    let columns = columns(conn, table)?;
    let select = select(table, &columns);
    let types = transaction.prepare(&select).await.map_err(describe)?;
    let types: Vec<Type> = types.columns().iter().map(|column| column.type_().clone()).collect();
    let copy = format!("COPY \"{table}\" ({}) FROM STDIN BINARY", columns.join(", "));
    let mut writer = pin!(BinaryCopyInWriter::new(transaction.copy_in(&copy).await.map_err(describe)?, &types));
    let mut read = Contents::default();
    for row in sql_query(&select).load_iter::<Row, DefaultLoadingMode>(conn).map_err(in_words)? {
        let row = row.map_err(in_words)?;
        read.add(&row);
        writer.as_mut().write(&row.as_sql(&types)).await.map_err(describe)?;
        tick(1);
    }
    writer.finish().await.map_err(describe)?;
    compare(table, read, each(transaction, &select, |_| Ok(())).await?)?;
    if columns.iter().any(|column| column == "\"id\"") {
        let sql = format!("SELECT coalesce(max(seq), 0) AS last FROM sqlite_sequence WHERE name = '{table}'");
        let Sequence { last } = sql_query(sql).get_result(conn).map_err(in_words)?;
        if last > 0 {
            let set = "SELECT setval(pg_get_serial_sequence($1, 'id'), $2)";
            transaction.execute(set, &[&table, &last]).await.map_err(describe)?;
        }
    }
    Ok(())
}

fn compare(table: &str, read: Contents, stored: Contents) -> Result<(), String> {
    if read == stored {
        return Ok(());
    }
    Err(format!("the rows stored in {table} differ from those that were read ({} rows and {})", stored.rows, read.rows))
}

/// Returns the lasting contents of the tables of `PostgreSQL`, as a snapshot.
pub(super) async fn contents(client: &mut Client, tick: Tick<'_>) -> Result<BTreeMap<String, Contents>, String> {
    client.batch_execute(NO_LIMITS).await.map_err(describe)?;
    let mut empty = Snapshot::in_memory()?;
    empty.create(&versions(client).await?)?;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(describe)?;
    let mut contents = BTreeMap::new();
    for table in lasting(empty.tables()?) {
        let select = select_lasting(&table, &columns(&mut empty.conn, &table)?);
        let read = each(client, &select, |_| {
            tick(1);
            Ok(())
        });
        contents.insert(table, read.await?);
    }
    client.batch_execute("COMMIT").await.map_err(describe)?;
    Ok(contents)
}

/// Returns the lasting contents of the tables of a file, as a snapshot.
pub(super) fn contents_of(snapshot: &mut Snapshot, tick: Tick<'_>) -> Result<BTreeMap<String, Contents>, String> {
    snapshot.conn.batch_execute("BEGIN").map_err(in_words)?;
    let mut contents = BTreeMap::new();
    for table in lasting(snapshot.tables()?) {
        let select = select_lasting(&table, &columns(&mut snapshot.conn, &table)?);
        let read = sum(&mut snapshot.conn, &select)?;
        tick(usize::try_from(read.rows).unwrap_or_default());
        contents.insert(table, read);
    }
    snapshot.conn.batch_execute("COMMIT").map_err(in_words)?;
    Ok(contents)
}

fn lasting(tables: Vec<String>) -> impl Iterator<Item = String> {
    tables.into_iter().filter(|table| !MOMENTARY.contains(&table.as_str()))
}

fn select_lasting(table: &str, columns: &[String]) -> String {
    format!("{}{}", select(table, columns), if table == "meta" { LASTING } else { "" })
}

/// Reads rows of `PostgreSQL`, processes each, and returns their contents.
async fn each(
    client: &impl GenericClient,
    select: &str,
    mut act: impl FnMut(Row) -> Result<(), String>,
) -> Result<Contents, String> {
    let mut contents = Contents::default();
    let rows = client.query_raw::<_, &(dyn ToSql + Sync), _>(select, []).await.map_err(describe)?;
    let mut rows = pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(describe)? {
        let row = Row::of(&row).map_err(describe)?;
        contents.add(&row);
        act(row)?;
    }
    Ok(contents)
}

/// Returns the contents of a file's rows.
fn sum(conn: &mut SqliteConnection, select: &str) -> Result<Contents, String> {
    let mut contents = Contents::default();
    for row in sql_query(select).load_iter::<Row, DefaultLoadingMode>(conn).map_err(in_words)? {
        contents.add(&row.map_err(in_words)?);
    }
    Ok(contents)
}

/// Returns the applied migrations, oldest first.
async fn versions(client: &Client) -> Result<Vec<String>, String> {
    let rows = client.query("SELECT version FROM __diesel_schema_migrations ORDER BY version", &[]).await;
    Ok(rows.map_err(describe)?.iter().map(|row| row.get(0)).collect())
}

fn lock(tables: &[String], mode: &str) -> String {
    let names: Vec<String> = tables.iter().map(|table| format!("\"{table}\"")).collect();
    format!("LOCK TABLE {} IN {mode} MODE", names.join(", "))
}

fn select(table: &str, columns: &[String]) -> String {
    format!("SELECT {} FROM \"{table}\"", columns.join(", "))
}

/// Returns the names of a table's columns, quoted.
fn columns(conn: &mut SqliteConnection, table: &str) -> Result<Vec<String>, String> {
    let columns = sql_query(format!("SELECT name FROM pragma_table_info('{table}')")).load::<Column>(conn);
    Ok(columns.map_err(in_words)?.into_iter().map(|column| format!("\"{}\"", column.name)).collect())
}

/// Returns the last number assigned to a row of a table, if its rows are numbered.
async fn last_number(client: &Client, table: &str) -> Result<Option<i64>, String> {
    let name = client.query_one("SELECT pg_get_serial_sequence($1, 'id')", &[&table]).await.map_err(describe)?;
    let Some(name) = name.get::<_, Option<String>>(0) else { return Ok(None) };
    let sequence =
        client.query_one(&format!("SELECT last_value, is_called FROM {name}"), &[]).await.map_err(describe)?;
    Ok(Some(sequence.get::<_, i64>(0) - i64::from(!sequence.get::<_, bool>(1))))
}

/// Numbers of deleted rows are not assigned again, since records of consent refer to them.
fn set_sequence(conn: &mut SqliteConnection, table: &str, last: i64) -> Result<(), String> {
    let sql = format!(
        "DELETE FROM sqlite_sequence WHERE name = '{table}';
        INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {last})"
    );
    conn.batch_execute(&sql).map_err(in_words)
}

fn describe(error: impl std::error::Error + 'static) -> String {
    format!("PostgreSQL: {}", super::postgres::describe(&error))
}
