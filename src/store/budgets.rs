//! The levels of leaky buckets, one row a principal.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::budgets;
use crate::clock::Millis;

/// The level of one bucket, in thousandths, at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredLevel {
    /// Thousandths of a unit.
    pub level: i64,
    /// When the level was so.
    pub leveled_at: Millis,
}

/// The levels of those principals that have one.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn levels(conn: &mut Conn, principals: Vec<Vec<u8>>) -> Result<Vec<(Vec<u8>, StoredLevel)>, Error> {
    let query = budgets::table
        .select((budgets::principal, budgets::level, budgets::leveled_at))
        .filter(budgets::principal.eq_any(principals));
    let rows: Vec<(Vec<u8>, i64, Millis)> = conn.load(query).await?;
    Ok(rows.into_iter().map(|(principal, level, leveled_at)| (principal, StoredLevel { level, leveled_at })).collect())
}

/// Holds a level that many charge at the same time, there or not, until the transaction ends.
///
/// # Errors
/// [`Error`] if the database does not answer.
///
/// # Panics
/// Outside of a transaction.
pub async fn hold(conn: &mut Conn, principal: [u8; 16]) -> Result<(), Error> {
    conn.take_turns(&principal).await
}

/// Replaces a level if it is still `old` (`None`: absent), and returns whether it was. `empty_at` is when the row may be swept.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn replace(
    conn: &mut Conn,
    principal: Vec<u8>,
    old: Option<StoredLevel>,
    new: StoredLevel,
    empty_at: Millis,
) -> Result<bool, Error> {
    let change = (budgets::level.eq(new.level), budgets::leveled_at.eq(new.leveled_at), budgets::empty_at.eq(empty_at));
    let touched = match old {
        None => {
            let row = (budgets::principal.eq(principal), change.0, change.1, change.2);
            conn.execute(diesel::insert_into(budgets::table).values(row).on_conflict_do_nothing()).await?
        }
        Some(old) => {
            let same = budgets::principal.eq(principal);
            let same = same.and(budgets::level.eq(old.level)).and(budgets::leveled_at.eq(old.leveled_at));
            conn.execute(Prepared(diesel::update(budgets::table.filter(same)).set(change))).await?
        }
    };
    Ok(touched == 1)
}

/// Replaces a level if it is still `old`, and returns whether it was; when the row may be swept stays.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn lower(conn: &mut Conn, principal: Vec<u8>, old: StoredLevel, level: i64) -> Result<bool, Error> {
    let same = budgets::principal.eq(principal);
    let same = same.and(budgets::level.eq(old.level)).and(budgets::leveled_at.eq(old.leveled_at));
    let query = diesel::update(budgets::table.filter(same)).set(budgets::level.eq(level));
    Ok(conn.execute(Prepared(query)).await? == 1)
}

/// Removes the levels that were empty before `now`; returns how many.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn sweep(conn: &mut Conn, now: Millis) -> Result<usize, Error> {
    conn.execute(diesel::delete(budgets::table.filter(budgets::empty_at.le(now)))).await
}
