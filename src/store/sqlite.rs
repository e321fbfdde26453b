//! `SQLite`: one file, any number of readers, one writer.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Integer, Text};
use diesel::{Connection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};
use tokio::sync::OwnedMutexGuard;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::error::Error;
use super::snapshot::Snapshot;

/// The time that a write waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// The number of attempts to empty the log before maintenance takes over, and the pause between two
/// attempts.
const LOG_ATTEMPTS: u32 = 4;
const LOG_PAUSE: Duration = Duration::from_millis(100);

/// The pause in which another process can write: one that waits asks for the lock every 100 ms.
const PAUSE: Duration = Duration::from_millis(120);

/// `synchronous = FULL`: acknowledged data survives a power cut. `secure_delete`: deleted data is
/// overwritten. `journal_size_limit`: a log that a large import has filled is cut to 16 MiB.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA secure_delete = ON;";

/// For writing many rows to random places of an index: a page cache of 40 MiB, and a write-ahead
/// log of up to 200 MB, since each time that it is copied into the file, the same pages are written.
const MANY_ROWS: &str = "PRAGMA cache_size = -40960; PRAGMA wal_autocheckpoint = 50000;";

type Idle = Arc<Mutex<Vec<SqliteConnection>>>;

/// The database file.
#[derive(Clone)]
pub(super) struct Sqlite {
    path: PathBuf,
    readers: Idle,
    writers: Idle,
    turn: Arc<tokio::sync::Mutex<()>>,
    /// True if the last attempt to empty the log failed.
    is_log_blocked: Arc<AtomicBool>,
}

/// The row that `PRAGMA wal_checkpoint` returns.
#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

