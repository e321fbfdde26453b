//! `PostgreSQL`: a pool of connections for transactions, and one connection per thread that
//! pipelines short statements.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager as _};
use futures_util::FutureExt;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::engine;
use super::error::Error;
use super::{pooler, session_settings};
use crate::crypto::trust::{self, TlsFault};

/// The time allowed for connecting.
const CONNECT: Duration = Duration::from_secs(3);
/// The time to wait for a pooled connection.
const CHECK_OUT: Duration = Duration::from_secs(3);
/// The time after a failure to connect during which further attempts fail at once.
const BACK_OFF: Duration = Duration::from_millis(300);

const SHARED_SESSIONS: &str = "PostgreSQL is behind a connection pooler that uses transaction or statement pooling, which loses prepared \
    statements and session settings. Use session pooling for this database (in PgBouncer: pool_mode = session), or let database.url \
    name PostgreSQL itself";

/// The largest number of shared connections; each is opened on first use.
const SHARED: usize = 16;

static NEXT_SLOT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The index of the shared connection that this thread uses.
    static SLOT: usize = NEXT_SLOT.fetch_add(1, Ordering::Relaxed) % SHARED;
}

pub(super) type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// The connections to a server that accepts writes. That is checked once for each connection,
/// because a server that becomes a standby is started again, which ends all of them.
#[derive(Clone)]
pub(super) struct Postgres {
    connector: Arc<Connector>,
    pool: Pool<AsyncPgConnection>,
    shared: Arc<[Slot; SHARED]>,
    relaxed: Arc<Slot>,
}

struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
}

/// Keeps one shared connection, and replaces it once it is broken.
#[derive(Default)]
struct Slot(Mutex<SlotState>);

#[derive(Default)]
struct SlotState {
    current: Option<Shared>,
    failed_at: Option<Instant>,
}

/// A connection that pipelines the statements of many tasks.
#[derive(Clone)]
pub(super) struct Shared {
    conn: Arc<AsyncPgConnection>,
    broken: Arc<AtomicBool>,
}

/// A connection from the pool, returned to it when dropped.
pub(super) struct Pooled(Option<Box<Object<AsyncPgConnection>>>);

/// A connection in use.
pub(super) enum Link {
    Pooled(Pooled),
    Shared(Shared),
}

impl Postgres {
    /// Connects, and checks that connections are not pooled in a way that loses their sessions.
    pub(super) async fn connect(config: Config, pool_size: usize, ca_file: Option<&Path>) -> Result<Self, String> {
        let connector = Connector::new(config, ca_file).map_err(|error| format!("database.ca_file: {error}"))?;
        let connector = Arc::new(connector);
        let postgres =
            Self { pool: pool(&connector, pool_size)?, connector, shared: Arc::default(), relaxed: Arc::default() };
        postgres.connector.check().await?;
        postgres.establish().await?;
        Ok(postgres)
    }

    /// Opens a connection outside the pool.
    pub(super) async fn establish(&self) -> Result<AsyncPgConnection, String> {
        let conn = timeout(CONNECT * 2, self.connector.connect("")).await;
        conn.map_err(|_| "no answer from PostgreSQL".to_owned())?.map_err(|error| format!("PostgreSQL: {error}"))
    }

    /// Opens a separate connection for copying tables, as [`super::transfer`] does.
    pub(super) async fn client(&self) -> Result<Client, String> {
        self.connector.client().await
    }

    /// Returns a connection from the pool.
    pub(super) async fn pooled(&self) -> Result<Link, Error> {
        if let Ok(Ok(conn)) = timeout(CHECK_OUT, self.pool.get()).await {
            return Ok(Link::Pooled(Pooled(Some(Box::new(conn)))));
        }
        Error::Unavailable.log();
        Err(Error::Unavailable)
    }

