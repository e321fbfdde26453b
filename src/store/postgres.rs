//! `PostgreSQL`: a pool for transactions, and a connection for each thread that its short reads are pipelined on.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::Error;
use crate::crypto::trust;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a statement may take before the database counts as away: a machine that is suspended or cut off says so to nobody.
pub(super) const ANSWER: Duration = Duration::from_secs(4);
/// How long to wait for a pooled connection.
const CHECK_OUT: Duration = Duration::from_secs(3);
/// After a failure to connect, how long others are told so without trying.
const GIVE_IT_REST: Duration = Duration::from_millis(300);
/// No statement of ours takes longer, unless the database is in trouble; and the follower relies on transactions being short.
const SESSION: &str =
    "SET statement_timeout = '10s'; SET lock_timeout = '4s'; SET idle_in_transaction_session_timeout = '10s'";
/// The same, for what need not be on the disk when it is acknowledged.
const RELAXED_SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '4s'; SET synchronous_commit = off";

/// Shared connections at most; only those are made that are used.
const SHARED: usize = 16;

static NEXT_SLOT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which of the shared connections this thread uses.
    static SLOT: usize = NEXT_SLOT.fetch_add(1, Ordering::Relaxed) % SHARED;
}

/// The cluster.
#[derive(Clone)]
pub(super) struct Postgres {
    connector: Arc<Connector>,
    pool: Pool<AsyncPgConnection>,
    shared: Arc<[Holder; SHARED]>,
    relaxed: Arc<Holder>,
}

struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
}

/// Keeps one shared connection, and replaces it when it has broken.
#[derive(Default)]
struct Holder(Mutex<Held>);

#[derive(Default)]
struct Held {
    current: Option<Shared>,
    failed_at: Option<Instant>,
}

/// A connection whose statements, whoever's they are, are pipelined.
#[derive(Clone)]
pub struct Shared {
    conn: Arc<AsyncPgConnection>,
    broken: Arc<AtomicBool>,
}

impl Postgres {
    /// Connects once.
    pub(super) async fn connect(mut config: Config, pool_size: usize, ca_file: Option<&Path>) -> Result<Self, String> {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("vouch");
        }
        config.ssl_mode(ssl_mode(&config));
        let tls = trust::client_config(ca_file).map_err(|error| format!("database.ca_file: {error}"))?;
        let connector = Arc::new(Connector { config, tls: MakeRustlsConnect::new(tls) });
        let postgres =
            Self { pool: pool(&connector, pool_size)?, connector, shared: Arc::default(), relaxed: Arc::default() };
        postgres.establish().await?;
        Ok(postgres)
    }

    /// A connection outside the pool.
    pub(super) async fn establish(&self) -> Result<AsyncPgConnection, String> {
        let conn = timeout(CONNECT * 2, self.connector.connect(SESSION)).await;
        conn.map_err(|_| "no answer from PostgreSQL".to_owned())?.map_err(|error| format!("PostgreSQL: {error}"))
    }

    /// A connection of the pool.
    pub(super) async fn pooled(&self) -> Result<Pooled, Error> {
        let conn = timeout(CHECK_OUT, self.pool.get()).await.map_err(|_| Error::Away)?.map_err(|_| Error::Away)?;
        Ok(Pooled(Some(Box::new(conn))))
    }

    /// The shared connection of this thread. What drives a connection runs on the thread that made it, and an answer that
    /// crosses threads costs as much as a statement.
    pub(super) async fn shared(&self) -> Result<Shared, Error> {
        self.shared[SLOT.with(|slot| *slot)].get(&self.connector, SESSION).await
    }

    /// The shared connection whose commits do not wait for the disk.
    pub(super) async fn relaxed(&self) -> Result<Shared, Error> {
        self.relaxed.get(&self.connector, RELAXED_SESSION).await
    }
}

impl Connector {
    async fn connect(&self, session: &'static str) -> ConnectionResult<AsyncPgConnection> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| ConnectionError::BadConnection(describe(&error)))?;
        let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        conn.batch_execute(session).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }
}

