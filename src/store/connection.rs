//! The two backends behind one [`Conn`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::query_dsl::methods::ExecuteDsl as SyncExecuteDsl;
use diesel::sql_types::BigInt;
use diesel::{QueryResult, SqliteConnection, query_dsl};
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::{AsyncPgConnection, RunQueryDsl, TransactionManager as _};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::error::Error;
use super::meta;
use super::metering::Metering;
use super::postgres::{Link, Transactions};
use super::prepared::Prepared;
use super::rekeying::{self, Renewal};
use super::sqlite::Lease;

/// The time allowed for a statement: a machine that is suspended or cut off reports nothing.
const STATEMENT: Duration = Duration::from_secs(4);

/// A query that returns rows of type `T` from either backend.
pub trait Rows<'q, T>:
    for<'c> LoadQuery<'q, &'c AsyncPgConnection, T> + query_dsl::LoadQuery<'q, SqliteConnection, T> + 'q
{
}

impl<'q, T, Q> Rows<'q, T> for Q where
    Q: for<'c> LoadQuery<'q, &'c AsyncPgConnection, T> + query_dsl::LoadQuery<'q, SqliteConnection, T> + 'q
{
}

/// A connection, borrowed for one task.
pub struct Conn {
    pub(super) backend: Backend,
    /// The time by which the transaction must have ended.
    deadline: Option<Instant>,
    /// The last error, if any.
    pub(super) failure: Option<Error>,
    metering: Arc<Metering>,
    renewal: Option<Renewal>,
}

/// The database that a [`Conn`] connects to.
pub(super) enum Backend {
    /// `PostgreSQL`.
    Postgres(Link),
    /// `SQLite`, which blocks.
    Sqlite(Lease),
}

impl Conn {
    pub(super) const fn new(backend: Backend, deadline: Option<Instant>, metering: Arc<Metering>) -> Self {
        Self { backend, deadline, failure: None, metering, renewal: None }
    }

    /// Follows the exchange of the master key.
    pub(super) fn following(mut self, renewal: Option<Renewal>) -> Self {
        self.renewal = renewal;
        self
    }

