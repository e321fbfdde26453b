//! The database of a Sydent, opened only for reading. Sydent may be running.
//!
//! It is read in pages, each in a short transaction: Sydent uses a rollback journal, with which a
//! long read would block its writes. Rows that change between two pages get a greater id.

use std::path::Path;

use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};

use super::rows::{
    RawAccount, RawAssociation, RawBinding, RawConsent, RawInvite, RawKey, RawPeer, RawToken, Reference, Table,
};
use crate::clock::Millis;
use crate::import::opening::{self, Maker, SourceError, another};

/// The expected kind of file: all tables of a Sydent are ordinary tables.
const MAKER: Maker = Maker { name: "a Sydent", tables: &[] };

/// The number of rows that are read at once.
const PAGE: i64 = 5_000;

/// The longest value that is read, in bytes. Those of a Sydent have at most 2,000.
const LONGEST: i64 = 2_048;

/// Returns an expression for the bytes of a column, regardless of its type. For a value that is too
/// long, it yields no bytes, so that the value is not loaded.
fn bytes(column: &str) -> String {
    format!(
        "CASE WHEN {column} IS NULL THEN NULL WHEN octet_length({column}) > {LONGEST} THEN X'' \
         ELSE CAST({column} AS BLOB) END"
    )
}

/// Returns the columns of a binding, in the order of [`RawBinding`].
fn binding() -> String {
    format!(
        "b.rowid AS id, {} AS medium, {} AS address, {} AS mxid, CAST(b.ts AS INTEGER) AS at, \
         CAST(b.notBefore AS INTEGER) AS not_before, CAST(b.notAfter AS INTEGER) AS not_after",
        bytes("b.medium"),
        bytes("b.address"),
        bytes("b.mxid")
    )
}

/// The database of a Sydent.
pub struct Source {
    conn: SqliteConnection,
    /// `PRAGMA user_version`
    pub version: i64,
    /// True if it is the variant of Tchap.
    pub is_tchap: bool,
    /// The server's name, if its rows contain it.
    pub server_name: Option<String>,
    /// The count of changes in the file's header.
    pub changes: u32,
    /// The greatest id of a local binding that look-ups can find.
    pushed: i64,
    tables: Vec<String>,
}