impl Holder {
    async fn get(&self, connector: &Connector, session: &'static str) -> Result<Shared, Error> {
        let mut held = self.0.lock().await;
        if let Some(shared) = held.current.as_ref().filter(|shared| !shared.broken.load(Ordering::Relaxed)) {
            return Ok(shared.clone());
        }
        if held.failed_at.is_some_and(|at| at.elapsed() < GIVE_IT_REST) {
            return Err(Error::Away);
        }
        let Ok(Ok(conn)) = timeout(CONNECT, connector.connect(session)).await else {
            held.failed_at = Some(Instant::now());
            return Err(Error::Away);
        };
        let shared = Shared { conn: Arc::new(conn), broken: Arc::default() };
        *held = Held { current: Some(shared.clone()), failed_at: None };
        Ok(shared)
    }
}

/// A connection of the pool, in use; it goes back when dropped.
pub struct Pooled(Option<Box<Object<AsyncPgConnection>>>);

impl Pooled {
    pub(super) fn connection(&mut self) -> &mut AsyncPgConnection {
        self.0.as_mut().expect("it is only taken when dropped")
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        // One that was left inside a transaction, because its work was cancelled or lost its patience, is closed instead: the pool would
        // look at it only when it is next used, and until then it would hold its locks.
        if let Some(mut conn) = self.0.take()
            && conn.is_broken()
        {
            drop(Object::take(*conn));
        }
    }
}

impl Shared {
    pub(super) fn connection(&self) -> &AsyncPgConnection {
        &self.conn
    }

    /// Waits for an answer, but no longer than [`ANSWER`]; a connection on which the database is away is given up.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = QueryResult<T>>) -> Result<T, Error> {
        let answer = timeout(ANSWER, work).await.map_err(|_| Error::Away);
        let result = answer.and_then(|answer| answer.map_err(Error::from));
        if matches!(result, Err(Error::Away)) {
            self.broken.store(true, Ordering::Relaxed);
        }
        result
    }
}

fn pool(connector: &Arc<Connector>, size: usize) -> Result<Pool<AsyncPgConnection>, String> {
    let connector = Arc::clone(connector);
    let mut config = ManagerConfig::default();
    // The default asks the database at each check-out whether it is there.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let connector = Arc::clone(&connector);
        async move { connector.connect(SESSION).await }.boxed()
    });
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config("", config);
    Pool::builder(manager).max_size(size).build().map_err(|error| error.to_string())
}

/// Where the URL leaves it open (`prefer`), TLS is for what leaves the machine: there it is required, and verified always. A server
/// on this machine often has a certificate that nobody signed.
fn ssl_mode(config: &Config) -> SslMode {
    let is_local = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    };
    let addresses = config.get_hostaddrs();
    let stays = config.get_hosts().iter().all(is_local) && addresses.iter().all(IpAddr::is_loopback);
    match config.get_ssl_mode() {
        SslMode::Prefer if stays => SslMode::Disable,
        SslMode::Prefer => SslMode::Require,
        chosen => chosen,
    }
}

/// The error with its causes: the first alone says only "error connecting to server".
fn describe(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", describe(source)),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_required_of_what_leaves_the_machine() {
        let mode = |url: &str| ssl_mode(&url.parse().unwrap());
        for local in ["postgres://u@localhost/d", "postgres://u@127.0.0.1/d", "postgres:///d?host=/run/postgresql"] {
            assert_eq!(mode(local), SslMode::Disable, "{local}");
        }
        assert_eq!(mode("postgres://u@localhost/d?sslmode=require"), SslMode::Require);
        assert_eq!(mode("postgres://u@db.example/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@localhost,db.example/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@localhost/d?hostaddr=192.0.2.1"), SslMode::Require);
        assert_eq!(mode("postgres://u@db.example/d?sslmode=disable"), SslMode::Disable);
    }
}
