//! The migrations of both backends create the same tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Text};
use vouch_test_support::postgres::Database;

/// The class of a column's type: the Rust type of its values.
#[derive(Debug, PartialEq, Eq)]
enum Class {
    Integer,
    Text,
    Bytes,
}

/// A table's columns: name, class of type, nullability.
type Tables = BTreeMap<String, BTreeMap<String, (Class, bool)>>;

/// The unique constraints and primary keys: table and columns.
type Keys = BTreeSet<(String, String)>;

fn folder(backend: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(backend)
}

/// Returns the names of a backend's migrations, oldest first.
fn names(backend: &str) -> Vec<String> {
    let entries = fs::read_dir(folder(backend)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn script(backend: &str, name: &str, direction: &str) -> String {
    fs::read_to_string(folder(backend).join(name).join(direction)).unwrap()
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Integer)]
    required: i32,
}

/// Reads the tables that the migrations have created in an `SQLite` file.
fn sqlite_tables(conn: &mut SqliteConnection) -> Tables {
    let sql = "SELECT m.name AS \"of\", c.name AS name, c.type AS kind, c.\"notnull\" AS required \
               FROM sqlite_master m JOIN pragma_table_info(m.name) c \
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
    let columns: Vec<Column> = diesel::sql_query(sql).load(conn).unwrap();
    let mut tables = Tables::new();
    for Column { of, name, kind, required } in columns {
        let class = match kind.as_str() {
            "INTEGER" | "BIGINT" => Class::Integer,
            "TEXT" => Class::Text,
            "BLOB" => Class::Bytes,
            other => panic!("{of}.{name} is {other}"),
        };
        tables.entry(of).or_default().insert(name, (class, required == 0));
    }
    tables
}

/// Reads the tables that the migrations have created in a `PostgreSQL` schema, without the column
/// that `SQLite` does not need.
async fn postgres_tables(client: &tokio_postgres::Client) -> Tables {
    let sql = "SELECT table_name, column_name, data_type, is_nullable = 'YES' \
               FROM information_schema.columns \
               WHERE table_schema = current_schema() AND column_name <> 'written_by'";
    let mut tables = Tables::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let [of, name, kind]: [String; 3] = std::array::from_fn(|at| row.get(at));
        let class = match kind.as_str() {
            "bigint" => Class::Integer,
            "text" => Class::Text,
            "bytea" => Class::Bytes,
            other => panic!("{of}.{name} is {other}"),
        };
        tables.entry(of).or_default().insert(name, (class, row.get(3)));
    }
    tables
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    columns: String,
}

fn sqlite_keys(conn: &mut SqliteConnection) -> Keys {
    // An integer primary key has no index of its own.
    let sql = "SELECT m.name AS \"of\", (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY name)) AS columns \
               FROM sqlite_master m JOIN pragma_index_list(m.name) i ON i.\"unique\" WHERE m.type = 'table' \
               UNION SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.pk > 0 \
               WHERE m.type = 'table' AND c.type = 'INTEGER' AND m.name NOT LIKE 'sqlite_%'";
    let keys: Vec<Key> = diesel::sql_query(sql).load(conn).unwrap();
    keys.into_iter().map(|Key { of, columns }| (of, columns)).collect()
}

