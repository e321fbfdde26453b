//! The two backends behind one [`Conn`].

use diesel::query_dsl::methods::ExecuteDsl as SyncExecuteDsl;
use diesel::result::Error as DieselError;
use diesel::sql_types::BigInt;
use diesel::{QueryResult, SqliteConnection, query_dsl};
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager};
use futures_util::FutureExt;
use tokio::time::timeout;

use super::error::Error;
use super::postgres::{ANSWER, Pooled, Postgres, Shared};
use super::sqlite::{Lease, Sqlite};
use super::{meta, migrations};
use crate::config::{Database, DatabaseUrl};

/// A connection for one piece of work.
pub enum Conn {
    /// One of the pool, for a transaction.
    Pooled(Pooled),
    /// One that many share, their statements pipelined: for a read of one statement.
    Shared(Shared),
    /// `SQLite`, which answers on the spot.
    Sqlite(Lease),
}

impl Conn {
    /// Runs a query and returns its rows.
    ///
    /// # Errors
    /// [`Error`] if the database does not answer or refuses.
    pub async fn load<'q, T, Q>(&mut self, query: Q) -> Result<Vec<T>, Error>
    where
        T: Send + 'q,
        Q: LoadQuery<'q, AsyncPgConnection, T>
            + for<'c> LoadQuery<'q, &'c AsyncPgConnection, T>
            + query_dsl::LoadQuery<'q, SqliteConnection, T>
            + 'q,
    {
        match self {
            Self::Pooled(conn) => {
                in_time(conn.connection(), async |conn| RunQueryDsl::<AsyncPgConnection>::load(query, conn).await).await
            }
            Self::Shared(conn) => {
                conn.in_time(RunQueryDsl::<&AsyncPgConnection>::load(query, &mut conn.connection())).await
            }
            Self::Sqlite(conn) => Ok(diesel::RunQueryDsl::load(query, conn.connection())?),
        }
    }

    /// Runs a query and returns its first row, if it has one.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn first<'q, T, Q>(&mut self, query: Q) -> Result<Option<T>, Error>
    where
        T: Send + 'q,
        Q: LoadQuery<'q, AsyncPgConnection, T>
            + for<'c> LoadQuery<'q, &'c AsyncPgConnection, T>
            + query_dsl::LoadQuery<'q, SqliteConnection, T>
            + 'q,
    {
        Ok(self.load(query).await?.into_iter().next())
    }

    /// Runs a query that always has a row, such as an upsert that returns what it wrote.
    ///
    /// # Errors
    /// As [`Self::load`], and if there is no row.
    pub async fn get<'q, T, Q>(&mut self, query: Q) -> Result<T, Error>
    where
        T: Send + 'q,
        Q: LoadQuery<'q, AsyncPgConnection, T>
            + for<'c> LoadQuery<'q, &'c AsyncPgConnection, T>
            + query_dsl::LoadQuery<'q, SqliteConnection, T>
            + 'q,
    {
        self.first(query).await?.ok_or(Error::Broken(DieselError::NotFound))
    }

    /// Runs a statement and returns how many rows it touched.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn execute<Q>(&mut self, query: Q) -> Result<usize, Error>
    where
        Q: ExecuteDsl<AsyncPgConnection> + for<'c> ExecuteDsl<&'c AsyncPgConnection> + SyncExecuteDsl<SqliteConnection>,
    {
        match self {
            Self::Pooled(conn) => {
                in_time(conn.connection(), async |conn| ExecuteDsl::<AsyncPgConnection>::execute(query, conn).await)
                    .await
            }
            Self::Shared(conn) => {
                conn.in_time(ExecuteDsl::<&AsyncPgConnection>::execute(query, &mut conn.connection())).await
            }
            Self::Sqlite(conn) => Ok(SyncExecuteDsl::execute(query, conn.connection())?),
        }
    }

