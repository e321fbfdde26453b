//! Copying all tables between `PostgreSQL` and a [`Snapshot`], whatever their columns.

use std::pin::pin;

use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::deserialize::{self, FromSqlRow};
use diesel::prelude::*;
use diesel::row::Field;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Untyped};
use diesel::sqlite::{Sqlite, SqliteType};
use diesel::{SqliteConnection, sql_query};
use futures_util::TryStreamExt;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Transaction};

use super::snapshot::{Snapshot, in_words};

/// A copy has no time limit. Everything is looked up in the schema of the connection.
const NO_LIMITS: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;
    SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'";

/// A value of one of the three types used by our columns.
enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row with any columns.
struct Row(Vec<Value>);

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

/// Copies all tables out of `PostgreSQL`, as of a single moment.
pub(super) async fn out(client: &mut Client, snapshot: &mut Snapshot) -> Result<(), String> {
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
        let select = client.prepare(&select(table, &columns)).await.map_err(describe)?;
        let insert = format!(
            "INSERT INTO \"{table}\" ({}) VALUES ({})",
            columns.join(", "),
            vec!["?"; columns.len()].join(", ")
        );
        let rows = client.query_raw::<_, &(dyn ToSql + Sync), _>(&select, []).await.map_err(describe)?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await.map_err(describe)? {
            let values = (0..columns.len()).map(|nth| Value::of(&row, nth)).collect::<Result<_, _>>();
            Row(values.map_err(describe)?).insert(&insert, conn)?;
        }
        if columns.iter().any(|column| column == "\"id\"")
            && let Some(last) = last_number(client, table).await?
        {
            set_sequence(conn, table, last)?;
        }
    }
    conn.batch_execute("COMMIT").map_err(in_words)?;
    client.batch_execute("COMMIT").await.map_err(describe)
}

/// Copies all tables into those of `PostgreSQL`, which must be empty, in one transaction.
pub(super) async fn into(client: &mut Client, snapshot: &mut Snapshot) -> Result<(), String> {
    client.batch_execute(NO_LIMITS).await.map_err(describe)?;
    let tables = snapshot.tables()?;
    let transaction = client.transaction().await.map_err(describe)?;
    transaction.batch_execute(&lock(&tables, "ACCESS EXCLUSIVE")).await.map_err(describe)?;
    for table in &tables {
        let sql = format!("SELECT EXISTS (SELECT FROM \"{table}\")");
        if transaction.query_one(&sql, &[]).await.map_err(describe)?.get(0) {
            return Err(format!("the database is not empty: there are rows in {table}"));
        }
        fill(&transaction, table, &mut snapshot.conn).await?;
    }
    transaction.commit().await.map_err(describe)
}

async fn fill(transaction: &Transaction<'_>, table: &str, conn: &mut SqliteConnection) -> Result<(), String> {
    let columns = columns(conn, table)?;
    let types = transaction.prepare(&select(table, &columns)).await.map_err(describe)?;
    let types: Vec<Type> = types.columns().iter().map(|column| column.type_().clone()).collect();
    let copy = format!("COPY \"{table}\" ({}) FROM STDIN BINARY", columns.join(", "));
    let mut writer = pin!(BinaryCopyInWriter::new(transaction.copy_in(&copy).await.map_err(describe)?, &types));
    let rows = sql_query(select(table, &columns)).load_iter::<Row, DefaultLoadingMode>(conn).map_err(in_words)?;
    for row in rows {
        let row = row.map_err(in_words)?;
        let values: Vec<_> = row.0.iter().zip(&types).map(|(value, kind)| value.as_sql(kind)).collect();
        writer.as_mut().write(&values).await.map_err(describe)?;
    }
    writer.finish().await.map_err(describe)?;
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

impl Value {
    fn of(row: &tokio_postgres::Row, nth: usize) -> Result<Self, Error> {
        let kind = row.columns()[nth].type_();
        Ok(if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(nth)?.map_or(Self::Null, Self::Integer)
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(nth)?.map_or(Self::Null, Self::Bytes)
        } else {
            row.try_get::<_, Option<String>>(nth)?.map_or(Self::Null, Self::Text)
        })
    }

    fn as_sql(&self, kind: &Type) -> &(dyn ToSql + Sync) {
        match self {
            Self::Null if *kind == Type::INT8 => &None::<i64>,
            Self::Null if *kind == Type::BYTEA => &None::<&[u8]>,
            Self::Null => &None::<&str>,
            Self::Integer(number) => number,
            Self::Text(text) => text,
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Row {
    fn insert(self, sql: &str, conn: &mut SqliteConnection) -> Result<(), String> {
        let mut query = sql_query(sql).into_boxed::<Sqlite>();
        for value in self.0 {
            query = match value {
                Value::Null => query.bind::<Nullable<BigInt>, _>(None::<i64>),
                Value::Integer(number) => query.bind::<BigInt, _>(number),
                Value::Text(text) => query.bind::<Text, _>(text),
                Value::Bytes(bytes) => query.bind::<Binary, _>(bytes),
            };
        }
        query.execute(conn).map(drop).map_err(in_words)
    }
}

impl FromSqlRow<Untyped, Sqlite> for Row {
    fn build_from_row<'a>(row: &impl diesel::row::Row<'a, Sqlite>) -> deserialize::Result<Self> {
        let value = |nth| {
            let field = row.get(nth).ok_or("a column is missing")?;
            let Some(mut value) = field.value() else { return Ok(Value::Null) };
            Ok(match value.value_type() {
                Some(SqliteType::Binary) => Value::Bytes(value.read_blob().to_vec()),
                Some(SqliteType::Text) => Value::Text(value.read_text().to_owned()),
                Some(SqliteType::Long | SqliteType::Integer | SqliteType::SmallInt) => {
                    Value::Integer(value.read_long())
                }
                _ => return Err("a value is of an unknown type".into()),
            })
        };
        (0..row.field_count()).map(value).collect::<Result<_, _>>().map(Self)
    }
}

fn describe(error: impl std::error::Error + 'static) -> String {
    format!("PostgreSQL: {}", super::postgres::describe(&error))
}
