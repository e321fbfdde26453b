//! Copying the whole database.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::task::spawn_blocking;

use super::{Kind, Store};
use crate::store::snapshot::Snapshot;
use crate::store::transfer::{self, Contents, Tick};

impl Store {
    /// Copies the database, as of a single moment and with the tables that it has, into an empty
    /// file. Servers can run at the same time.
    ///
    /// # Errors
    /// A text for the operator.
    ///
    /// # Panics
    /// If copying panics.
    pub async fn copy_to(&self, file: &Path, tick: Tick<'_>) -> Result<(), String> {
        match &self.kind {
            Kind::Postgres(postgres) => {
                transfer::out(&mut postgres.client().await?, &mut Snapshot::open(file)?, tick).await
            }
            Kind::Sqlite(sqlite) => {
                let (sqlite, file) = (sqlite.clone(), file.to_owned());
                spawn_blocking(move || sqlite.copy_to(&file)).await.expect("copying does not panic")
            }
        }
    }

    /// Fills all tables of an empty `PostgreSQL` database, or none. A snapshot is already a
    /// `SQLite` database.
    ///
    /// # Errors
    /// A text for the operator.
    pub async fn fill_from(&self, snapshot: &mut Snapshot, tick: Tick<'_>) -> Result<(), String> {
        match &self.kind {
            Kind::Postgres(postgres) => transfer::into(&mut postgres.client().await?, snapshot, tick).await,
            Kind::Sqlite(_) => Err("a SQLite database is restored as a file".to_owned()),
        }
    }

    /// Returns the contents of each table at one moment, without the data that changes even while
    /// nobody does anything: the nodes, their leases, and the latest time.
    ///
    /// # Errors
    /// A text for the operator.
    pub async fn contents(&self, tick: Tick<'_>) -> Result<BTreeMap<String, Contents>, String> {
        match &self.kind {
            Kind::Postgres(postgres) => transfer::contents(&mut postgres.client().await?, tick).await,
            Kind::Sqlite(sqlite) => transfer::contents_of(&mut sqlite.snapshot()?, tick),
        }
    }
}
