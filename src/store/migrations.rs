//! Schema migrations, run at startup.

use std::collections::BTreeSet;

use diesel::QueryableByName;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel_async::AsyncMigrationHarness;
use diesel_async::SimpleAsyncConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{Backend, Conn};
use super::error::Error;
use super::postgres::Postgres;
use super::session_settings::NO_LIMITS;
use super::sqlite::Sqlite;

const FOR_POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
pub(super) const FOR_SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// The difference between a database's schema and the one that this program was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// None.
    Current,
    /// This many migrations are missing.
    Older(usize),
    /// It has this many migrations that this program does not know.
    Newer(usize),
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Compares the schema with the migrations.
pub(super) async fn compare(conn: &mut Conn) -> Result<Schema, Error> {
    let table = "SELECT version FROM __diesel_schema_migrations";
    let applied: Vec<Applied> = conn.load(diesel::sql_query(table)).await?;
    let applied: BTreeSet<String> = applied.into_iter().map(|row| row.version).collect();
    let known = match &conn.backend {
        Backend::Postgres(_) => versions::<Pg>(&FOR_POSTGRES),
        Backend::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&FOR_SQLITE),
    };
    Ok(match (applied.difference(&known).count(), known.difference(&applied).count()) {
        (0, 0) => Schema::Current,
        (0, missing) => Schema::Older(missing),
        (unknown, _) => Schema::Newer(unknown),
    })
}

pub(super) fn versions<DB: diesel::backend::Backend>(migrations: &EmbeddedMigrations) -> BTreeSet<String>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    // They were compiled in, so they can be read.
    let all = MigrationSource::<DB>::migrations(migrations).unwrap_or_default();
    all.iter().map(|migration| migration.name().version().to_string()).collect()
}

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
            // any amount of time.
            let lock = format!("{NO_LIMITS}; SELECT pg_advisory_lock({LOCK})");
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