    /// Returns the shared connection of this thread. A connection is driven by the thread that
    /// opened it, and handing an answer to another thread costs as much as a statement.
    pub(super) async fn shared(&self) -> Result<Link, Error> {
        self.shared[SLOT.with(|slot| *slot)].get(&self.connector, "").await
    }

    /// Returns the shared connection whose commits do not wait for the disk.
    pub(super) async fn relaxed(&self) -> Result<Link, Error> {
        self.relaxed.get(&self.connector, session_settings::RELAXED).await
    }
}

/// Waits for the result of a check, and describes any failure.
async fn in_time<T>(check: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, String> {
    match timeout(CONNECT, check).await {
        Err(_) => Err("no answer from PostgreSQL on a second connection".to_owned()),
        Ok(answer) => answer.map_err(|error| format!("PostgreSQL: {}", describe(&error))),
    }
}

/// Connects to a database that is not ours, to read it. `ca_file` has certificates that are trusted
/// in addition to the system's.
///
/// # Errors
/// Describes the problem, without the URL, which may contain a password.
pub async fn connect_elsewhere(url: &str, ca_file: Option<&Path>) -> Result<Client, String> {
    let config: Config = url.parse().map_err(|error| format!("PostgreSQL: {}", describe(&error)))?;
    Connector::new(config, ca_file).map_err(|error| error.to_string())?.client().await
}

impl Connector {
    /// Completes the settings that the URL leaves open, and reads the certificates that are trusted
    /// in addition to the system's.
    fn new(mut config: Config, ca_file: Option<&Path>) -> Result<Self, trust::TrustError> {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(for_each_host(&config));
        }
        if config.get_application_name().is_none() {
            config.application_name("vouch");
        }
        config.ssl_mode(ssl_mode(&config));
        Ok(Self { config, tls: MakeRustlsConnect::new(trust::client_config(ca_file)?) })
    }

    /// Returns an error if this program does not run on the server, or if a connection pooler
    /// shares sessions. The sessions are not changed in any way that matters, since a pooler would
    /// hand them to others.
    async fn check(&self) -> Result<(), String> {
        let mut clients = Vec::new();
        for _ in 0..2 {
            clients.push(self.client().await?);
        }
        // Transaction pooling loses prepared statements, so it is recognised first.
        match in_time(pooler::are_exclusive(&clients[0], &clients[1])).await {
            Ok(true) => {}
            Ok(false) => return Err(SHARED_SESSIONS.to_owned()),
            // Other servers lack the functions used by the comparison.
            Err(error) => {
                return Err(in_time(engine::refusal(&clients[0])).await.ok().flatten().unwrap_or(error));
            }
        }
        in_time(engine::refusal(&clients[0])).await?.map_or(Ok(()), Err)
    }

    /// Opens a connection without settings.
    async fn client(&self) -> Result<Client, String> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| format!("PostgreSQL: {}", reason(&error)))?;
        tokio::spawn(connection);
        Ok(client)
    }

    async fn connect(&self, further: &'static str) -> ConnectionResult<AsyncPgConnection> {
        let (client, connection) = self.config.connect(self.tls.clone()).await.map_err(|error| {
            Error::from_connecting(&error).log();
            ConnectionError::BadConnection(reason(&error))
        })?;
        let settings =
            session_settings::statements(connection.parameter("server_version").unwrap_or_default(), further);
        let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        conn.batch_execute(&settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }
}

impl Slot {
    async fn get(&self, connector: &Connector, further_settings: &'static str) -> Result<Link, Error> {
        let mut state = self.0.lock().await;
        if let Some(shared) = state.current.as_ref().filter(|shared| !shared.broken.load(Ordering::Relaxed)) {
            return Ok(Link::Shared(shared.clone()));
        }
        if state.failed_at.is_some_and(|at| at.elapsed() < BACK_OFF) {
            return Err(Error::Unavailable);
        }
        let Ok(Ok(conn)) = timeout(CONNECT, connector.connect(further_settings)).await else {
            state.failed_at = Some(Instant::now());
            return Err(Error::Unavailable);
        };
        let shared = Shared { conn: Arc::new(conn), broken: Arc::default() };
        *state = SlotState { current: Some(shared.clone()), failed_at: None };
        Ok(Link::Shared(shared))
    }
}