    /// Runs a query and returns its rows.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn load<'q, T: Send + 'q>(&mut self, query: impl Rows<'q, T>) -> Result<Vec<T>, Error> {
        self.renew().await?;
        let rows = self.load_as_is(query).await?;
        // What a transaction reads, it reads before it commits, where this is checked again.
        if self.deadline.is_none() { self.check_key().map(|()| rows) } else { Ok(rows) }
    }

    /// As [`Self::load`], for renewing rows.
    pub(super) async fn load_as_is<'q, T: Send + 'q>(&mut self, query: impl Rows<'q, T>) -> Result<Vec<T>, Error> {
        let patience = self.patience()?;
        let answer = match &mut self.backend {
            Backend::Postgres(conn) => {
                timeout(patience, RunQueryDsl::<&AsyncPgConnection>::load(query, &mut conn.connection())).await
            }
            Backend::Sqlite(conn) => Ok(diesel::RunQueryDsl::load(query, conn.connection())),
        };
        self.check(answer)
    }

    /// Runs a query that only `PostgreSQL` understands, and returns its rows.
    ///
    /// # Errors
    /// The same as for [`Self::load`].
    ///
    /// # Panics
    /// If the database is `SQLite`.
    pub(super) async fn load_from_postgres<'q, T: Send + 'q>(
        &mut self,
        query: impl for<'c> LoadQuery<'q, &'c AsyncPgConnection, T> + 'q,
    ) -> Result<Vec<T>, Error> {
        self.renew().await?;
        let patience = self.patience()?;
        let answer = match &mut self.backend {
            Backend::Postgres(conn) => {
                timeout(patience, RunQueryDsl::<&AsyncPgConnection>::load(query, &mut conn.connection())).await
            }
            Backend::Sqlite(_) => unreachable!("the caller has another query for SQLite"),
        };
        self.check(answer)
    }

    /// Runs a query and returns its first row, if any.
    ///
    /// # Errors
    /// The same as for [`Self::load`].
    pub async fn first<'q, T: Send + 'q>(&mut self, query: impl Rows<'q, T>) -> Result<Option<T>, Error> {
        Ok(self.load(query).await?.into_iter().next())
    }

    /// Runs a query that always has a row, such as an upsert that returns what it wrote.
    ///
    /// # Errors
    /// The same as for [`Self::load`], and if there is no row.
    pub async fn get<'q, T: Send + 'q>(&mut self, query: impl Rows<'q, T>) -> Result<T, Error> {
        self.first(query).await?.ok_or(Error::Constraint)
    }

    /// Runs a statement and returns the number of affected rows.
    ///
    /// # Errors
    /// The same as for [`Self::load`].
    pub async fn execute<Q>(&mut self, query: Q) -> Result<usize, Error>
    where
        Q: for<'c> ExecuteDsl<&'c AsyncPgConnection> + SyncExecuteDsl<SqliteConnection>,
    {
        self.renew().await?;
        self.execute_as_is(query).await
    }

    /// As [`Self::execute`], for renewing rows.
    pub(super) async fn execute_as_is<Q>(&mut self, query: Q) -> Result<usize, Error>
    where
        Q: for<'c> ExecuteDsl<&'c AsyncPgConnection> + SyncExecuteDsl<SqliteConnection>,
    {
        let patience = self.patience()?;
        let answer = match &mut self.backend {
            Backend::Postgres(conn) => timeout(patience, ExecuteDsl::execute(query, &mut conn.connection())).await,
            Backend::Sqlite(conn) => Ok(SyncExecuteDsl::execute(query, conn.connection())),
        };
        self.check(answer)
    }

    /// Inserts rows: in `PostgreSQL` with one statement, `all`, and in `SQLite` with `one` each.
    /// There, a statement that inserts several saves every page that it changes, in case it fails.
    ///
    /// # Errors
    /// The same as for [`Self::load`].
    pub(super) async fn insert<R, One, All>(
        &mut self,
        rows: Vec<R>,
        one: impl Fn(R) -> One,
        all: impl FnOnce(Vec<R>) -> All,
    ) -> Result<(), Error>
    where
        One: SyncExecuteDsl<SqliteConnection>,
        All: for<'c> ExecuteDsl<&'c AsyncPgConnection>,
    {
        if rows.is_empty() {
            return Ok(());
        }
        self.renew().await?;
        let patience = self.patience()?;
        let answer = match &mut self.backend {
            Backend::Postgres(conn) => timeout(patience, ExecuteDsl::execute(all(rows), &mut conn.connection())).await,
            Backend::Sqlite(conn) => {
                let mut insert = |row| SyncExecuteDsl::execute(one(row), conn.connection());
                Ok(rows.into_iter().try_fold(0, |sum, row| insert(row).map(|count| sum + count)))
            }
        };
        self.check(answer).map(drop)
    }

    /// Takes an advisory lock, named by the first eight bytes of `index`, until the transaction
    /// ends. `SQLite` needs none: its write transactions run one at a time.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    ///
    /// # Panics
    /// If called outside a transaction.
    pub(super) async fn lock(&mut self, index: &[u8]) -> Result<(), Error> {
        let patience = self.patience()?;
        let answer = match &mut self.backend {
            Backend::Postgres(conn) => {
                let number = index.iter().take(8).fold(0, |number: i64, byte| number << 8 | i64::from(*byte));
                let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(number);
                timeout(patience, ExecuteDsl::execute(Prepared(lock), &mut conn.transactional())).await
            }
            Backend::Sqlite(_) => return Ok(()),
        };
        self.check(answer).map(drop)
    }

    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        let patience = self.patience()?;
        let answer = match &mut self.backend {
            Backend::Postgres(conn) => timeout(patience, Transactions::begin_transaction(conn.transactional())).await,
            Backend::Sqlite(conn) => Ok(conn.begin()),
        };
        self.check(answer)
    }

    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        let patience = self.patience()?;
        let answer = match &mut self.backend {
            Backend::Postgres(conn) => timeout(patience, Transactions::commit_transaction(conn.transactional())).await,
            Backend::Sqlite(conn) => Ok(conn.commit()),
        };
        self.check(answer)
    }

    /// Rolls back. If that fails, the connection is closed when dropped, which also rolls back.
    pub(super) async fn roll_back(&mut self) {
        let _ = match &mut self.backend {
            Backend::Postgres(conn) => {
                timeout(STATEMENT, Transactions::rollback_transaction(conn.transactional())).await
            }
            Backend::Sqlite(conn) => Ok(conn.roll_back()),
        };
    }

    /// Renews, before a statement of a transaction, the rows that it may seek: their index can have
    /// been computed in the transaction.
    async fn renew(&mut self) -> Result<(), Error> {
        self.check_key()?;
        let Some(renewal) = self.renewal.clone().filter(|_| self.deadline.is_some()) else { return Ok(()) };
        rekeying::renew_touched(self, &renewal.vault, renewal.vault.touches().values()).await
    }

    /// Fails, in a transaction of a command, if the database has another master key.
    pub(super) async fn check_stored_key(&mut self) -> Result<(), Error> {
        let Some(renewal) = self.renewal.clone().filter(Renewal::is_outside) else { return Ok(()) };
        let stored = match self.backend {
            Backend::Postgres(_) => meta::share(self, meta::MASTER_KEY_CHECK).await?,
            // One transaction writes at a time.
            Backend::Sqlite(_) => meta::get(self, meta::MASTER_KEY_CHECK).await?,
        };
        if stored.is_none_or(|stored| stored == renewal.vault.check_value()) {
            return Ok(());
        }
        self.conflict()
    }

    /// Fails if the master key was exchanged since what runs here began: it may seek former indexes.
    pub(super) fn check_key(&mut self) -> Result<(), Error> {
        if self.renewal.as_ref().is_none_or(Renewal::is_current) {
            return Ok(());
        }
        self.conflict()
    }

    /// Fails in such a way that the transaction is run again.
    pub(super) const fn conflict<T>(&mut self) -> Result<T, Error> {
        self.failure = Some(Error::Conflict);
        Err(Error::Conflict)
    }

    /// Returns the time allowed for the next statement.
    fn patience(&mut self) -> Result<Duration, Error> {
        let Some(deadline) = self.deadline else { return Ok(STATEMENT) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { self.fail(Error::Timeout) } else { Ok(left.min(STATEMENT)) }
    }

    /// Records an error, and gives up a connection on which the database does not answer or accepts
    /// no writes: another connection may lead to another server.
    fn check<T>(&mut self, answer: Result<QueryResult<T>, Elapsed>) -> Result<T, Error> {
        let error = match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error.into(),
            Err(_) => Error::Unavailable,
        };
        if matches!(error, Error::Unavailable | Error::ReadOnly)
            && let Backend::Postgres(conn) = &mut self.backend
        {
            conn.give_up();
        }
        self.fail(error)
    }

    fn fail<T>(&mut self, error: Error) -> Result<T, Error> {
        error.log();
        self.metering.count(error);
        self.failure = Some(error);
        Err(error)
    }
}
