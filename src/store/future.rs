//! Correcting rows that a wrong clock has dated in the future.

use diesel::sql_query;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use crate::clock::{APART, DAY, Millis};

/// The number of rows that are changed at once.
const BATCH: usize = 1_000;

/// The longest validity that an operator can give to the public keys of imported invitations.
const LONGEST_VALID_KEY: Millis = 36_500 * DAY;

/// The correction of a time that cannot be right.
#[derive(Clone, Copy, Debug)]
pub enum Remedy {
    /// It becomes now.
    Now,
    /// It becomes this much earlier than now, so that a time in the future proves nothing.
    Ago(Millis),
    /// It becomes this much later than now, if it is later than that.
    Within(Millis),
    /// Its row is deleted.
    Delete,
    /// Its row is deleted, if it is in microseconds and later than this.
    DeleteBeyond(Millis),
}

impl Remedy {
    /// Returns whether it loses data.
    #[must_use]
    pub const fn destroys(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteBeyond(_))
    }
}

/// The longest times after which things can end.
#[derive(Clone, Copy, Debug)]
pub struct Longest {
    /// A validation session, after its last change.
    pub session: Millis,
    /// A pause between two attempts of a delivery.
    pub pause: Millis,
    /// The time for which a pepper is accepted.
    pub pepper: Millis,
    /// The wait before a requested erasure.
    pub erasure: Millis,
    /// The time for which an OpenID token is remembered.
    pub openid: Millis,
    /// The lease of a piece of background work.
    pub lease: Millis,
    /// The time that a bucket takes to drain, or its use to be forgotten.
    pub drain: Millis,
}

/// Returns every column that contains a time, with its table and its remedy.
#[must_use]
pub fn remedies(longest: Longest) -> Vec<(&'static str, &'static str, Remedy)> {
    vec![
        ("accounts", "created_at", Remedy::Now),
        ("accounts", "unbound_at", Remedy::Now),
        ("accounts", "shut_out_at", Remedy::Now),
        ("tokens", "created_at", Remedy::Ago(DAY)),
        ("tokens", "used_at", Remedy::Now),
        ("tokens", "proof_at", Remedy::Ago(DAY)),
        ("tokens", "confirmed_at", Remedy::Ago(DAY)),
        ("consents", "accepted_at", Remedy::Now),
        ("consents", "withdrawn_at", Remedy::Now),
        ("consents", "account_gone_at", Remedy::Now),
        ("sessions", "sending_until", Remedy::Now),
        ("sessions", "modified_at", Remedy::Ago(longest.session)),
        ("sessions", "validated_at", Remedy::Now),
        ("sessions", "code_since", Remedy::Ago(longest.session)),
        ("bindings", "bound_at", Remedy::Now),
        ("invites", "created_at", Remedy::Now),
        ("ephemeral_keys", "valid_until", Remedy::Within(LONGEST_VALID_KEY)),
        ("outbox", "next_at", Remedy::Within(longest.pause)),
        ("outbox", "held_until", Remedy::Now),
        ("outbox", "created_at", Remedy::Now),
        ("unbind_signatures", "seen_at", Remedy::Now),
        ("visits", "proved_at", Remedy::Ago(DAY)),
        ("visits", "proof_at", Remedy::Ago(DAY)),
        ("visits", "confirmed_at", Remedy::Ago(DAY)),
        // The links that stop an erasure contain these times: its user can request it again.
        ("erasures", "requested_at", Remedy::Delete),
        ("erasures", "due_at", Remedy::Within(longest.erasure)),
        ("openid_tokens", "forget_at", Remedy::Within(longest.openid)),
        ("objections", "objected_at", Remedy::Now),
        ("recent_lookups", "expires_at", Remedy::Within(longest.pepper)),
        ("rate_limits", "empty_at", Remedy::DeleteBeyond(longest.drain)),
        ("rate_limits", "forgotten_at", Remedy::DeleteBeyond(longest.drain)),
        ("homeservers", "first_seen_at", Remedy::Now),
        ("homeservers", "last_seen_at", Remedy::Now),
        ("imported", "at", Remedy::Now),
        ("leases", "held_until", Remedy::Within(longest.lease)),
        ("nodes", "started_at", Remedy::Now),
        ("nodes", "seen_at", Remedy::Now),
    ]
}

