//! A database as one `SQLite` file that nobody else uses, which is the content of a backup.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel::{Connection, SqliteConnection, sql_query};
use diesel_migrations::MigrationHarness;

use super::meta::LATEST_TIME;
use super::migrations::{self, FOR_SQLITE};
use super::schema::{audit_queue, leases, meta, nodes, recent_lookups, tokens, visits};
use crate::clock::{LONGEST_JUMP, Millis};

/// The file is a copy: if anything fails, it is thrown away.
const SETTINGS: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON;";

/// Tables that refer to others come last.
const TABLES: &str = "SELECT name AS text FROM sqlite_master
    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'
    ORDER BY (SELECT count(*) FROM pragma_foreign_key_list(sqlite_master.name)), name";

const NEWER: &str =
    "it was made by a newer version of Vouch, whose tables this one does not know: use that one, or a newer one";

/// A database as one file.
pub struct Snapshot {
    pub(super) conn: SqliteConnection,
}

/// A row with one column.
#[derive(QueryableByName)]
struct OneText {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct OneNumber {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Snapshot {
    /// Opens a file.
    ///
    /// # Errors
    /// A text for the operator, including when the file has tables of a newer version.
    pub fn open(file: &Path) -> Result<Self, String> {
        let path = file.to_str().ok_or("the path of the temporary file is not UTF-8")?;
        let mut conn = SqliteConnection::establish(path).map_err(in_words)?;
        conn.batch_execute(SETTINGS).map_err(in_words)?;
        // A file without tables has no migrations either.
        let applied = conn.applied_migrations().map_err(in_words)?;
        let known = migrations::versions::<Sqlite>(&FOR_SQLITE);
        if applied.iter().all(|version| known.contains(&version.to_string())) {
            Ok(Self { conn })
        } else {
            Err(NEWER.into())
        }
    }

    /// Opens an empty database in memory.
    pub(super) fn in_memory() -> Result<Self, String> {
        Self::open(Path::new(":memory:"))
    }

    /// Checks that the file is intact, and that referenced rows exist.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn check(&mut self) -> Result<(), String> {
        let sql = "SELECT integrity_check AS text FROM pragma_integrity_check
            UNION ALL SELECT 'a row of ' || \"table\" || ' refers to none' FROM pragma_foreign_key_check";
        let found: Vec<OneText> = sql_query(sql).load(&mut self.conn).map_err(in_words)?;
        match found.iter().find(|row| row.text != "ok") {
            Some(row) => Err(format!("the database in it is corrupt: {}", row.text)),
            None => Ok(()),
        }
    }

    /// Upgrades the tables.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn migrate(&mut self) -> Result<(), String> {
        self.conn.run_pending_migrations(FOR_SQLITE).map(drop).map_err(in_words)
    }

    /// Creates the tables as they were after these migrations.
    pub(super) fn create(&mut self, versions: &[String]) -> Result<(), String> {
        let known: Vec<Box<dyn Migration<Sqlite>>> = FOR_SQLITE.migrations().map_err(in_words)?;
        for version in versions {
            let migration = known.iter().find(|migration| migration.name().version().to_string() == *version);
            self.conn.run_migration(migration.ok_or(NEWER)?.as_ref()).map_err(in_words)?;
        }
        Ok(())
    }

    /// Returns the names of the tables; those that refer to others come last.
    pub(super) fn tables(&mut self) -> Result<Vec<String>, String> {
        let names: Vec<OneText> = sql_query(TABLES).load(&mut self.conn).map_err(in_words)?;
        Ok(names.into_iter().map(|row| row.text).collect())
    }

    /// Returns the number of rows in each table.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn rows(&mut self) -> Result<BTreeMap<String, i64>, String> {
        let mut rows = BTreeMap::new();
        for table in self.tables()? {
            let sql = format!("SELECT count(*) AS number FROM \"{table}\"");
            let counted: OneNumber = sql_query(sql).get_result(&mut self.conn).map_err(in_words)?;
            rows.insert(table, counted.number);
        }
        Ok(rows)
    }

    /// Returns a value that describes the database as a whole; see [`super::meta`].
    ///
    /// # Errors
    /// A text for the operator.
    pub fn meta(&mut self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let value = meta::table.select(meta::value).filter(meta::name.eq(name)).first(&mut self.conn);
        value.optional().map_err(in_words)
    }

    /// Deletes the nodes and their leases.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn forget_nodes(&mut self) -> Result<(), String> {
        diesel::delete(leases::table).execute(&mut self.conn).map_err(in_words)?;
        diesel::delete(nodes::table).execute(&mut self.conn).map(drop).map_err(in_words)
    }

    /// Ends all web sessions. With `tokens`, everybody is signed out as well.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn end_sessions(&mut self, with_tokens: bool) -> Result<(), String> {
        diesel::delete(visits::table).execute(&mut self.conn).map_err(in_words)?;
        if with_tokens {
            diesel::delete(tokens::table).execute(&mut self.conn).map_err(in_words)?;
            diesel::delete(recent_lookups::table).execute(&mut self.conn).map_err(in_words)?;
        }
        Ok(())
    }

    /// Adds an entry to the audit log, to be linked later.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn queue_entry(&mut self, entry: &str, mac: &[u8]) -> Result<(), String> {
        let row = (audit_queue::entry.eq(entry), audit_queue::mac.eq(mac));
        diesel::insert_into(audit_queue::table).values(row).execute(&mut self.conn).map(drop).map_err(in_words)
    }

    /// Accepts `now` as right if the database is so old that a server would consider it wrong, even
    /// if the server starts only some days later; returns whether it is.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn accept_time(&mut self, now: Millis) -> Result<bool, String> {
        let bytes = |time: Millis| time.to_be_bytes().to_vec();
        let is_old = meta::name.eq(LATEST_TIME).and(meta::value.lt(bytes(now.saturating_sub(LONGEST_JUMP / 2))));
        let accepted = diesel::update(meta::table.filter(is_old)).set(meta::value.eq(bytes(now)));
        accepted.execute(&mut self.conn).map(|rows| rows > 0).map_err(in_words)
    }
}

pub(super) fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
