//! Renewing rows: giving their indexes and sealed columns the form of the current master key.
//!
//! Every row says itself which master key it is of: the first byte of a sealed value is the number
//! of its key, and so is that of an index of 17 bytes; one of 16 is of the first key. So nothing
//! else has to be remembered, and renewing can stop anywhere and begin again.

mod exchange;
mod tables;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, HasSqlType, Nullable};

use super::connection::Conn;
use super::error::Error;
use super::meta;
use crate::crypto::vault::{Column, Purpose, Touch, Vault};

pub(super) use exchange::{Exchange, Renewal};
pub use tables::TABLES;

/// The most indexes, and the most sealed columns, of one table.
const MOST: usize = 4;

/// A table whose rows are renewed.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    /// What identifies a row: a number, or bytes that may be an index.
    id: Id,
    indexes: &'static [(&'static str, Purpose)],
    /// The column that owns the sealed ones.
    owner: &'static str,
    sealed: &'static [(&'static str, Column)],
}

#[derive(Clone, Copy, Debug)]
enum Id {
    Number,
    Bytes(&'static str),
}

/// Where renewing a table has come to.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    number: i64,
    bytes: Vec<u8>,
}

/// What renewing a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// How many rows were found that were not renewed.
    pub found: usize,
    /// How many of them have a value that does not open, and is left as it is.
    pub unreadable: usize,
}

/// A row of any table: its indexes and its sealed columns, in the order of [`Table`].
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Binary)]
    bytes: Vec<u8>,
    #[diesel(sql_type = Binary)]
    owner: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    i0: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    i1: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    i2: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    i3: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    s0: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    s1: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    s2: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    s3: Option<Vec<u8>>,
}

/// A number of rows.
#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Table {
    /// Returns the columns that are renewed.
    fn columns(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.indexes.iter().map(|(name, _)| *name).chain(self.sealed.iter().map(|(name, _)| *name))
    }

    fn select(&self) -> String {
        let number = if matches!(self.id, Id::Number) { "id" } else { "CAST(0 AS BIGINT)" };
        let bytes = if let Id::Bytes(column) = self.id { column } else { self.owner };
        let column = |names: Vec<&str>, letter: char| -> String {
            let at = |place: usize| names.get(place).copied().unwrap_or("NULL");
            let one = |place| [", ", at(place), " AS ", &format!("{letter}{place}")].concat();
            (0..MOST).map(one).collect()
        };
        let indexes = column(self.indexes.iter().map(|(name, _)| *name).collect(), 'i');
        let sealed = column(self.sealed.iter().map(|(name, _)| *name).collect(), 's');
        let (owner, table) = (self.owner, self.name);
        format!("SELECT {number} AS number, {bytes} AS bytes, {owner} AS owner{indexes}{sealed} FROM {table}")
    }

    /// The condition that a column is not of the master key whose number is `$1`, as one byte.
    fn is_former(&self) -> String {
        let index = |(name, _): &(&str, _)| {
            format!("{name} IS NOT NULL AND (length({name}) <> 17 OR substr({name}, 1, 1) <> $1)")
        };
        let sealed = |(name, _): &(&str, _)| format!("{name} IS NOT NULL AND substr({name}, 1, 1) <> $1");
        let all: Vec<String> = self.indexes.iter().map(index).chain(self.sealed.iter().map(sealed)).collect();
        format!("({})", all.join(" OR "))
    }

    /// Renews up to `limit` rows after `cursor`, and moves it; nothing is found at the end.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn renew(&self, conn: &mut Conn, vault: &Vault, cursor: &mut Cursor, limit: i64) -> Result<Batch, Error> {
        let generation = vec![vault.generation()];
        let id = if let Id::Bytes(column) = self.id { column } else { "id" };
        // SQLite numbers variables in the order in which they occur.
        let query = format!("{} WHERE {} AND {id} > $2 ORDER BY {id} LIMIT $3", self.select(), self.is_former());
        let query = sql_query(query).bind::<Binary, _>(generation);
        let rows: Vec<Row> = match self.id {
            Id::Number => conn.load_as_is(query.bind::<BigInt, _>(cursor.number).bind::<BigInt, _>(limit)).await?,
            Id::Bytes(_) => {
                conn.load_as_is(query.bind::<Binary, _>(cursor.bytes.clone()).bind::<BigInt, _>(limit)).await?
            }
        };
        let mut batch = Batch { found: rows.len(), unreadable: 0 };
        if let Some(last) = rows.last() {
            *cursor = Cursor { number: last.number, bytes: last.bytes.clone() };
        }
        for row in rows {
            batch.unreadable += usize::from(!self.replace(conn, vault, row).await?);
        }
        Ok(batch)
    }

    /// Renews a row, unless it was changed meanwhile; returns whether all of its values open.
    async fn replace(&self, conn: &mut Conn, vault: &Vault, row: Row) -> Result<bool, Error> {
        let Row { number, bytes, owner, i0, i1, i2, i3, s0, s1, s2, s3 } = row;
        let (indexes, sealed) = ([i0, i1, i2, i3], [s0, s1, s2, s3]);
        let renewed = |((_, purpose), index): (&(_, Purpose), &Option<Vec<u8>>)| {
            index.as_ref().map(|index| vault.renewed(*purpose, index))
        };
        let new: Vec<_> = self.indexes.iter().zip(&indexes).map(renewed).collect();
        let at = self.indexes.iter().position(|(name, _)| *name == self.owner);
        let new_owner = at.and_then(|at| new[at].clone()).unwrap_or_else(|| owner.clone());
        let mut is_readable = true;
        let mut resealed = |((_, column), value): (&(_, Column), &Option<Vec<u8>>)| {
            let value = value.as_ref()?;
            let sealed = vault.resealed(*column, &owner, value, &new_owner);
            is_readable &= sealed.is_ok();
            Some(sealed.unwrap_or_else(|_| value.clone()))
        };
        let values: Vec<_> = self.sealed.iter().zip(&sealed).map(&mut resealed).collect();
        let former = indexes.into_iter().take(self.indexes.len()).chain(sealed.into_iter().take(self.sealed.len()));
        let update = Update {
            table: self,
            number,
            bytes,
            new: new.into_iter().chain(values).collect(),
            former: former.collect(),
        };
        conn.execute_as_is(update).await?;
        Ok(is_readable)
    }
}

