//! Putting right what a wrong clock has dated in the future.

use diesel::sql_query;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use crate::clock::{DAY, MINUTE, Millis};

/// What is done with a time that cannot be right.
#[derive(Clone, Copy, Debug)]
pub enum Remedy {
    /// It becomes now.
    Now,
    /// It becomes yesterday: a proof is not recent.
    Yesterday,
    /// It may be this much later than now, and becomes that.
    Within(Millis),
    /// Its row is deleted.
    Delete,
    /// Its row is deleted, if it is in microseconds and later than this.
    DeleteBeyond(Millis),
}

/// How long what ends in the future may last.
#[derive(Clone, Copy, Debug)]
pub struct Longest {
    /// The validity of an invitation's public key.
    pub key: Millis,
    /// A pause between two attempts of a delivery.
    pub pause: Millis,
    /// How long a pepper is accepted.
    pub pepper: Millis,
    /// The wait before a requested erasure.
    pub erasure: Millis,
    /// How long an OpenID token is remembered.
    pub openid: Millis,
    /// How long a bucket takes to drain, or its use to be forgotten.
    pub drain: Millis,
}

/// Returns every column that contains a time, with its table and what is done with it.
#[must_use]
pub fn remedies(longest: Longest) -> Vec<(&'static str, &'static str, Remedy)> {
    vec![
        ("accounts", "created_at", Remedy::Now),
        ("tokens", "created_at", Remedy::Yesterday),
        ("tokens", "used_at", Remedy::Now),
        ("tokens", "proof_at", Remedy::Yesterday),
        ("tokens", "confirmed_at", Remedy::Yesterday),
        ("consents", "accepted_at", Remedy::Now),
        ("consents", "withdrawn_at", Remedy::Now),
        ("consents", "account_gone_at", Remedy::Now),
        ("sessions", "sending_until", Remedy::Now),
        ("sessions", "modified_at", Remedy::Now),
        ("sessions", "validated_at", Remedy::Now),
        ("sessions", "code_since", Remedy::Now),
        ("bindings", "bound_at", Remedy::Now),
        ("invites", "created_at", Remedy::Now),
        ("ephemeral_keys", "valid_until", Remedy::Within(longest.key)),
        ("outbox", "next_at", Remedy::Within(longest.pause)),
        ("outbox", "held_until", Remedy::Now),
        ("outbox", "created_at", Remedy::Now),
        ("unbind_signatures", "seen_at", Remedy::Now),
        ("visits", "proved_at", Remedy::Delete),
        ("visits", "proof_at", Remedy::Delete),
        ("visits", "confirmed_at", Remedy::Delete),
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
        ("leases", "held_until", Remedy::Delete),
    ]
}

/// Applies a remedy to the times that are later than `now`, by more than nodes' clocks differ;
/// returns how many rows were changed.
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
    let update = |to: Millis, beyond: Millis| {
        format!("UPDATE {table} SET {column} = {to} WHERE {column} > {}", beyond.saturating_add(MINUTE))
    };
    let delete = |beyond: i64| format!("DELETE FROM {table} WHERE {column} > {beyond}");
    let sql = match remedy {
        Remedy::Now => update(now, now),
        Remedy::Yesterday => update(now - DAY, now),
        Remedy::Within(longest) => update(now.saturating_add(longest), now.saturating_add(longest)),
        Remedy::Delete => delete(now + MINUTE),
        Remedy::DeleteBeyond(longest) => delete(now.saturating_add(longest).saturating_mul(1000)),
    };
    conn.execute(Prepared(sql_query(sql))).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::{Database, DatabaseUrl};
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
        let store = Store::connect(&Database { url, pool_size: 1, ca_file: None }).await.unwrap();
        store.migrate().await.unwrap();
        let sql = "SELECT m.name AS \"table\", c.name AS \"column\" FROM sqlite_master m, pragma_table_info(m.name) c
            WHERE m.type = 'table' AND (c.name LIKE '%\\_at' ESCAPE '\\' OR c.name LIKE '%\\_until' ESCAPE '\\'
            OR c.name LIKE '%\\_since' ESCAPE '\\' OR c.name = 'at')";
        let columns: Vec<Column> = store.read().await.unwrap().load(sql_query(sql)).await.unwrap();
        let stored: BTreeSet<_> = columns.iter().map(|one| (one.table.as_str(), one.column.as_str())).collect();
        let remedies = remedies(Longest { key: 0, pause: 0, pepper: 0, erasure: 0, openid: 0, drain: 0 });
        let covered: BTreeSet<_> = remedies.iter().map(|(table, column, _)| (*table, *column)).collect();
        assert_eq!(stored, covered);
    }
}
