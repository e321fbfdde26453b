//! PostgreSQL for tests: a schema for each test in a shared cluster, and whole clusters for tests
//! that break them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::thread;

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use url::Url;

/// The variable with the URL of the shared cluster, which `scripts/test` sets.
const VARIABLE: &str = "VOUCH_TEST_POSTGRES";

/// An empty schema for one test, removed when dropped.
///
/// A schema takes half a millisecond to create and drop, a database 26 (measured with PostgreSQL
/// 15), and does not block tests in other processes. Tests that run at the same time share what
/// belongs to the database: advisory locks, notifications and `pg_stat_activity`. A test that
/// cannot share them starts a [`Cluster`].
pub struct Database {
    url: Url,
    schema: String,
}

impl Database {
    /// Creates a schema in the shared cluster.
    ///
    /// # Panics
    ///
    /// If `VOUCH_TEST_POSTGRES` is not set to the URL of a running cluster.
    pub fn create() -> Self {
        let url = std::env::var(VARIABLE).unwrap_or_else(|_| {
            panic!("no PostgreSQL to test on: run scripts/test, or set {VARIABLE} (see scripts/postgres)")
        });
        let mut url: Url = url.parse().unwrap_or_else(|error| panic!("{VARIABLE}: {error}"));
        let schema = format!("test_{:032x}", rand::random::<u128>());
        execute(&url, format!("CREATE SCHEMA {schema}"))
            .unwrap_or_else(|error| panic!("the cluster that {VARIABLE} names cannot be used: {error}"));
        url.query_pairs_mut().append_pair("options", &format!("-csearch_path={schema}"));
        Self { url, schema }
    }

    /// Returns a URL under which only this schema is visible.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the name of the schema.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Connects, to inspect what a server has stored.
    pub async fn connect(&self) -> Client {
        connect(&self.url).await.expect("the cluster runs")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A dying server may briefly hold a lock. What cannot be dropped is removed with the
        // cluster.
        let _ = execute(&self.url, format!("SET lock_timeout = '5s'; DROP SCHEMA {} CASCADE", self.schema));
    }
}

/// A cluster for one test, which can be stopped and started, and is removed when dropped. Creating
/// it takes a second.
pub struct Cluster {
    directory: TempDir,
    url: String,
}

impl Cluster {
    /// Starts a new cluster.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a new cluster with additional settings, each `name=value`.
    pub fn start_with(settings: &[&str]) -> Self {
        let directory = TempDir::new().expect("there is a temporary directory");
        let settings: Vec<_> = settings.iter().flat_map(|setting| ["-c", setting]).map(OsStr::new).collect();
        let url = script("start", directory.path(), &settings);
        Self { directory, url }
    }

    /// Starts a standby that follows this one.
    #[must_use]
    pub fn standby(&self) -> Self {
        let directory = TempDir::new().expect("there is a temporary directory");
        let url = script("follow", directory.path(), &[self.path().as_os_str()]);
        Self { directory, url }
    }

    /// Throws away its data, and makes it a standby of another one, on the same port.
    pub fn follow(&self, primary: &Self) {
        script("follow", self.path(), &[primary.path().as_os_str()]);
    }

    /// Makes a standby accept writes.
    pub fn promote(&self) {
        script("promote", self.path(), &[]);
    }

    /// Returns the URL of its only database, which does not change.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns its data directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Stops it like a crash: connections break, committed data survives.
    pub fn stop(&self) {
        script("stop", self.path(), &[]);
    }

    /// Starts it again, on the same port.
    pub fn start_again(&self) {
        script("start", self.path(), &[]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = command("stop", self.path()).output();
    }
}

fn command(verb: &str, directory: &Path) -> Command {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres"));
    command.arg(verb).arg(directory);
    command
}

/// Runs `scripts/postgres` and returns its output.
fn script(verb: &str, directory: &Path, further: &[&OsStr]) -> String {
    let output = command(verb, directory).args(further).output().expect("bash is installed");
    assert!(output.status.success(), "scripts/postgres {verb}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

async fn connect(url: &Url) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url.as_str(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Executes `sql` on a new thread, so that it works with and without a runtime.
fn execute(url: &Url, sql: String) -> Result<(), tokio_postgres::Error> {
    let url = url.clone();
    let work = thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
        runtime.block_on(async { connect(&url).await?.batch_execute(&sql).await })
    });
    work.join().expect("the thread does not panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn schemas_are_separate() {
        let (one, other) = (Database::create(), Database::create());
        one.connect()
            .await
            .batch_execute("CREATE TABLE things (id BIGINT); INSERT INTO things VALUES (1)")
            .await
            .unwrap();
        assert!(other.connect().await.query("SELECT id FROM things", &[]).await.is_err());
        let rows = one.connect().await.query("SELECT id FROM things", &[]).await.unwrap();
        assert_eq!(rows.len(), 1);
    }

    #[tokio::test]
    async fn a_dropped_schema_leaves_nothing_behind() {
        let witness = Database::create();
        let gone = {
            let database = Database::create();
            database.connect().await.batch_execute("CREATE TABLE things (id BIGINT)").await.unwrap();
            database.schema().to_owned()
        };
        let sql = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
        assert!(witness.connect().await.query_opt(sql, &[&gone]).await.unwrap().is_none());
        assert!(witness.connect().await.query_opt(sql, &[&witness.schema()]).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_restarted_cluster_has_what_was_committed() {
        let cluster = Cluster::start();
        let url: Url = cluster.url().parse().unwrap();
        let client = connect(&url).await.unwrap();
        client.batch_execute("CREATE TABLE things (id BIGINT); INSERT INTO things VALUES (1)").await.unwrap();
        cluster.stop();
        assert!(client.query("SELECT id FROM things", &[]).await.is_err());
        assert!(connect(&url).await.is_err());
        cluster.start_again();
        let rows = connect(&url).await.unwrap().query("SELECT id FROM things", &[]).await.unwrap();
        assert_eq!(rows.len(), 1);
    }
}
