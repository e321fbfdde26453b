//! The amount of stored data, for the operator's monitoring.

use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::connection::Conn;
use super::error::Error;
use super::schema::{leases, outbox, rate_limits, tokens, visits};
use crate::clock::Millis;

/// The parameters of the count.
pub struct Wanted {
    /// The time.
    pub now: Millis,
    /// Tokens last used before this have expired.
    pub tokens_since: Millis,
    /// Web sessions that began before this have ended.
    pub visits_since: Millis,
    /// The keys of the rate limits whose levels are read.
    pub limits: Vec<Vec<u8>>,
}

/// The amount of stored data.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// For each kind of delivery: its name, their number, and the time when the oldest was queued.
    pub outbox: Vec<(String, i64, Millis)>,
    /// The number of deliveries in progress.
    pub under_way: i64,
    /// Access tokens that have not expired.
    pub tokens: i64,
    /// Web sessions that have not ended.
    pub visits: i64,
    /// The leases, and the times until which they are held.
    pub leases: Vec<(String, Millis)>,
    /// The kinds of the requested limits that are not empty, and the times when they will be, in
    /// microseconds.
    pub levels: Vec<(String, i64)>,
}

/// A part of the census, a name, a number, and a time if there is one.
type Row = (i64, String, i64, Option<Millis>);

/// Counts everything in one statement.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn take(conn: &mut Conn, wanted: Wanted) -> Result<Census, Error> {
    let Wanted { now, tokens_since, visits_since, limits } = wanted;
    let part = |part: i64| part.into_sql::<BigInt>();
    let no_name = || "".into_sql::<Text>();
    let no_time = || None::<i64>.into_sql::<Nullable<BigInt>>();
    let queued =
        outbox::table.group_by(outbox::kind).select((part(0), outbox::kind, count_star(), min(outbox::created_at)));
    let under_way =
        outbox::table.filter(outbox::held_until.gt(now)).select((part(1), no_name(), count_star(), no_time()));
    let alive =
        tokens::table.filter(tokens::used_at.gt(tokens_since)).select((part(2), no_name(), count_star(), no_time()));
    let sessions =
        visits::table.filter(visits::proved_at.gt(visits_since)).select((part(3), no_name(), count_star(), no_time()));
    let held = leases::table.select((part(4), leases::name, leases::held_until, no_time()));
    let levels = rate_limits::table.filter(rate_limits::key.eq_any(limits)).select((
        part(5),
        rate_limits::kind,
        rate_limits::empty_at,
        no_time(),
    ));
    let query = queued.union_all(under_way).union_all(alive).union_all(sessions).union_all(held).union_all(levels);
    let mut census = Census::default();
    for (part, name, number, time) in conn.load::<Row>(query).await? {
        match part {
            0 => census.outbox.push((name, number, time.unwrap_or(now))),
            1 => census.under_way = number,
            2 => census.tokens = number,
            3 => census.visits = number,
            4 => census.leases.push((name, number)),
            _ => census.levels.push((name, number)),
        }
    }
    Ok(census)
}