async fn postgres_keys(client: &tokio_postgres::Client) -> Keys {
    let sql = "SELECT c.relname::text, (SELECT string_agg(a.attname, ',' ORDER BY a.attname) \
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)) \
               FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE i.indisunique AND n.nspname = current_schema()";
    client.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn both_backends_have_migrations_with_the_same_names() {
    assert_eq!(names("sqlite"), names("postgres"));
    for backend in ["sqlite", "postgres"] {
        for name in names(backend) {
            let mut files: Vec<_> =
                fs::read_dir(folder(backend).join(name)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            files.sort();
            assert_eq!(files, ["down.sql", "up.sql"]);
        }
    }
}

#[tokio::test]
async fn each_migration_does_the_same_on_both_backends_and_can_be_reverted() {
    let database = tokio::task::spawn_blocking(Database::create).await.unwrap();
    let postgres = database.connect().await;
    let mut sqlite = SqliteConnection::establish(":memory:").unwrap();
    let mut before = Vec::new();
    for name in names("sqlite") {
        before.push((sqlite_tables(&mut sqlite), sqlite_keys(&mut sqlite)));
        sqlite.batch_execute(&script("sqlite", &name, "up.sql")).unwrap();
        postgres.batch_execute(&script("postgres", &name, "up.sql")).await.unwrap();
        let tables = sqlite_tables(&mut sqlite);
        assert!(!tables.is_empty());
        assert_eq!(tables, postgres_tables(&postgres).await, "after {name}");
        assert_eq!(sqlite_keys(&mut sqlite), postgres_keys(&postgres).await, "after {name}");
    }
    for (name, (tables, keys)) in names("sqlite").iter().zip(before).rev() {
        sqlite.batch_execute(&script("sqlite", name, "down.sql")).unwrap();
        postgres.batch_execute(&script("postgres", name, "down.sql")).await.unwrap();
        assert_eq!(sqlite_tables(&mut sqlite), tables, "before {name}");
        assert_eq!(postgres_tables(&postgres).await, tables, "before {name}");
        assert_eq!(sqlite_keys(&mut sqlite), keys, "before {name}");
        assert_eq!(postgres_keys(&postgres).await, keys, "before {name}");
    }
}

#[tokio::test]
async fn a_limit_that_is_full_stays_full_through_the_migration_to_one_time() {
    let database = tokio::task::spawn_blocking(Database::create).await.unwrap();
    let postgres = database.connect().await;
    let mut sqlite = SqliteConnection::establish(":memory:").unwrap();
    let names = names("sqlite");
    let last = names.iter().position(|name| name.ends_with("rate_limits")).unwrap();
    for name in &names[..last] {
        sqlite.batch_execute(&script("sqlite", name, "up.sql")).unwrap();
        postgres.batch_execute(&script("postgres", name, "up.sql")).await.unwrap();
    }
    // One that has 10 of 10 units and drains in 10 hours, one that was refunded, and one that
    // drains in 100,000 years.
    let old = |hex: fn(&str) -> String| {
        let row = |key: &str, level: i64, empty_at: i64| format!("({}, {level}, 1000, {empty_at})", hex(key));
        let rows = [row("01", 36_000_000, 36_001_000), row("02", 0, 36_001_000), row("03", i64::MAX, i64::MAX)];
        format!("INSERT INTO budgets (principal, level, leveled_at, empty_at) VALUES {}", rows.join(", "))
    };
    sqlite.batch_execute(&old(|key| format!("x'{key}'"))).unwrap();
    postgres.batch_execute(&old(|key| format!("'\\x{key}'"))).await.unwrap();
    sqlite.batch_execute(&script("sqlite", &names[last], "up.sql")).unwrap();
    postgres.batch_execute(&script("postgres", &names[last], "up.sql")).await.unwrap();

    let expected = [(vec![1], 36_001_000_000), (vec![3], 4_000_000_000_000_000_000)];
    let sql = "SELECT key, empty_at FROM rate_limits ORDER BY key";
    let migrated: Vec<Migrated> = diesel::sql_query(sql).load(&mut sqlite).unwrap();
    let migrated: Vec<(Vec<u8>, i64)> = migrated.into_iter().map(|row| (row.key, row.empty_at)).collect();
    assert_eq!(migrated, expected);
    let migrated: Vec<(Vec<u8>, i64)> =
        postgres.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(migrated, expected);
}

#[derive(QueryableByName)]
struct Migrated {
    #[diesel(sql_type = Binary)]
    key: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    empty_at: i64,
}