/// The bindings to read.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// Local rows with greater ids are new.
    pub since: i64,
    /// True if rows from the server's peers are read.
    pub with_peers: bool,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Source {
    /// Opens a file. `our_name` is assumed to be the other server's name too, unless its rows say
    /// otherwise.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read, or is not the database of a Sydent.
    pub fn open(path: &Path, our_name: &str) -> Result<Self, SourceError> {
        let (conn, changes) = opening::connect(path, MAKER)?;
        let mut source =
            Self { conn, version: 0, is_tchap: false, server_name: None, changes, pushed: 0, tables: Vec::new() };
        source.tables =
            source.names("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")?;
        if !source.has("local_threepid_associations") || !source.has("global_threepid_associations") {
            return Err(another(&path.display().to_string(), MAKER.name, &source.tables));
        }
        source.version = source.number("SELECT user_version AS number FROM pragma_user_version")?;
        source.is_tchap = source.has("profiles");
        let is_ours = |origins: Vec<(String, i64)>| origins.into_iter().any(|(name, _)| name == our_name);
        source.server_name = match source.find_name()? {
            None if is_ours(source.origins()?) => Some(our_name.to_owned()),
            found => found,
        };
        if let Some(name) = source.server_name.clone() {
            let pushed =
                "SELECT COALESCE(MAX(originId), 0) AS number FROM global_threepid_associations WHERE originServer = ?";
            source.pushed =
                diesel::sql_query(pushed).bind::<Text, _>(name).get_result::<Number>(&mut source.conn)?.number;
        }
        Ok(source)
    }

    /// Returns the names of all tables.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    pub(super) fn has(&self, table: &str) -> bool {
        self.tables.iter().any(|name| name == table)
    }

    fn names(&mut self, sql: &str) -> QueryResult<Vec<String>> {
        Ok(diesel::sql_query(sql).load::<Name>(&mut self.conn)?.into_iter().map(|row| row.name).collect())
    }

    pub(super) fn number(&mut self, sql: &str) -> QueryResult<i64> {
        Ok(diesel::sql_query(sql).get_result::<Number>(&mut self.conn)?.number)
    }

    /// Returns the number of rows in one of [`Self::tables`].
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn count(&mut self, table: &str) -> Result<i64, SourceError> {
        Ok(self.number(&format!("SELECT COUNT(*) AS number FROM \"{}\"", table.replace('"', "\"\"")))?)
    }

    /// Sydent copies its own rows into the global table under its own name.
    fn find_name(&mut self) -> QueryResult<Option<String>> {
        let names = self.names(
            "SELECT CAST(g.originServer AS TEXT) AS name FROM local_threepid_associations l \
             JOIN global_threepid_associations g ON g.medium = l.medium AND g.address = l.address AND g.originId = l.id \
             ORDER BY l.id DESC LIMIT 1",
        )?;
        Ok(names.into_iter().next())
    }

    /// Returns the number of bindings from each server.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn origins(&mut self) -> Result<Vec<(String, i64)>, SourceError> {
        #[derive(QueryableByName)]
        struct Origin {
            #[diesel(sql_type = Text)]
            name: String,
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let origins = "SELECT CAST(originServer AS TEXT) AS name, COUNT(*) AS number FROM global_threepid_associations \
                       GROUP BY originServer ORDER BY number DESC";
        let origins: Vec<Origin> = diesel::sql_query(origins).load(&mut self.conn)?;
        Ok(origins.into_iter().map(|origin| (origin.name, origin.number)).collect())
    }

    /// Returns the first selected rows of a table of bindings with ids greater than `after`, in
    /// order of their ids.
    ///
    /// A bound local row is listed unless it was copied into the global table, which look-ups read,
    /// and is no longer there, because a peer has unbound the address.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn bindings(&mut self, table: Table, after: i64, of: Selection) -> Result<Vec<RawBinding>, SourceError> {
        let sql = match table {
            Table::Local => format!(
                "SELECT * FROM ({} WHERE b.rowid > {after}) WHERE id > {} OR NOT is_listed ORDER BY id LIMIT {PAGE}",
                self.local(),
                of.since
            ),
            // The other rows are in the local table.
            Table::Global => format!(
                "SELECT {}, b.originServer <> ? AS is_replicated, 1 AS is_listed FROM global_threepid_associations b \
                 WHERE b.rowid > {after} AND (b.originServer = ? AND NOT EXISTS (SELECT 1 FROM local_threepid_associations l \
                 WHERE l.id = b.originId AND l.medium = b.medium AND l.address = b.address AND l.mxid = b.mxid) \
                 OR {} AND b.originServer <> ?) ORDER BY b.rowid LIMIT {PAGE}",
                binding(),
                i64::from(of.with_peers)
            ),
        };
        self.load(table, &sql)
    }

    /// Returns the rows with these ids that still exist.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn bindings_of(&mut self, table: Table, ids: &[i64]) -> Result<Vec<RawBinding>, SourceError> {
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        let ids = ids.join(",");
        let sql = match table {
            Table::Local => format!("{} WHERE b.rowid IN ({ids})", self.local()),
            Table::Global => format!(
                "SELECT {}, b.originServer <> ? AS is_replicated, 1 AS is_listed \
                 FROM global_threepid_associations b WHERE b.rowid IN ({ids}) AND ? IS NOT NULL AND ? IS NOT NULL",
                binding()
            ),
        };
        self.load(table, &sql)
    }

    fn local(&self) -> String {
        format!(
            "SELECT {}, 0 AS is_replicated, b.mxid IS NULL OR b.rowid > {} OR EXISTS (SELECT 1 \
             FROM global_threepid_associations g WHERE g.medium = b.medium AND g.address = b.address) AS is_listed \
             FROM local_threepid_associations b",
            binding(),
            self.pushed
        )
    }

    fn load(&mut self, table: Table, sql: &str) -> Result<Vec<RawBinding>, SourceError> {
        let name = self.server_name.clone().unwrap_or_default();
        let query = diesel::sql_query(sql);
        Ok(match table {
            Table::Local => query.load(&mut self.conn)?,
            Table::Global => query
                .bind::<Text, _>(name.clone())
                .bind::<Text, _>(name.clone())
                .bind::<Text, _>(name)
                .load(&mut self.conn)?,
        })
    }

    /// Returns the latest signed associations of this server.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn signed(&mut self) -> Result<Vec<String>, SourceError> {
        let name = self.server_name.clone().unwrap_or_default();
        let sql = "SELECT CAST(sgAssoc AS TEXT) AS association FROM global_threepid_associations \
                   WHERE originServer = ? AND octet_length(sgAssoc) < 65536 AND sgAssoc LIKE '%\"ed25519:%' ORDER BY id DESC LIMIT 20";
        let rows: Vec<RawAssociation> = diesel::sql_query(sql).bind::<Text, _>(name).load(&mut self.conn)?;
        Ok(rows.into_iter().map(|row| row.association).collect())
    }

    /// Returns the first accounts after the row `after`, in order.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn accounts(&mut self, after: i64) -> Result<Vec<RawAccount>, SourceError> {
        self.page(
            "accounts",
            &[("user_id", "user"), ("consent_version", "consent")],
            "CAST(created_ts AS INTEGER) AS created_at",
            after,
        )
    }

    /// Returns the first tokens after the row `after`, in order.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn tokens(&mut self, after: i64) -> Result<Vec<RawToken>, SourceError> {
        self.page(
            "tokens",
            &[("token", "token"), ("user_id", "user")],
            "(SELECT CAST(created_ts AS INTEGER) FROM accounts a WHERE a.user_id = tokens.user_id) AS created_at",
            after,
        )
    }

    /// Returns the first accepted terms after the row `after`, in order.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn consents(&mut self, after: i64) -> Result<Vec<RawConsent>, SourceError> {
        self.page("accepted_terms_urls", &[("user_id", "user"), ("url", "url")], "NULL AS unused", after)
    }

    /// Returns the first invitations after the row `after`, in order.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn invites(&mut self, after: i64) -> Result<Vec<RawInvite>, SourceError> {
        let valid_until = if self.has_column("invite_tokens", "valid_until_ts")? { "valid_until_ts" } else { "NULL" };
        let columns = format!(
            "CAST(received_ts AS INTEGER) AS received_at, sent_ts IS NOT NULL AS is_sent, \
             CAST({valid_until} AS INTEGER) AS valid_until"
        );
        let texts = [
            ("medium", "medium"),
            ("address", "address"),
            ("room_id", "room"),
            ("sender", "sender"),
            ("token", "token"),
        ];
        self.page("invite_tokens", &texts, &columns, after)
    }

    /// Returns the first public keys of invitations after the row `after`, in order.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn keys(&mut self, after: i64) -> Result<Vec<RawKey>, SourceError> {
        self.page("ephemeral_public_keys", &[("public_key", "key")], "NULL AS unused", after)
    }

    /// Returns the parameters of the hashes for look-ups, if there are any.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn pepper(&mut self) -> Result<Option<String>, SourceError> {
        if !self.has("hashing_metadata") {
            return Ok(None);
        }
        let peppers =
            "SELECT CAST(lookup_pepper AS TEXT) AS name FROM hashing_metadata WHERE lookup_pepper IS NOT NULL";
        Ok(self.names(peppers)?.pop())
    }

    /// Returns the peers with which the server replicates.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn active_peers(&mut self) -> Result<Vec<String>, SourceError> {
        if !self.has_column("peers", "active")? {
            return Ok(Vec::new());
        }
        let peers: Vec<RawPeer> =
            diesel::sql_query("SELECT CAST(name AS TEXT) AS name FROM peers WHERE active = 1 ORDER BY name")
                .load(&mut self.conn)?;
        Ok(peers.into_iter().map(|peer| peer.name).collect())
    }

    /// Returns the number of validation sessions that are still usable.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn sessions_since(&mut self, since: Millis) -> Result<i64, SourceError> {
        if !self.has("threepid_validation_sessions") {
            return Ok(0);
        }
        Ok(self.number(&format!("SELECT COUNT(*) AS number FROM threepid_validation_sessions WHERE mtime > {since}"))?)
    }

    /// Returns a row in words.
    ///
    /// # Errors
    /// [`SourceError`] if the file cannot be read.
    pub fn describe(&mut self, row: Reference) -> Result<String, SourceError> {
        let found = self.bindings_of(row.table, &[row.id])?;
        Ok(found.first().map_or_else(|| row.to_string(), |raw| format!("{row}: {raw}")))
    }

    pub(super) fn has_column(&mut self, table: &str, column: &str) -> Result<bool, SourceError> {
        let names = self.names(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
        Ok(names.iter().any(|name| name == column))
    }

    /// Reads rows with these named texts and other columns. Earlier versions have no accounts,
    /// tokens and terms.
    fn page<T>(&mut self, table: &str, texts: &[(&str, &str)], columns: &str, after: i64) -> Result<Vec<T>, SourceError>
    where
        T: QueryableByName<diesel::sqlite::Sqlite> + 'static,
    {
        if !self.has(table) {
            return Ok(Vec::new());
        }
        let texts: Vec<_> = texts.iter().map(|(column, name)| format!("{} AS {name}", bytes(column))).collect();
        let texts = texts.join(", ");
        let sql = format!(
            "SELECT rowid AS id, {texts}, {columns} FROM {table} WHERE rowid > {after} ORDER BY rowid LIMIT {PAGE}"
        );
        Ok(diesel::sql_query(sql).load(&mut self.conn)?)
    }
}
