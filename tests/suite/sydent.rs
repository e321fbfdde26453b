//! The database of a Sydent, written as Sydent writes it.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};

/// The name of the server.
pub const NAME: &str = "id.example.org";

/// The line of its signing key in `tests/data/sydent.conf`.
pub const KEY: &str = "ed25519 0 9YHgYB6a1opHB40CDJ0+cWKhnlRNR/Nl0trwwvBE2zw\n";

/// A hundred years, for which bindings are valid.
const VALID: i64 = 100 * 365 * 86_400_000;

const SCHEMA: &str = "
    CREATE TABLE invite_tokens (id integer primary key, medium varchar(16) not null, address varchar(256) not null,
        room_id varchar(256) not null, sender varchar(256) not null, token varchar(256) not null, received_ts bigint,
        sent_ts bigint);
    CREATE TABLE ephemeral_public_keys (id integer primary key, public_key varchar(256) not null,
        verify_count bigint default 0, persistence_ts bigint);
    CREATE TABLE threepid_validation_sessions (id integer primary key, medium varchar(16) not null,
        address varchar(256) not null, clientSecret varchar(32) not null, validated int default 0, mtime bigint not null);
    CREATE TABLE peers (id integer primary key, name varchar(255) not null, port integer, lastSentVersion integer,
        lastPokeSucceededAt integer, active integer not null default 0);
    CREATE TABLE local_threepid_associations (id integer primary key autoincrement, medium varchar(16) not null,
        address varchar(256) not null, mxid varchar(256), ts integer, notBefore bigint, notAfter bigint,
        lookup_hash VARCHAR(256));
    CREATE TABLE global_threepid_associations (id integer primary key autoincrement, medium varchar(16) not null,
        address varchar(256) not null, mxid varchar(256) not null, ts integer not null, notBefore bigint not null,
        notAfter integer not null, originServer varchar(255) not null, originId integer not null, sgAssoc text not null,
        lookup_hash VARCHAR(256));
    CREATE TABLE accounts (user_id TEXT NOT NULL PRIMARY KEY, created_ts BIGINT NOT NULL, consent_version TEXT);
    CREATE TABLE tokens (token TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL);
    CREATE TABLE accepted_terms_urls (user_id TEXT NOT NULL, url TEXT NOT NULL);
    CREATE UNIQUE INDEX local_threepid_medium_address on local_threepid_associations(medium, address);
    CREATE INDEX global_threepid_medium_address on global_threepid_associations (medium, address);
    CREATE UNIQUE INDEX global_threepid_originServer_originId on global_threepid_associations (originServer, originId);
    PRAGMA user_version = 5;";

/// A running Sydent, as far as its database shows it.
pub struct Sydent {
    pub path: PathBuf,
    conn: SqliteConnection,
    from_peer: i64,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(QueryableByName)]
struct OneText {
    #[diesel(sql_type = Text)]
    text: String,
}

impl Sydent {
    /// Creates an empty database.
    pub fn new(folder: &Path) -> Self {
        let path = folder.join("sydent.db");
        let mut sydent = Self::open(&path);
        sydent.run(SCHEMA);
        sydent
    }

    /// Opens a database, even while it is being imported.
    pub fn open(path: &Path) -> Self {
        let conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        Self { path: path.to_owned(), conn, from_peer: 0 }
    }

    /// Runs statements.
    pub fn run(&mut self, sql: &str) {
        self.conn.batch_execute(sql).unwrap();
    }

    /// Returns the results of a query that selects one text column named `text`.
    pub fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows: Vec<OneText> = diesel::sql_query(sql).load(&mut self.conn).unwrap();
        rows.into_iter().map(|row| row.text).collect()
    }

    /// Replaces the local row of an address, which gets a new id.
    fn replace_local(&mut self, address: &str, values: &str) -> i64 {
        let sql = format!(
            "INSERT OR REPLACE INTO local_threepid_associations (medium, address, mxid, ts, notBefore, notAfter) \
             VALUES ('email', '{address}', {values}) RETURNING id"
        );
        diesel::sql_query(sql).get_result::<Id>(&mut self.conn).unwrap().id
    }

    fn add_global(&mut self, address: &str, user: &str, at: i64, origin: &str, id: i64) {
        self.run(&format!(
            "INSERT INTO global_threepid_associations (medium, address, mxid, ts, notBefore, notAfter, originServer, \
             originId, sgAssoc) VALUES ('email', '{address}', '{user}', {at}, {at}, {}, '{origin}', {id}, '{{}}')",
            at + VALID
        ));
    }

    /// Binds an address in the given spelling, as releases before 2.4 did.
    pub fn bind(&mut self, address: &str, user: &str, at: i64) {
        let id = self.replace_local(address, &format!("'{user}', {at}, {at}, {}", at + VALID));
        self.add_global(address, user, at, NAME, id);
    }

    /// Unbinds an address.
    pub fn unbind(&mut self, address: &str, at: i64) {
        self.replace_local(address, &format!("NULL, {at}, NULL, NULL"));
        self.run(&format!("DELETE FROM global_threepid_associations WHERE medium = 'email' AND address = '{address}'"));
    }

    /// Receives a binding from a peer.
    pub fn receive(&mut self, address: &str, user: &str, at: i64) {
        self.from_peer += 1;
        self.add_global(address, user, at, "peer.example.net", self.from_peer);
    }

    /// Receives the unbinding of an address from a peer, of which no trace remains.
    pub fn receive_unbind(&mut self, address: &str) {
        self.run(&format!("DELETE FROM global_threepid_associations WHERE medium = 'email' AND address = '{address}'"));
    }
}
