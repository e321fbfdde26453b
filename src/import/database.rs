//! Another server's database, in `SQLite` or `PostgreSQL`, opened only for reading.
//!
//! An `SQLite` file is read in pages, each in a short transaction, so that its server can still
//! write. `PostgreSQL` is read as a snapshot of one moment.

use std::path::Path;

use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection};
use ruma_common::OwnedUserId;
use tokio_postgres::Client;

use super::opening::{self, Maker, SourceError, another};
use super::values;
use crate::clock::Millis;
use crate::store;

/// The number of rows that are read at once.
const PAGE: i64 = 5_000;

/// The longest value that is read, in bytes.
const LONGEST: i64 = 16_384;

/// The largest number of columns that are read from a table.
const COLUMNS: usize = 8;

/// Reading has no time limit, and changes nothing.
const BEGIN: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Another server's database.
pub struct Database {
    link: Link,
    /// Its file or URL without the password, for messages.
    place: String,
    maker: Maker,
    tables: Vec<String>,
    cursors: usize,
}

enum Link {
    Sqlite(SqliteConnection),
    Postgres(Client),
}

/// A row, as bytes regardless of the columns' types: `None` for NULL, and empty for values that are
/// too long.
#[derive(Debug)]
pub struct Row(Vec<Option<Vec<u8>>>);

/// A table that is read page by page.
pub struct Pages {
    only: Box<dyn Fn(&Row) -> bool + Send>,
    sql: String,
    columns: usize,
    place: Place,
}

/// The position up to which a table was read.
enum Place {
    /// After this row of an `SQLite` file.
    After(i64),
    /// A cursor of `PostgreSQL` that is not open yet.
    Before(usize),
    /// The position of an open cursor.
    Cursor(usize),
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct SqliteRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    c0: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    c1: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    c2: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    c3: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    c4: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    c5: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    c6: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    c7: Option<Vec<u8>>,
}

impl Database {
    /// Opens a file or `PostgreSQL` URL. The database must have all `tables`. `ca_file` contains
    /// certificates to trust for `PostgreSQL`.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read, or is not a database of this maker.
    pub async fn open(place: &str, maker: Maker, tables: &[&str], ca_file: Option<&Path>) -> Result<Self, SourceError> {
        let is_url = place.starts_with("postgres://") || place.starts_with("postgresql://");
        let (link, place) = if is_url {
            let client = store::connect_elsewhere(place, ca_file).await.map_err(SourceError)?;
            client.batch_execute(BEGIN).await?;
            (Link::Postgres(client), "this PostgreSQL database".to_owned())
        } else {
            (Link::Sqlite(opening::connect(Path::new(place), maker)?.0), place.to_owned())
        };
        let mut database = Self { link, place, maker, tables: Vec::new(), cursors: 0 };
        database.tables = database.table_names().await?;
        if tables.iter().any(|table| !database.has(table)) {
            return Err(another(&database.place, maker.name, &database.tables));
        }
        Ok(database)
    }

    /// Returns the names of all tables.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    /// Returns whether the table exists.
    #[must_use]
    pub fn has(&self, table: &str) -> bool {
        self.tables.iter().any(|name| name == table)
    }

    async fn table_names(&mut self) -> Result<Vec<String>, SourceError> {
        let sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
        // A view could run functions.
        let postgres = "SELECT relname::text AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace \
                        WHERE relkind IN ('r', 'p') AND pg_table_is_visible(pg_class.oid) \
                        AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY relname";
        self.names(sqlite, postgres).await
    }

    async fn names(&mut self, sqlite: &str, postgres: &str) -> Result<Vec<String>, SourceError> {
        Ok(match &mut self.link {
            Link::Sqlite(conn) => {
                diesel::sql_query(sqlite).load::<Name>(conn)?.into_iter().map(|row| row.name).collect()
            }
            Link::Postgres(client) => client.query(postgres, &[]).await?.iter().map(|row| row.get(0)).collect(),
        })
    }

    async fn number(&mut self, sql: &str) -> Result<i64, SourceError> {
        Ok(match &mut self.link {
            Link::Sqlite(conn) => diesel::sql_query(sql).get_result::<Number>(conn)?.number,
            Link::Postgres(client) => client.query_one(sql, &[]).await?.get(0),
        })
    }

    /// Returns the number of rows of a table, or zero if it does not exist.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read.
    pub async fn count(&mut self, table: &str) -> Result<i64, SourceError> {
        if !self.has(table) {
            return Ok(0);
        }
        self.number(&format!("SELECT COUNT(*) AS number FROM {}", quoted(table))).await
    }

    /// Returns the greatest number in a column, or zero if there is none.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read.
    pub async fn greatest(&mut self, table: &str, column: &str) -> Result<i64, SourceError> {
        if !self.has(table) {
            return Ok(0);
        }
        let Some(column) = self.columns(table).await?.into_iter().find(|name| name.eq_ignore_ascii_case(column)) else {
            return Ok(0);
        };
        let (table, column) = (quoted(table), quoted(&column));
        self.number(&format!("SELECT CAST(COALESCE(MAX(t.{column}), 0) AS BIGINT) AS number FROM {table} t")).await
    }

    async fn columns(&mut self, table: &str) -> Result<Vec<String>, SourceError> {
        let sqlite = format!("SELECT name FROM pragma_table_info({})", literal(table));
        let postgres = format!(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped",
            literal(&quoted(table))
        );
        self.names(&sqlite, &postgres).await
    }

