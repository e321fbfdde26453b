//! The database as the rest of the program sees it.

mod copying;

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::task::spawn_blocking;

use super::connection::{Backend, Conn};
use super::error::Error;
use super::meta;
use super::metering::Metering;
use super::migrations::{self, Schema};
use super::postgres::Postgres;
use super::rekeying::{self, Exchange, Renewal};
use super::sqlite::Sqlite;
use super::transaction::{self, ATTEMPTS, LONGEST};
use crate::clock::Millis;
use crate::config::{Database, DatabaseUrl};
use crate::metrics::Metrics;

/// The time for which a successful write proves that the database is writable.
const PROOF: Duration = Duration::from_secs(10);

/// The database.
#[derive(Clone)]
pub struct Store {
    kind: Kind,
    metering: Arc<Metering>,
    /// The time when a write last succeeded, or `None` if the last one failed.
    written_at: Arc<Mutex<Option<Instant>>>,
    pub(super) exchange: Arc<Exchange>,
}

#[derive(Clone)]
enum Kind {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

/// The kind of connection that a write needs.
#[derive(Clone, Copy)]
enum Mode {
    Transaction,
    Statement,
    Relaxed,
}

impl Store {
    /// Connects. Nothing is changed, except that an absent `SQLite` file is created. Failures, and
    /// waits for connections, are counted in `metrics`.
    ///
    /// # Errors
    /// A text for the operator, if the database cannot be reached.
    pub async fn connect(config: &Database, metrics: &Metrics) -> Result<Self, String> {
        let kind = match &config.url {
            DatabaseUrl::Postgres(url) => {
                Kind::Postgres(Postgres::connect((**url).clone(), config.pool_size, config.ca_file.as_deref()).await?)
            }
            DatabaseUrl::Sqlite(path) => Kind::Sqlite(Sqlite::open(path)?),
        };
        Ok(Self {
            kind,
            metering: Arc::new(Metering::new(metrics)),
            written_at: Arc::default(),
            exchange: Arc::default(),
        })
    }

    /// Returns the check value of the master key that this database was created with, or `None` for
    /// a new database.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn remembered_key(&self) -> Result<Option<Vec<u8>>, Error> {
        let mut conn = self.read().await?;
        if meta::has_tables(&mut conn).await? { meta::get(&mut conn, meta::MASTER_KEY_CHECK).await } else { Ok(None) }
    }

    /// Brings the schema up to date, under a lock.
    ///
    /// # Errors
    /// A text for the operator.
    pub async fn migrate(&self) -> Result<(), String> {
        match &self.kind {
            Kind::Postgres(postgres) => migrations::run_on_postgres(postgres).await,
            Kind::Sqlite(sqlite) => migrations::run_on_sqlite(sqlite).await,
        }
    }

