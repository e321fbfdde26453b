//! Detecting servers that use the protocol of `PostgreSQL` but are something else, or are older
//! than this program requires.

use tokio_postgres::{Client, Error};

/// The oldest version, as `server_version_num`: it has transaction ids of 64 bits.
const OLDEST: i32 = 130_000;

/// Parts of `version()` that identify other servers which also call themselves PostgreSQL.
const OTHERS: [(&str, &str); 7] = [
    ("CockroachDB", "CockroachDB"),
    ("-YB-", "YugabyteDB"),
    ("YugabyteDB", "YugabyteDB"),
    ("Redshift", "Amazon Redshift"),
    ("Greenplum", "Greenplum"),
    ("Cloudberry", "Apache Cloudberry"),
    ("Materialize", "Materialize"),
];

/// Checks whether Citus has distributed tables of the schema. Its own catalogue is in `pg_catalog`.
const HAS_CITUS: &str = "SELECT to_regclass('pg_dist_partition') IS NOT NULL";
const IS_DISTRIBUTED: &str = "SELECT EXISTS (SELECT FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrel
    WHERE c.relnamespace = current_schema()::regnamespace)";

/// Returns why a server cannot be used, and what to use instead, or `None` if it can.
///
/// # Errors
/// [`Error`] if a query fails.
pub(super) async fn refusal(client: &Client) -> Result<Option<String>, Error> {
    let row = client.query_one("SELECT version(), current_setting('server_version_num')", &[]).await?;
    let (version, number): (String, String) = (row.get(0), row.get(1));
    if let Some(refusal) = unsuitable(&version, number.parse().unwrap_or_default()) {
        return Ok(Some(refusal));
    }
    let has_citus: bool = client.query_one(HAS_CITUS, &[]).await?.get(0);
    if has_citus && client.query_one(IS_DISTRIBUTED, &[]).await?.get(0) {
        let refusal = "Citus has distributed the tables of this schema. Vouch locks addresses and follows transactions on \
                       one server, which does not work across several: use a schema that is not distributed";
        return Ok(Some(refusal.to_owned()));
    }
    Ok(None)
}

fn unsuitable(version: &str, number: i32) -> Option<String> {
    let other = OTHERS.iter().find(|(part, _)| version.contains(part)).map(|(_, name)| *name);
    let is_postgres = version.starts_with("PostgreSQL ");
    match other.or_else(|| (!is_postgres).then(|| version.split_whitespace().next().unwrap_or("unknown"))) {
        Some(name) => Some(format!(
            "the database is {name}, which is not compatible enough: Vouch relies on advisory locks and on the \
             snapshots of PostgreSQL. Use PostgreSQL 13 or later, or SQLite"
        )),
        None if number < OLDEST => {
            let name = version.split(" on ").next().unwrap_or(version);
            Some(format!("{name} is too old: use PostgreSQL 13 or later"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_and_what_is_built_from_it_is_accepted() {
        for (version, number) in [
            ("PostgreSQL 13.0 on x86_64-pc-linux-gnu, compiled by gcc (Debian 8.3.0-6) 8.3.0, 64-bit", 130_000),
            ("PostgreSQL 18.4 (Debian 18.4-1.pgdg12+1) on aarch64-unknown-linux-gnu", 180_004),
            ("PostgreSQL 15.7 (EnterpriseDB Advanced Server 15.7.0) on x86_64-pc-linux-gnu", 150_007),
        ] {
            assert_eq!(unsuitable(version, number), None, "{version}");
        }
    }

    #[test]
    fn others_are_refused_by_name() {
        for (version, name) in [
            ("CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu, built 2024/05/15)", "CockroachDB"),
            ("PostgreSQL 15.12-YB-2025.1.0.0-b0 on x86_64-pc-linux-gnu", "YugabyteDB"),
            ("PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.77467", "Amazon Redshift"),
            ("PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:e7c2b1f) on x86_64", "Greenplum"),
            ("Materialize v26.0.0 (b6e4b3a)", "Materialize"),
            ("SomethingNew 1.0", "SomethingNew"),
        ] {
            let refusal = unsuitable(version, 160_000).unwrap();
            assert!(refusal.starts_with(&format!("the database is {name}, ")), "{refusal}");
        }
        let old = unsuitable("PostgreSQL 12.22 (Debian 12.22-1) on x86_64-pc-linux-gnu", 120_022);
        assert_eq!(old.unwrap(), "PostgreSQL 12.22 (Debian 12.22-1) is too old: use PostgreSQL 13 or later");
        assert!(unsuitable("", 0).is_some());
    }
}