    /// Waits until no other transaction holds what begins with the same eight bytes, and holds it until this transaction ends. On `SQLite`
    /// transactions take turns anyway.
    ///
    /// # Errors
    /// [`Error`] if the database does not answer.
    ///
    /// # Panics
    /// Outside of a transaction.
    pub(super) async fn take_turns(&mut self, index: &[u8]) -> Result<(), Error> {
        match self {
            Self::Pooled(conn) => {
                let number = index.iter().take(8).fold(0, |number: i64, byte| number << 8 | i64::from(*byte));
                let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(number);
                in_time(conn.connection(), async |conn| ExecuteDsl::<AsyncPgConnection>::execute(lock, conn).await)
                    .await?;
            }
            Self::Shared(_) => unreachable!("a transaction is never begun on a shared connection"),
            Self::Sqlite(_) => {}
        }
        Ok(())
    }

    /// Whether the first migration has run.
    async fn has_tables(&mut self) -> Result<bool, Error> {
        let found: Vec<meta::TableName> = match self {
            Self::Pooled(conn) => {
                in_time(conn.connection(), async |conn| {
                    RunQueryDsl::<AsyncPgConnection>::load(meta::postgres_table(), conn).await
                })
                .await?
            }
            Self::Shared(conn) => {
                let found = RunQueryDsl::<&AsyncPgConnection>::load(meta::postgres_table(), &mut conn.connection());
                conn.in_time(found).await?
            }
            Self::Sqlite(conn) => diesel::RunQueryDsl::load(meta::sqlite_table(), conn.connection())?,
        };
        Ok(!found.is_empty())
    }

    async fn begin(&mut self) -> Result<(), Error> {
        match self {
            Self::Pooled(conn) => {
                in_time(conn.connection(), async |conn| Transactions::begin_transaction(conn).await).await
            }
            Self::Shared(_) => unreachable!("a transaction is never begun on a shared connection"),
            Self::Sqlite(conn) => Ok(conn.begin()?),
        }
    }

    async fn commit(&mut self) -> Result<(), Error> {
        match self {
            Self::Pooled(conn) => {
                in_time(conn.connection(), async |conn| Transactions::commit_transaction(conn).await).await
            }
            Self::Shared(_) => unreachable!("a transaction is never begun on a shared connection"),
            Self::Sqlite(conn) => Ok(conn.commit()?),
        }
    }

    /// A rollback that fails leaves a connection that its pool drops, which rolls back too.
    async fn roll_back(&mut self) {
        let _ = match self {
            Self::Pooled(conn) => {
                in_time(conn.connection(), async |conn| Transactions::rollback_transaction(conn).await).await
            }
            Self::Shared(_) => unreachable!("a transaction is never begun on a shared connection"),
            Self::Sqlite(conn) => conn.roll_back().map_err(Error::from),
        };
    }

    async fn transaction<R, E: From<Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<R, E>,
    ) -> Result<R, E> {
        self.begin().await?;
        match work(self).await {
            Ok(result) => {
                self.commit().await?;
                Ok(result)
            }
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }
}

type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// Waits for an answer on a pooled connection, but no longer than [`ANSWER`]; one that does not answer is not used again.
async fn in_time<T>(
    conn: &mut AsyncPgConnection,
    work: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
) -> Result<T, Error> {
    if let Ok(answer) = timeout(ANSWER, work(conn)).await {
        return Ok(answer?);
    }
    Transactions::transaction_manager_status_mut(conn).set_in_error();
    Err(Error::Away)
}

/// The database.
#[derive(Clone)]
pub struct Store {
    backend: Backend,
}

#[derive(Clone)]
enum Backend {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

impl Store {
    /// Connects, without changing anything but making an absent `SQLite` file.
    ///
    /// # Errors
    /// In words for the operator, if the database cannot be reached.
    pub async fn connect(config: &Database) -> Result<Self, String> {
        let backend = match &config.url {
            DatabaseUrl::Postgres(url) => Backend::Postgres(
                Postgres::connect((**url).clone(), config.pool_size, config.ca_file.as_deref()).await?,
            ),
            DatabaseUrl::Sqlite(path) => Backend::Sqlite(Sqlite::open(path)?),
        };
        Ok(Self { backend })
    }

