//! Following the bindings table: finding the rows committed since a node last looked.
//!
//! In `PostgreSQL`, ids are assigned in order but committed in any order, however far apart. So a
//! position is a transaction id: every transaction before it had finished when it was taken, and
//! each row has the id of the transaction that inserted it. `SQLite` commits transactions one after
//! the other and never reuses an id, so a position is simply the id of a row.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::connection::{Backend, Conn};
use super::error::Error;
use super::schema::bindings;

/// The point up to which a node has read the table. Positions of one database can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(i64);

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Every transaction before this one has finished.
const OLDEST_UNFINISHED: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS number";
/// The greatest id ever assigned, even if its row is gone.
const LAST_ID: &str = "SELECT seq AS number FROM sqlite_sequence WHERE name = 'bindings'";
const WRITTEN_SINCE: &str = "SELECT id AS number FROM bindings WHERE written_by >= $1";
/// The rows that a statement sees were written by transactions before `xmax`, unless they come from
/// another server because they were restored or replicated logically.
const SETTLE: &str = "UPDATE bindings SET written_by = 0 WHERE id IN (SELECT id FROM bindings
    WHERE written_by >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint LIMIT $1)";

/// Sets each sequence that would assign an id again to the greatest id of its table.
const CATCH_UP: &str = "DO $$ DECLARE of RECORD; BEGIN
    FOR of IN
        SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND a.attidentity <> ''
    LOOP
        EXECUTE format(
            'SELECT setval(%L, last) FROM (SELECT max(%I) AS last FROM %I) AS t, %s AS s
            WHERE last > s.last_value OR last = s.last_value AND NOT s.is_called',
            of.sequence, of.attname, of.relname, of.sequence
        );
    END LOOP;
END $$";

/// Returns the current position. Rows that are committed later are found [since] it.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn position(conn: &mut Conn) -> Result<Position, Error> {
    if let Backend::Postgres(_) = conn.backend {
        return Ok(Position(conn.get::<Number>(sql_query(OLDEST_UNFINISHED)).await?.number));
    }
    let last: Option<Number> = conn.first(sql_query(LAST_ID)).await?;
    Ok(Position(last.map_or(0, |last| last.number)))
}

/// Returns the ids of the rows committed since a position was taken, and perhaps of some that were
/// committed shortly before.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn since(conn: &mut Conn, Position(position): Position) -> Result<Vec<i64>, Error> {
    if let Backend::Postgres(_) = conn.backend {
        let rows: Vec<Number> = conn.load(sql_query(WRITTEN_SINCE).bind::<BigInt, _>(position)).await?;
        return Ok(rows.into_iter().map(|row| row.number).collect());
    }
    conn.load(bindings::table.select(bindings::id).filter(bindings::id.gt(position))).await
}

/// Marks up to `limit` rows as old whose transaction ids are from another server and have not been
/// reached here yet; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn settle(conn: &mut Conn, limit: i64) -> Result<usize, Error> {
    match conn.backend {
        Backend::Postgres(_) => conn.execute(sql_query(SETTLE).bind::<BigInt, _>(limit)).await,
        Backend::Sqlite(_) => Ok(0),
    }
}

/// Advances sequences that are behind the ids in their table: logical replication copies the rows
/// of a database but not its sequences, so ids would be assigned again.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn catch_up_sequences(conn: &mut Conn) -> Result<(), Error> {
    match conn.backend {
        Backend::Postgres(_) => conn.execute(sql_query(CATCH_UP)).await.map(drop),
        Backend::Sqlite(_) => Ok(()),
    }
}
