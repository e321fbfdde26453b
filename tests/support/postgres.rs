//! PostgreSQL for tests: a place of its own for each test in the run's cluster, and whole clusters for tests that break them.

use std::path::Path;
use std::process::Command;
use std::thread;

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use url::Url;

/// The variable with the URL of the run's cluster; `scripts/test` sets it.
const VARIABLE: &str = "VOUCH_TEST_POSTGRES";

/// An empty place for one test, gone when dropped.
///
/// It is a schema, not a database: that takes half a millisecond in place of 26 (measured with PostgreSQL 15, to create and to drop), and tests
/// in other processes do not wait for it. What belongs to a whole database is shared with the tests that run at the same time: advisory locks,
/// notifications, `pg_stat_activity`. A test that minds starts a [`Cluster`].
pub struct Database {
    url: Url,
    schema: String,
}

impl Database {
    /// A place in the cluster of this run.
    ///
    /// # Panics
    ///
    /// If `VOUCH_TEST_POSTGRES` is not set, or does not lead to a running cluster.
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

    /// The URL for a server: whatever connects with it sees and makes tables in this place alone.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The schema's name.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// A connection to look at what a server has stored.
    pub async fn connect(&self) -> Client {
        connect(&self.url).await.expect("the cluster runs")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that is being killed may hold a lock for a moment; what cannot be dropped goes with the cluster.
        let _ = execute(&self.url, format!("SET lock_timeout = '5s'; DROP SCHEMA {} CASCADE", self.schema));
    }
}

/// A cluster for one test alone, to be stopped and started at will; gone when dropped. It takes a second to make.
pub struct Cluster {
    directory: TempDir,
    url: String,
}

impl Cluster {
    /// Starts a new cluster.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a new cluster with settings of its own, each `name=value`.
    pub fn start_with(settings: &[&str]) -> Self {
        let directory = TempDir::new().expect("there is a directory for temporary files");
        let url = script("start", directory.path(), settings);
        Self { directory, url }
    }

    /// The URL of its one database, the same after each start.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its files.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Stops it as a crash would: connections break, what was committed stays.
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

/// Runs `scripts/postgres` and gives what it printed.
fn script(verb: &str, directory: &Path, settings: &[&str]) -> String {
    let settings = settings.iter().flat_map(|setting| ["-c", setting]);
    let output = command(verb, directory).args(settings).output().expect("bash is installed");
    assert!(output.status.success(), "scripts/postgres {verb}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

async fn connect(url: &Url) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url.as_str(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Executes `sql` on a thread of its own, so that tests of any runtime, and of none, may wait for it.
fn execute(url: &Url, sql: String) -> Result<(), tokio_postgres::Error> {
    let url = url.clone();
    let work = thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        runtime.block_on(async { connect(&url).await?.batch_execute(&sql).await })
    });
    work.join().expect("nothing above panics but for want of memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_places_do_not_see_each_other() {
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
    async fn a_dropped_place_leaves_nothing() {
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
    async fn a_cluster_comes_back_with_what_was_committed() {
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
