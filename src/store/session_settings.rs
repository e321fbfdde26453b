//! The settings of each session with `PostgreSQL`.

/// The server's limits clean up after clients that were cut off; the client's own limits are
/// shorter or the same. `transaction_timeout` exists since `PostgreSQL` 17.
const LIMITS: &str = "SET statement_timeout = '5s'; SET lock_timeout = '4s';
    SET idle_in_transaction_session_timeout = '10s';
    SELECT set_config('transaction_timeout', '10s', false) WHERE current_setting('transaction_timeout', true) <> ''";

/// No limits, for work that takes as long as it takes.
pub(super) const NO_LIMITS: &str = "SET statement_timeout = 0; SET lock_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    SELECT set_config('transaction_timeout', '0', false) WHERE current_setting('transaction_timeout', true) <> ''";

/// Messages in English, if the role may choose that; see [`super::error::Error`] for their use.
const ENGLISH: &str =
    "SELECT set_config('lc_messages', 'C', false) WHERE has_parameter_privilege('lc_messages', 'SET')";
/// The same before `PostgreSQL` 15, where only superusers may.
const ENGLISH_BEFORE_15: &str =
    "SELECT set_config('lc_messages', 'C', false) WHERE current_setting('is_superuser') = 'on'";

/// For data whose loss in a power cut does no harm.
pub(super) const RELAXED: &str = "SET synchronous_commit = off";

/// Returns the statements for a server of this version, such as `17.2 (Debian)` or `18beta1`,
/// followed by others.
pub(super) fn statements(version: &str, others: &str) -> String {
    let major = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|major| major.parse().ok());
    let english = if major.is_some_and(|major: u32| major >= 15) { ENGLISH } else { ENGLISH_BEFORE_15 };
    [LIMITS, english, others].join("; ")
}

#[cfg(test)]
mod tests {
    use vouch_test_support::postgres::Database;

    use super::*;

    /// A client's language that is always known to the system, and is not `C`.
    const OTHER: &str = "SET lc_messages = 'POSIX'";
    const LANGUAGE: &str = "SHOW lc_messages";

    #[tokio::test]
    async fn every_version_understands_them() {
        let database = tokio::task::spawn_blocking(Database::create).await.unwrap();
        let client = database.connect().await;
        for version in ["13.4", "14.9 (Debian 14.9-1)", "", "strange"] {
            client.batch_execute(OTHER).await.unwrap();
            client.batch_execute(&statements(version, RELAXED)).await.unwrap();
            assert_eq!(client.query_one(LANGUAGE, &[]).await.unwrap().get::<_, &str>(0), "C", "{version}");
        }
        let limit = client.query_one("SHOW lock_timeout", &[]).await.unwrap();
        assert_eq!(limit.get::<_, &str>(0), "4s");
        client.batch_execute(NO_LIMITS).await.unwrap();
        let limit = client.query_one("SHOW lock_timeout", &[]).await.unwrap();
        assert_eq!(limit.get::<_, &str>(0), "0");
    }

    #[tokio::test]
    async fn the_language_stays_unless_the_role_may_choose_it() {
        let database = tokio::task::spawn_blocking(Database::create).await.unwrap();
        let client = database.connect().await;
        let version = client.query_one("SHOW server_version", &[]).await.unwrap().get::<_, String>(0);
        let role = format!("role_{}", database.schema());
        client.batch_execute(&format!("CREATE ROLE {role}; {OTHER}; SET ROLE {role}")).await.unwrap();
        client.batch_execute(&statements(&version, "")).await.unwrap();
        assert_eq!(client.query_one(LANGUAGE, &[]).await.unwrap().get::<_, &str>(0), "POSIX");

        // Earlier versions have no such right.
        if client.batch_execute(&format!("RESET ROLE; GRANT SET ON PARAMETER lc_messages TO {role}")).await.is_ok() {
            client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
            client.batch_execute(&statements(&version, "")).await.unwrap();
            assert_eq!(client.query_one(LANGUAGE, &[]).await.unwrap().get::<_, &str>(0), "C");
        }
        client.batch_execute(&format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
    }
}
