//! Schema migrations, run at startup.

use diesel::connection::SimpleConnection;
use diesel_async::AsyncMigrationHarness;
use diesel_async::SimpleAsyncConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::postgres::Postgres;
use super::sqlite::Sqlite;

const FOR_POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const FOR_SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// The number of the advisory lock; arbitrary.
const LOCK: i64 = 0x766f_7563_6830_3031;

/// Runs on a thread with its own runtime, because diesel's harness blocks.
pub(super) async fn run_on_postgres(postgres: &Postgres) -> Result<(), String> {
    let postgres = postgres.clone();
    let thread = std::thread::spawn(move || -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(async {
            let mut conn = postgres.establish().await?;
            // The lock is released when the connection closes. Another node's migration may take
            // any time.
            let lock = format!(
                "SET statement_timeout = 0; SET lock_timeout = 0;
                SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout';
                SELECT pg_advisory_lock({LOCK})"
            );
            conn.batch_execute(&lock).await.map_err(|error| error.to_string())?;
            let mut harness = AsyncMigrationHarness::new(conn);
            harness.run_pending_migrations(FOR_POSTGRES).map(drop).map_err(|error| error.to_string())
        })
    });
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    joined.map_err(|error| error.to_string())?.map_err(|_| "the migration panicked".to_owned())?
}

/// Runs all migrations in one write transaction.
pub(super) async fn run_on_sqlite(sqlite: &Sqlite) -> Result<(), String> {
    let mut writer = sqlite.writer().await.map_err(|error| error.to_string())?;
    let conn = writer.connection();
    conn.batch_execute("PRAGMA busy_timeout = 60000").map_err(|error| error.to_string())?;
    let done =
        conn.immediate_transaction(|conn| conn.run_pending_migrations(FOR_SQLITE).map(drop).map_err(Problem::from));
    conn.batch_execute("PRAGMA busy_timeout = 5000").map_err(|error| error.to_string())?;
    done.map_err(|problem| problem.0)
}

/// The message of a migration's error.
struct Problem(String);

impl From<Box<dyn std::error::Error + Send + Sync>> for Problem {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self(error.to_string())
    }
}

impl From<diesel::result::Error> for Problem {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.to_string())
    }
}