/// Returns how many rows are not of the current master key, while it is being exchanged; otherwise
/// nothing.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn rows_left(conn: &mut Conn, vault: &Vault) -> Result<Option<i64>, Error> {
    if meta::get(conn, meta::KEY_EXCHANGE).await?.is_none() {
        return Ok(None);
    }
    let mut left = 0;
    for table in &TABLES {
        let query = format!("SELECT count(*) AS count FROM {} WHERE {}", table.name, table.is_former());
        let query = sql_query(query).bind::<Binary, _>(vec![vault.generation()]);
        left += conn.get(query).await.map(|Count { count }| count)?;
    }
    Ok(Some(left))
}

/// Renews the rows that are found by what was sought.
///
/// # Errors
/// [`Error`] if the database fails.
pub(super) async fn renew_touched(
    conn: &mut Conn,
    vault: &Vault,
    touches: impl Iterator<Item = &Touch>,
) -> Result<(), Error> {
    for Touch { purpose, former } in touches {
        for table in &TABLES {
            for (column, _) in table.indexes.iter().filter(|(_, other)| other == purpose) {
                let query = sql_query(format!("{} WHERE {column} = $1", table.select()));
                let rows: Vec<Row> = conn.load_as_is(query.bind::<Binary, _>(former.clone())).await?;
                for row in rows {
                    table.replace(conn, vault, row).await?;
                }
            }
        }
    }
    Ok(())
}

/// Replaces the columns of one row, unless one of them was changed since it was read.
struct Update<'a> {
    table: &'a Table,
    number: i64,
    bytes: Vec<u8>,
    new: Vec<Option<Vec<u8>>>,
    former: Vec<Option<Vec<u8>>>,
}

impl QueryId for Update<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> QueryFragment<DB> for Update<'_>
where
    DB: Backend + HasSqlType<Binary> + HasSqlType<BigInt>,
    Option<Vec<u8>>: ToSql<Nullable<Binary>, DB>,
    Vec<u8>: ToSql<Binary, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("UPDATE ");
        pass.push_sql(self.table.name);
        for (at, (column, value)) in self.table.columns().zip(&self.new).enumerate() {
            pass.push_sql(if at == 0 { " SET " } else { ", " });
            pass.push_sql(column);
            pass.push_sql(" = ");
            pass.push_bind_param::<Nullable<Binary>, _>(value)?;
        }
        match self.table.id {
            Id::Number => {
                pass.push_sql(" WHERE id = ");
                pass.push_bind_param::<BigInt, _>(&self.number)?;
            }
            Id::Bytes(column) => {
                pass.push_sql(" WHERE ");
                pass.push_sql(column);
                pass.push_sql(" = ");
                pass.push_bind_param::<Binary, _>(&self.bytes)?;
            }
        }
        for (column, value) in self.table.columns().zip(&self.former) {
            pass.push_sql(" AND ");
            pass.push_sql(column);
            pass.push_sql(" IS NOT DISTINCT FROM ");
            pass.push_bind_param::<Nullable<Binary>, _>(value)?;
        }
        Ok(())
    }
}
