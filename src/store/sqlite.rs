//! `SQLite`: one file, any number of readers, one writer.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::{Connection, QueryResult, SqliteConnection};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::error::Error;

/// How long a write waits for its turn before the database counts as away.
const TURN: Duration = Duration::from_secs(5);

/// `synchronous = FULL`: what was acknowledged survives a power cut. `secure_delete`: what was deleted is overwritten.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;";

type Idle = Arc<Mutex<Vec<SqliteConnection>>>;

/// The database file.
#[derive(Clone)]
pub(super) struct Sqlite {
    path: PathBuf,
    readers: Idle,
    writers: Idle,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Sqlite {
    /// Opens the file, and makes it and its folder, for their owner alone, if they are absent.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let problem = |error: &dyn std::fmt::Display| format!("the SQLite file {}: {error}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| problem(&error))?;
        }
        // For its owner alone; `SQLite` gives its log and index files the same mode.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        made.map_err(|error| problem(&error))?;
        let sqlite = Self {
            path: path.to_owned(),
            readers: Idle::default(),
            writers: Idle::default(),
            turn: Arc::new(tokio::sync::Mutex::new(())),
        };
        let writer = sqlite.connect().map_err(|error| problem(&error))?;
        lock(&sqlite.writers).push(writer);
        Ok(sqlite)
    }

    fn connect(&self) -> Result<SqliteConnection, Box<dyn std::error::Error>> {
        let mut conn = SqliteConnection::establish(self.path.to_str().ok_or("the path is not UTF-8")?)?;
        conn.batch_execute(SETTINGS)?;
        Ok(conn)
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> Result<Lease, Error> {
        self.lease(&self.readers, "PRAGMA query_only = ON", None)
    }

    /// The connection that writes, when it is free.
    pub(super) async fn writer(&self) -> Result<Lease, Error> {
        let turn = timeout(TURN, self.turn.clone().lock_owned()).await.map_err(|_| Error::Away)?;
        self.lease(&self.writers, "", Some(turn))
    }

    /// Writes the log into the file and empties it.
    pub(super) async fn empty_log(&self) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        let done =
            tokio::task::spawn_blocking(move || writer.connection().batch_execute("PRAGMA wal_checkpoint(TRUNCATE)"));
        Ok(done.await.map_err(|_| Error::Away)??)
    }

    fn lease(&self, home: &Idle, settings: &str, turn: Option<OwnedMutexGuard<()>>) -> Result<Lease, Error> {
        let idle = lock(home).pop();
        let conn = if let Some(conn) = idle {
            conn
        } else {
            let mut conn = self.connect().map_err(|_| Error::Away)?;
            conn.batch_execute(settings)?;
            conn
        };
        Ok(Lease { conn: Some(conn), home: Arc::clone(home), _turn: turn })
    }
}

/// A connection in use; it goes home when dropped.
pub struct Lease {
    conn: Option<SqliteConnection>,
    home: Idle,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Lease {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        self.conn.as_mut().expect("it is only taken when dropped")
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
        // One that was left inside a transaction, by a panic or a failed rollback, is closed instead.
        let clean = |conn: &mut SqliteConnection| {
            matches!(AnsiTransactionManager::transaction_manager_status_mut(conn).transaction_depth(), Ok(None))
        };
        if let Some(mut conn) = self.conn.take()
            && clean(&mut conn)
        {
            lock(&self.home).push(conn);
        }
    }
}

fn lock(idle: &Idle) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