    /// The check value of the master key this database was made with, or `None` for a new one.
    ///
    /// # Errors
    /// [`Error`] if the database does not answer.
    pub async fn remembered_key(&self) -> Result<Option<Vec<u8>>, Error> {
        let mut conn = self.read().await?;
        if conn.has_tables().await? { meta::get(&mut conn, meta::MASTER_KEY_CHECK).await } else { Ok(None) }
    }

    /// Brings the schema up to date, under a lock.
    ///
    /// # Errors
    /// In words for the operator.
    pub async fn migrate(&self) -> Result<(), String> {
        match &self.backend {
            Backend::Postgres(postgres) => migrations::run_on_postgres(postgres).await,
            Backend::Sqlite(sqlite) => migrations::run_on_sqlite(sqlite).await,
        }
    }

    /// A connection for reads of one statement each.
    ///
    /// # Errors
    /// [`Error::Away`]
    pub async fn read(&self) -> Result<Conn, Error> {
        match &self.backend {
            Backend::Postgres(postgres) => Ok(Conn::Shared(postgres.shared().await?)),
            Backend::Sqlite(sqlite) => Ok(Conn::Sqlite(sqlite.reader()?)),
        }
    }

    /// A connection for reads that are large, so that nobody waits behind them.
    ///
    /// # Errors
    /// [`Error::Away`]
    pub async fn read_much(&self) -> Result<Conn, Error> {
        match &self.backend {
            Backend::Postgres(postgres) => Ok(Conn::Pooled(postgres.pooled().await?)),
            Backend::Sqlite(sqlite) => Ok(Conn::Sqlite(sqlite.reader()?)),
        }
    }

    /// Does `work` in one transaction: all of it, or nothing if it returns an error. On `SQLite` it runs on another thread and takes its turn,
    /// so `work` owns what it uses and awaits nothing but the connection.
    ///
    /// # Errors
    /// What `work` returns, and [`Error`] if the transaction cannot begin or commit.
    ///
    /// # Panics
    /// If `work` panics.
    pub async fn write<R, E>(&self, work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Send + 'static) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &self.backend {
            Backend::Postgres(postgres) => Conn::Pooled(postgres.pooled().await?).transaction(work).await,
            Backend::Sqlite(sqlite) => {
                let writer = sqlite.writer().await?;
                let done = tokio::task::spawn_blocking(move || {
                    Conn::Sqlite(writer).transaction(work).now_or_never().expect("nothing waits on SQLite")
                });
                done.await.expect("the work does not panic")
            }
        }
    }

    /// Does `work`, which is a single statement and so needs no transaction around it; otherwise as [`Self::write`].
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_one<R, E>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &self.backend {
            Backend::Postgres(postgres) => work(&mut Conn::Pooled(postgres.pooled().await?)).await,
            Backend::Sqlite(_) => self.write(work).await,
        }
    }

    /// As [`Self::write_one`], but for a statement whose loss in a power cut does no harm: `PostgreSQL` does not wait for its disk.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn note<R, E>(&self, work: impl AsyncFnOnce(&mut Conn) -> Result<R, E> + Send + 'static) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &self.backend {
            Backend::Postgres(postgres) => work(&mut Conn::Shared(postgres.relaxed().await?)).await,
            Backend::Sqlite(_) => self.write(work).await,
        }
    }

    /// Makes what was deleted gone from the files too, as far as the backend can: `SQLite`'s write-ahead log is emptied. What `PostgreSQL`
    /// keeps in its log and backups is the operator's (see the docs).
    ///
    /// # Errors
    /// [`Error::Away`]
    pub async fn settle(&self) -> Result<(), Error> {
        match &self.backend {
            Backend::Postgres(_) => Ok(()),
            Backend::Sqlite(sqlite) => sqlite.empty_log().await,
        }
    }

    /// Whether the database answers now.
    pub async fn is_answering(&self) -> bool {
        match self.read().await {
            Ok(mut conn) => meta::get(&mut conn, meta::MASTER_KEY_CHECK).await.is_ok(),
            Err(_) => false,
        }
    }
}