/// Applies a remedy to some of the times that are later than `now` by more than the difference
/// between nodes' clocks; returns to how many. Repeat it until there are none.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn put_right(
    conn: &mut Conn,
    table: &str,
    column: &str,
    remedy: Remedy,
    now: Millis,
) -> Result<usize, Error> {
    let (change, latest) = match remedy {
        Remedy::Now => (Some(now), now.saturating_add(APART)),
        Remedy::Ago(span) => (Some(now.saturating_sub(span)), now.saturating_add(APART)),
        Remedy::Within(longest) => {
            (Some(now.saturating_add(longest)), now.saturating_add(longest).saturating_add(APART))
        }
        Remedy::Delete => (None, now.saturating_add(APART)),
        Remedy::DeleteBeyond(longest) => (None, now.saturating_add(longest).saturating_mul(1000)),
    };
    let key = key(table);
    let change = change.map_or(format!("DELETE FROM {table}"), |to| format!("UPDATE {table} SET {column} = {to}"));
    let late = format!("{column} > {latest}");
    let some = format!("SELECT {key} FROM {table} WHERE {late} LIMIT {BATCH}");
    conn.execute(Prepared(sql_query(format!("{change} WHERE ({key}) IN ({some}) AND {late}")))).await
}

/// Returns the column that identifies a row of a table.
fn key(table: &str) -> &'static str {
    match table {
        "tokens" | "visits" | "openid_tokens" => "token_hash",
        "ephemeral_keys" => "key_index",
        "unbind_signatures" => "signature_hash",
        "erasures" => "user_index",
        "objections" => "address_index",
        "recent_lookups" => "token_index, epoch",
        "rate_limits" => "key",
        "homeservers" => "domain_index",
        "imported" => "kind, item",
        "leases" => "name",
        _ => "id",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::{Database, DatabaseUrl};
    use crate::metrics::Metrics;
    use crate::store::Store;

    #[derive(diesel::QueryableByName)]
    struct Column {
        #[diesel(sql_type = diesel::sql_types::Text)]
        table: String,
        #[diesel(sql_type = diesel::sql_types::Text)]
        column: String,
    }

    #[tokio::test]
    async fn there_is_a_remedy_for_every_time_that_is_stored() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("vouch.db"));
        let store = Store::connect(&Database { url, pool_size: 1, ca_file: None }, &Metrics::default()).await.unwrap();
        store.migrate().await.unwrap();
        let sql = "SELECT m.name AS \"table\", c.name AS \"column\" FROM sqlite_master m, pragma_table_info(m.name) c
            WHERE m.type = 'table' AND (c.name LIKE '%\\_at' ESCAPE '\\' OR c.name LIKE '%\\_until' ESCAPE '\\'
            OR c.name LIKE '%\\_since' ESCAPE '\\' OR c.name = 'at')";
        let columns: Vec<Column> = store.read().await.unwrap().load(sql_query(sql)).await.unwrap();
        let stored: BTreeSet<_> = columns.iter().map(|one| (one.table.as_str(), one.column.as_str())).collect();
        let remedies = remedies(Longest { session: 0, pause: 0, pepper: 0, erasure: 0, openid: 0, lease: 0, drain: 0 });
        let covered: BTreeSet<_> = remedies.iter().map(|(table, column, _)| (*table, *column)).collect();
        assert_eq!(stored, covered);
        for (table, column, remedy) in remedies {
            let done = store.write_one(async move |conn| put_right(conn, table, column, remedy, 0).await).await;
            assert_eq!(done.map_err(|error: Error| error.to_string()), Ok(0), "{table}.{column}");
        }
    }
}