impl Link {
    /// Returns the connection for statements outside a transaction or inside one that was begun.
    pub(super) fn connection(&self) -> &AsyncPgConnection {
        match self {
            Self::Pooled(conn) => conn.0.as_ref().expect("taken only when dropped"),
            Self::Shared(shared) => &shared.conn,
        }
    }

    /// Returns the connection for beginning and ending a transaction.
    ///
    /// # Panics
    /// If the connection is shared.
    pub(super) fn transactional(&mut self) -> &mut AsyncPgConnection {
        match self {
            Self::Pooled(conn) => conn.0.as_mut().expect("taken only when dropped"),
            Self::Shared(_) => unreachable!("shared connections have no transactions"),
        }
    }

    /// Marks the connection as broken, so that it is not used again.
    pub(super) fn give_up(&mut self) {
        match self {
            Self::Pooled(_) => {
                Transactions::transaction_manager_status_mut(self.transactional()).set_in_error();
            }
            Self::Shared(shared) => shared.broken.store(true, Ordering::Relaxed),
        }
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        // A connection left inside a transaction, because its task was cancelled or ran out of
        // time, is closed at once. The pool would check it only on its next use, and its locks
        // would be kept until then.
        if let Some(mut conn) = self.0.take()
            && conn.is_broken()
        {
            drop(Object::take(*conn));
        }
    }
}

fn pool(connector: &Arc<Connector>, size: usize) -> Result<Pool<AsyncPgConnection>, String> {
    let connector = Arc::clone(connector);
    let mut config = ManagerConfig::default();
    // The default sends a query each time a connection is taken from the pool.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let connector = Arc::clone(&connector);
        async move { connector.connect("").await }.boxed()
    });
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config("", config);
    Pool::builder(manager).max_size(size).build().map_err(|error| error.to_string())
}

/// Returns the time for connecting to one host, so that there is time for all of them: a machine that
/// was cut off refuses nothing.
fn for_each_host(config: &Config) -> Duration {
    let hosts = config.get_hosts().len().max(1);
    CONNECT / u32::try_from(hosts).unwrap_or(u32::MAX)
}

/// Returns the TLS mode. Where the URL leaves it open (`prefer`), TLS is required, and always
/// verified, for connections that leave this machine. A local server often has a self-signed
/// certificate.
fn ssl_mode(config: &Config) -> SslMode {
    let is_local = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    };
    let addresses = config.get_hostaddrs();
    let is_local = config.get_hosts().iter().all(is_local) && addresses.iter().all(IpAddr::is_loopback);
    match config.get_ssl_mode() {
        SslMode::Prefer if is_local => SslMode::Disable,
        SslMode::Prefer => SslMode::Require,
        chosen => chosen,
    }
}

/// Describes why no connection was made.
fn reason(error: &tokio_postgres::Error) -> String {
    match Error::from_connecting(error) {
        error @ Error::ReadOnly => error.to_string(),
        _ => describe(error),
    }
}

/// Formats the error with its causes: the first alone is only "error connecting to server".
pub(super) fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(fault) = TlsFault::of(error) {
        return format!("its connection cannot be secured by TLS: {fault}");
    }
    match error.source() {
        Some(source) => format!("{error}: {}", describe(source)),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_time_to_connect_to_each_host() {
        for (url, time) in [("postgres://u@h/d", CONNECT), ("postgres://u@h1,h2,h3/d", CONNECT / 3)] {
            assert_eq!(for_each_host(&url.parse().unwrap()), time, "{url}");
        }
    }

    #[test]
    fn connections_that_leave_the_machine_require_tls() {
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
