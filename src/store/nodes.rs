//! The running nodes, and when they were last seen.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::schema::nodes;
use crate::clock::Millis;

/// A node.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = nodes)]
pub struct Node {
    /// Random.
    pub id: Vec<u8>,
    /// The version of its program.
    pub version: String,
    /// The time when it started.
    pub started_at: Millis,
    /// The time when it last reported that it is running.
    pub seen_at: Millis,
    /// The public halves of the signing keys that it knows, in unpadded base64, separated by
    /// spaces.
    pub signing_keys: String,
}

/// Records that a node is running.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn note(conn: &mut Conn, node: Node) -> Result<(), Error> {
    let seen_at = node.seen_at;
    let upsert = diesel::insert_into(nodes::table).values(node).on_conflict(nodes::id).do_update();
    conn.execute(upsert.set(nodes::seen_at.eq(seen_at))).await.map(drop)
}

/// Removes a node that is stopping.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove(conn: &mut Conn, id: Vec<u8>) -> Result<(), Error> {
    conn.execute(diesel::delete(nodes::table.filter(nodes::id.eq(id)))).await.map(drop)
}

/// Removes the nodes that were last seen before `until`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, until: Millis) -> Result<(), Error> {
    conn.execute(diesel::delete(nodes::table.filter(nodes::seen_at.lt(until)))).await.map(drop)
}

/// Returns the nodes in the order in which they started.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn all(conn: &mut Conn) -> Result<Vec<Node>, Error> {
    conn.load(nodes::table.order((nodes::started_at, nodes::id))).await
}