impl Sqlite {
    /// Opens the file. If it or its directory does not exist, it is created, accessible to its
    /// owner only.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let problem = |error: &dyn std::fmt::Display| format!("the SQLite file {}: {error}", path.display());
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| problem(&error))?;
        }
        // SQLite gives its log and index files the same mode.
        let created = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        created.map_err(|error| problem(&error))?;
        let sqlite = Self {
            path: path.to_owned(),
            readers: Idle::default(),
            writers: Idle::default(),
            turn: Arc::default(),
            is_log_blocked: Arc::default(),
        };
        let writer = sqlite.connect().map_err(|error| {
            let message = error.to_string();
            match Error::from(error) {
                Error::Corrupt => problem(&format!("it is corrupt: restore it from a backup ({message})")),
                _ => problem(&message),
            }
        })?;
        lock(&sqlite.writers).push(writer);
        Ok(sqlite)
    }

    fn connect(&self) -> QueryResult<SqliteConnection> {
        let problem = |text: String| DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text));
        let path = self.path.to_str().ok_or_else(|| problem("the path is not UTF-8".to_owned()))?;
        let mut conn = SqliteConnection::establish(path).map_err(|error| problem(error.to_string()))?;
        conn.batch_execute(SETTINGS)?;
        Ok(conn)
    }

    /// Returns a connection that only reads.
    pub(super) fn reader(&self) -> Result<Lease, Error> {
        self.lease(&self.readers, "PRAGMA query_only = ON", None)
    }

    /// Returns the connection that writes, once it is free.
    pub(super) async fn writer(&self) -> Result<Lease, Error> {
        let turn = timeout(TURN, self.turn.clone().lock_owned()).await.map_err(|_| Error::Timeout);
        self.lease(&self.writers, "", Some(turn.inspect_err(|error| error.log())?))
    }

    /// Prepares the connection that writes for many rows.
    pub(super) async fn expect_many_rows(&self) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        writer.connection().batch_execute(MANY_ROWS).map_err(Error::from).inspect_err(|error| error.log())
    }

    /// Gives a running server that waits for the lock the time to ask for it.
    pub(super) async fn let_others_write(&self) {
        if self.lock().is_none() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Locks a file next to the database, which the operator's commands do not; returns `None` if
    /// it is locked or cannot be. Another handle of the database's own file would disturb the locks
    /// of `SQLite`.
    pub(super) fn lock(&self) -> Option<File> {
        let mut path = self.path.clone().into_os_string();
        path.push("-node");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path).ok()?;
        file.try_lock().is_ok().then_some(file)
    }

    /// Copies the database, as of a single moment, into an empty file. Others can read and write at
    /// the same time.
    pub(super) fn copy_to(&self, file: &Path) -> Result<(), String> {
        let target = file.to_str().ok_or("the path of the copy is not UTF-8")?;
        let mut conn = self.connect().map_err(|error| error.to_string())?;
        let copied = diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(target).execute(&mut conn);
        copied.map(drop).map_err(|error| error.to_string())
    }

    /// Returns the file itself, to read it while others use it.
    pub(super) fn snapshot(&self) -> Result<Snapshot, String> {
        let mut conn = self.connect().map_err(|error| error.to_string())?;
        conn.batch_execute("PRAGMA query_only = ON").map_err(|error| error.to_string())?;
        Ok(Snapshot { conn })
    }

    /// Copies the write-ahead log into the file and empties it; returns whether it is empty now.
    /// Logs when this becomes impossible and when it is possible again.
    pub(super) async fn empty_log(&self) -> bool {
        for attempt in 1..=LOG_ATTEMPTS {
            match self.checkpoint().await {
                Ok(true) => {
                    if self.is_log_blocked.swap(false, Ordering::Relaxed) {
                        log::info!("the write-ahead log was emptied; erased data is no longer in it");
                    }
                    return true;
                }
                Ok(false) if attempt < LOG_ATTEMPTS => tokio::time::sleep(LOG_PAUSE).await,
                Ok(false) | Err(_) => break,
            }
        }
        if !self.is_log_blocked.swap(true, Ordering::Relaxed) {
            log::warn!(
                "erased data is still in the write-ahead log, which cannot be emptied while another process reads the \
                 database; trying again every minute"
            );
        }
        false
    }

    /// Attempts to empty the log, briefly, since writers have to wait.
    async fn checkpoint(&self) -> Result<bool, Error> {
        let mut writer = self.writer().await?;
        let task = spawn_blocking(move || {
            let conn = writer.connection();
            conn.batch_execute("PRAGMA busy_timeout = 100")?;
            let row: QueryResult<Checkpoint> = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn);
            conn.batch_execute("PRAGMA busy_timeout = 5000")?;
            Ok(row?.busy == 0)
        });
        let is_emptied: QueryResult<bool> = task.await.expect("a checkpoint does not panic");
        is_emptied.map_err(Error::from).inspect_err(|error| error.log())
    }

    fn lease(&self, home: &Idle, settings: &str, turn: Option<OwnedMutexGuard<()>>) -> Result<Lease, Error> {
        let idle = lock(home).pop();
        let connect = || {
            let mut conn = self.connect()?;
            conn.batch_execute(settings)?;
            Ok(conn)
        };
        let conn = idle.map_or_else(connect, Ok).map_err(|error: DieselError| Error::from(error));
        let conn = Some(conn.inspect_err(|error| error.log())?);
        Ok(Lease { conn, home: Arc::clone(home), is_relaxed: false, _turn: turn })
    }
}

/// A connection in use, which returns to `home` when dropped.
pub(super) struct Lease {
    conn: Option<SqliteConnection>,
    home: Idle,
    is_relaxed: bool,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Lease {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        self.conn.as_mut().expect("taken only when dropped")
    }

    /// Lets commits not wait for the disk while the connection is in use. The next one that does waits
    /// for these as well, since they are before it in the log.
    pub(super) fn relax(&mut self) {
        // If this fails, they wait.
        self.is_relaxed = self.connection().batch_execute("PRAGMA synchronous = NORMAL").is_ok();
    }

    pub(super) fn begin(&mut self) -> QueryResult<()> {
        AnsiTransactionManager::begin_transaction_sql(self.connection(), "BEGIN IMMEDIATE")
    }

    pub(super) fn commit(&mut self) -> QueryResult<()> {
        AnsiTransactionManager::commit_transaction(self.connection())
    }

    pub(super) fn roll_back(&mut self) -> QueryResult<()> {
        AnsiTransactionManager::rollback_transaction(self.connection())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A connection left inside a transaction, by a panic or a failed rollback, is closed
        // instead.
        if let Some(mut conn) = self.conn.take()
            && matches!(AnsiTransactionManager::transaction_manager_status_mut(&mut conn).transaction_depth(), Ok(None))
            && (!self.is_relaxed || conn.batch_execute("PRAGMA synchronous = FULL").is_ok())
        {
            lock(&self.home).push(conn);
        }
    }
}

fn lock(idle: &Idle) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