    /// Prepares to read these columns of a table. If the table does not exist, nothing is read.
    ///
    /// # Errors
    /// [`SourceError`] if the table lacks one of them.
    ///
    /// # Panics
    /// If there are more than eight columns.
    pub async fn pages(&mut self, table: &str, columns: &[&str]) -> Result<Pages, SourceError> {
        assert!(columns.len() <= COLUMNS, "no more columns are read");
        let mut pages = Pages {
            only: Box::new(|_| true),
            sql: String::new(),
            columns: columns.len(),
            place: Place::After(i64::MIN),
        };
        if !self.has(table) {
            return Ok(pages);
        }
        let existing = self.columns(table).await?;
        let mut values = Vec::new();
        for column in columns {
            // PostgreSQL folds names that were once written without quotes.
            let Some(name) = existing.iter().find(|name| name.eq_ignore_ascii_case(column)) else {
                let (place, maker) = (&self.place, self.maker.name);
                return Err(SourceError(format!(
                    "{place}: its table {table} has no column {column}, so it was not created by {maker}"
                )));
            };
            values.push(self.bytes(&format!("t.{}", quoted(name))));
        }
        let table = quoted(table);
        pages.sql = match &self.link {
            Link::Sqlite(_) => {
                values.resize(COLUMNS, "NULL".to_owned());
                let named: Vec<_> =
                    values.iter().enumerate().map(|(nth, value)| format!("{value} AS c{nth}")).collect();
                format!("SELECT t.rowid AS id, {} FROM {table} t", named.join(", "))
            }
            Link::Postgres(_) => {
                self.cursors += 1;
                pages.place = Place::Before(self.cursors);
                format!("DECLARE c{} NO SCROLL CURSOR FOR SELECT {} FROM {table} t", self.cursors, values.join(", "))
            }
        };
        Ok(pages)
    }

    /// Returns an expression for the bytes of a value, regardless of its type. For a value that is
    /// too long, it yields no bytes, so that the value is not loaded.
    fn bytes(&self, value: &str) -> String {
        let (empty, whole) = match &self.link {
            Link::Sqlite(_) => ("X''", format!("CAST({value} AS BLOB)")),
            Link::Postgres(_) => ("''::bytea", format!("convert_to({value}::text, 'UTF8')")),
        };
        let length = match &self.link {
            Link::Sqlite(_) => format!("octet_length({value})"),
            Link::Postgres(_) => format!("octet_length({value}::text)"),
        };
        format!("CASE WHEN {value} IS NULL THEN NULL WHEN {length} > {LONGEST} THEN {empty} ELSE {whole} END")
    }
}

impl Pages {
    /// Skips all other rows, so a page can be empty.
    #[must_use]
    pub fn only(self, only: impl Fn(&Row) -> bool + Send + 'static) -> Self {
        Self { only: Box::new(only), ..self }
    }

    /// Returns the next rows, or none at the end.
    ///
    /// # Errors
    /// [`SourceError`] if they cannot be read.
    pub async fn next(&mut self, database: &mut Database) -> Result<Option<Vec<Row>>, SourceError> {
        if self.sql.is_empty() {
            return Ok(None);
        }
        let mut rows = match (&mut database.link, &mut self.place) {
            (Link::Sqlite(conn), Place::After(last)) => {
                let sql = format!("{} WHERE t.rowid > {last} ORDER BY t.rowid LIMIT {PAGE}", self.sql);
                let rows: Vec<SqliteRow> = diesel::sql_query(sql).load(conn)?;
                *last = rows.last().map_or(*last, |row| row.id);
                rows.into_iter().map(|row| row.into_row(self.columns)).collect::<Vec<_>>()
            }
            (Link::Postgres(client), place) => {
                if let Place::Before(cursor) = *place {
                    client.batch_execute(&self.sql).await?;
                    *place = Place::Cursor(cursor);
                }
                let Place::Cursor(cursor) = *place else { return Ok(None) };
                let rows = client.query(&format!("FETCH {PAGE} FROM c{cursor}"), &[]).await?;
                rows.iter().map(|row| Row((0..self.columns).map(|nth| row.get(nth)).collect())).collect()
            }
            (Link::Sqlite(_), _) => return Ok(None),
        };
        if rows.is_empty() {
            return Ok(None);
        }
        rows.retain(|row| (self.only)(row));
        Ok(Some(rows))
    }
}

impl SqliteRow {
    fn into_row(self, columns: usize) -> Row {
        let all = [self.c0, self.c1, self.c2, self.c3, self.c4, self.c5, self.c6, self.c7];
        Row(all.into_iter().take(columns).collect())
    }
}

impl Row {
    /// Returns the bytes of a column.
    #[must_use]
    pub fn bytes(&self, column: usize) -> Option<&[u8]> {
        self.0.get(column)?.as_deref()
    }

    /// Returns a text, or `None` if it is not UTF-8 or contains a NUL.
    #[must_use]
    pub fn text(&self, column: usize) -> Option<&str> {
        values::text(self.bytes(column))
    }

    /// Returns a text, or `None` if it is empty.
    #[must_use]
    pub fn filled(&self, column: usize) -> Option<&str> {
        self.text(column).filter(|text| !text.is_empty())
    }

    /// Returns a number.
    #[must_use]
    pub fn number(&self, column: usize) -> Option<Millis> {
        self.text(column)?.trim().parse().ok()
    }

    /// Returns whether a column is true.
    #[must_use]
    pub fn is_true(&self, column: usize) -> bool {
        matches!(self.text(column), Some("1" | "true" | "t"))
    }

    /// Returns a valid Matrix ID.
    #[must_use]
    pub fn user_id(&self, column: usize) -> Option<OwnedUserId> {
        values::user_id(self.bytes(column))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