    /// Compares the schema of a database in use with the one that this program needs.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn schema(&self) -> Result<Schema, Error> {
        migrations::compare(&mut self.read().await?).await
    }

    /// Returns a connection for short reads of one statement each.
    ///
    /// # Errors
    /// [`Error`] if none can be opened.
    pub async fn read(&self) -> Result<Conn, Error> {
        self.renew_touched().await?;
        Ok(self.read_as_is().await?.following(self.exchange.renewal()))
    }

    /// As [`Self::read`], whatever the master key of the database is: nothing is sought by an index.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_as_is(&self) -> Result<Conn, Error> {
        let backend = match &self.kind {
            Kind::Postgres(postgres) => postgres.shared().await.map(Backend::Postgres),
            Kind::Sqlite(sqlite) => sqlite.reader().map(Backend::Sqlite),
        };
        self.conn(backend)
    }

    /// Returns a connection for large reads, which would delay others on a shared connection.
    ///
    /// # Errors
    /// [`Error`] if none can be opened.
    pub async fn read_much(&self) -> Result<Conn, Error> {
        match &self.kind {
            Kind::Postgres(postgres) => {
                self.renew_touched().await?;
                let conn = self.conn(self.metering.wait(postgres.pooled()).await.map(Backend::Postgres))?;
                Ok(conn.following(self.exchange.renewal()))
            }
            Kind::Sqlite(_) => self.read().await,
        }
    }

    fn conn(&self, backend: Result<Backend, Error>) -> Result<Conn, Error> {
        let backend = backend.inspect_err(|error| self.metering.count(*error))?;
        Ok(Conn::new(backend, None, Arc::clone(&self.metering)))
    }

    /// Runs `work` in a transaction: if it returns an error, nothing is changed. After a deadlock
    /// it is run again; [`LONGEST`] bounds all attempts together. See [`transaction`] for the order
    /// in which to lock rows.
    ///
    /// On `SQLite`, it runs on another thread and write transactions run one at a time, so `work`
    /// owns its data and awaits only the connection.
    ///
    /// # Errors
    /// The error of `work`, and [`Error`] if the transaction cannot begin or commit.
    ///
    /// # Panics
    /// If `work` panics.
    pub async fn write<R, E>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Clone + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run(Mode::Transaction, work).await
    }

    /// Works like [`Self::write`], for a single statement, which needs no explicit transaction.
    ///
    /// # Errors
    /// The same as for [`Self::write`].
    pub async fn write_one<R, E>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Clone + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run(Mode::Statement, work).await
    }

    /// Works like [`Self::write_one`], for a statement whose loss in a power cut does no harm: the
    /// database does not wait for the disk.
    ///
    /// # Errors
    /// The same as for [`Self::write`].
    pub async fn note<R, E>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Clone + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run(Mode::Relaxed, work).await
    }

    async fn run<R, E>(
        &self,
        mode: Mode,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Clone + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.renew_touched().await?;
        self.run_with(mode, self.exchange.renewal(), work).await
    }

    /// Renews the rows of what has been sought, if the master key is being exchanged.
    async fn renew_touched(&self) -> Result<(), Error> {
        let Some(vault) = self.exchange.vault().filter(|vault| !vault.touches().is_empty()) else { return Ok(()) };
        let _turn = self.exchange.turn.lock().await;
        let touches = vault.touches();
        if touches.is_empty() {
            return Ok(());
        }
        let (renewing, some) = (Arc::clone(vault), touches.clone());
        self.renew(async move |conn| rekeying::renew_touched(conn, &renewing, some.values()).await).await?;
        vault.note_renewed(touches);
        Ok(())
    }

    /// As [`Self::write`], to renew rows: nothing is sought by an index.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn renew<R, E>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Clone + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run_with(Mode::Transaction, None, work).await
    }

    async fn run_with<R, E>(
        &self,
        mode: Mode,
        renewal: Option<Renewal>,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Clone + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let mode = if self.exchange.is_outside() { Mode::Transaction } else { mode };
        let postgres = match &self.kind {
            Kind::Postgres(postgres) => postgres,
            Kind::Sqlite(sqlite) => {
                let mut writer =
                    self.metering.wait(sqlite.writer()).await.inspect_err(|error| self.note_no_writer(*error))?;
                let metering = Arc::clone(&self.metering);
                let task = spawn_blocking(move || {
                    if matches!(mode, Mode::Relaxed) {
                        writer.relax();
                    }
                    let conn = transaction::bounded(Backend::Sqlite(writer), Instant::now() + LONGEST, metering);
                    let mut conn = conn.following(renewal);
                    let result = transaction::run(&mut conn, work).now_or_never().expect("SQLite never waits");
                    (result, conn.failure)
                });
                let (result, failure) = task.await.expect("the work does not panic");
                self.note_write(failure);
                return result;
            }
        };
        let deadline = Instant::now() + LONGEST;
        let mut attempt = 1;
        loop {
            let link = match mode {
                Mode::Transaction | Mode::Statement => self.metering.wait(postgres.pooled()).await,
                Mode::Relaxed => postgres.relaxed().await,
            };
            let link = link.inspect_err(|error| self.note_no_writer(*error))?;
            let conn = transaction::bounded(Backend::Postgres(link), deadline, Arc::clone(&self.metering));
            let mut conn = conn.following(renewal.clone());
            let result = match mode {
                Mode::Transaction => transaction::run(&mut conn, work.clone()).await,
                Mode::Statement | Mode::Relaxed => work.clone()(&mut conn).await,
            };
            self.note_write(conn.failure);
            if !conn.failure.is_some_and(Error::may_be_conflict) || attempt == ATTEMPTS {
                return result;
            }
            drop(conn);
            tokio::time::sleep(transaction::pause(attempt)).await;
            attempt += 1;
        }
    }

    fn note_no_writer(&self, error: Error) {
        self.metering.count(error);
        self.note_write(Some(Error::Unavailable));
    }

    fn note_write(&self, failure: Option<Error>) {
        if failure.is_none_or(|error| !error.is_specific()) {
            *self.written_at.lock().unwrap_or_else(PoisonError::into_inner) = failure.is_none().then(Instant::now);
        }
    }

    /// Prepares for writing many rows: `SQLite` gets more memory.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn expect_many_rows(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Postgres(_) => Ok(()),
            Kind::Sqlite(sqlite) => sqlite.expect_many_rows().await,
        }
    }

    /// Lets a running server write if it waits for `SQLite`'s lock.
    pub async fn let_others_write(&self) {
        if let Kind::Sqlite(sqlite) = &self.kind {
            sqlite.let_others_write().await;
        }
    }

    /// Empties `SQLite`'s write-ahead log, which otherwise still contains deleted data. Returns
    /// whether it is empty: another process that is reading prevents that, and maintenance then
    /// tries again. `PostgreSQL`'s log and backups are up to the operator (see the docs).
    pub async fn purge_deleted(&self) -> bool {
        match &self.kind {
            Kind::Postgres(_) => true,
            Kind::Sqlite(sqlite) => sqlite.empty_log().await,
        }
    }

    /// Returns a lock that proves, for as long as it is kept, that no other node uses the database,
    /// or `None` if another node may be using it. `PostgreSQL` is shared.
    #[must_use]
    pub fn alone(&self) -> Option<File> {
        match &self.kind {
            Kind::Postgres(_) => None,
            Kind::Sqlite(sqlite) => sqlite.lock(),
        }
    }

    /// Returns the database's time. `SQLite` has no clock.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn time(&self) -> Result<Option<Millis>, Error> {
        match &self.kind {
            Kind::Postgres(_) => meta::database_time(&mut self.read().await?).await.map(Some),
            Kind::Sqlite(_) => Ok(None),
        }
    }

    /// Returns whether the database can be read and written now. It writes only if no write has
    /// succeeded in the last few seconds.
    pub async fn is_usable(&self) -> bool {
        let is_readable = match self.read().await {
            Ok(mut conn) => meta::get(&mut conn, meta::MASTER_KEY_CHECK).await.is_ok(),
            Err(_) => false,
        };
        let written_at = *self.written_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_written = written_at.is_some_and(|at| at.elapsed() < PROOF);
        is_readable && (is_written || self.write_one(async |conn| meta::probe_write(conn).await).await.is_ok())
    }
}
