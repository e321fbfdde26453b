//! Inspecting the database and its keys one by one, without changing anything.

use std::sync::Arc;

use super::clock_guard::ClockGuard;
use super::sealing::Sealer;
use super::start::{self, in_words};
use super::{Audit, AuditState, audit};
use crate::clock::{Clock, Evidence, Wrong};
use crate::config::{Config, Keys};
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::Vault;
use crate::error::StartError;
use crate::store::{Error as StoreError, Schema, Store, accounts, meta, rekeying};

/// The number of accounts that are opened to check the master key.
const SAMPLE: i64 = 10;

/// A database that a server has used.
pub struct Inspection {
    store: Store,
    remembered: Option<Vec<u8>>,
    clock: Clock,
    clock_guard: ClockGuard,
}

/// What was found with a master key that is the database's.
pub struct KeyCheck {
    /// How many values were opened.
    pub opened: usize,
    /// How many rows the exchange of the key has not renewed, if there is one.
    pub rows_of_former_key: Option<i64>,
}

impl Inspection {
    /// Connects to the database.
    ///
    /// # Errors
    /// [`StartError`] if it cannot be reached, or no server has used it yet.
    pub async fn open(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let (store, remembered) = start::connect_existing(config).await?;
        let clock_guard = ClockGuard::new(config, store.clone(), clock.clone());
        Ok(Self { store, remembered, clock, clock_guard })
    }

    /// Compares the schema with the one that this program needs.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        self.store.schema().await
    }

    /// Returns the readings of the clocks, and what is wrong with this machine's.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub async fn clock(&self) -> Result<(Evidence, Option<Wrong>), StoreError> {
        let (seen, _, wrong) = self.clock_guard.look().await?;
        Ok((seen, wrong))
    }

    /// Opens some of the stored values with the master key.
    ///
    /// # Errors
    /// [`StartError`] if there is no key, or another one.
    pub async fn master_key(&self, keys: &Keys) -> Result<KeyCheck, StartError> {
        let vault = Arc::new(self.vault(keys).await?);
        let sealer = Sealer::new(vault.clone());
        let mut conn = self.store.read().await.map_err(in_words)?;
        let sample = accounts::first(&mut conn, SAMPLE).await.map_err(in_words)?;
        if sample.iter().any(|account| sealer.open_account(account).is_err()) {
            return Err(StartError(
                "the stored values cannot be opened with this key: rows were changed or mixed up".into(),
            ));
        }
        let rows_of_former_key = rekeying::rows_left(&mut conn, &vault).await.map_err(in_words)?;
        Ok(KeyCheck { opened: sample.len(), rows_of_former_key })
    }

    /// Derives the keys of the database from the master key.
    async fn vault(&self, keys: &Keys) -> Result<Vault, StartError> {
        let check = self.remembered.as_deref().unwrap_or_default();
        start::open_vault(&self.store, &start::find_key(keys, check)?, check).await
    }

    /// Returns the state of the audit log, with keys that fit the database.
    ///
    /// # Errors
    /// [`StartError`] if the keys do not fit, or the database fails.
    pub async fn audit(&self, config: &Config) -> Result<AuditState, StartError> {
        let vault = self.vault(&config.keys).await?;
        let signing = start::existing_signing_keys(config)?;
        let mut conn = self.store.read().await.map_err(in_words)?;
        let keys = audit::opened(&mut conn, &vault).await.map_err(in_words)?.ok_or_else(start::no_audit_key)?;
        drop(conn);
        let (store, clock, name) = (self.store.clone(), self.clock.clone(), config.server.name.clone());
        Audit::new(store, clock, keys, Arc::new(signing), name).state().await.map_err(in_words)
    }

    /// Returns the ID and the public half of the key that is meant to sign.
    ///
    /// # Errors
    /// [`StartError`] if there is none.
    pub fn public_key(&self, config: &Config) -> Result<(String, String), StartError> {
        let signing = start::existing_signing_keys(config)?;
        let (id, public) = signing.first();
        Ok((id.to_owned(), public))
    }

    /// Returns the ID of the key that signs, if the file also has the one that signed last.
    ///
    /// # Errors
    /// [`StartError`] otherwise.
    pub async fn signing_key(&self, config: &Config) -> Result<String, StartError> {
        let signing: SigningKeys = start::existing_signing_keys(config)?;
        let mut conn = self.store.read().await.map_err(in_words)?;
        let last = meta::get(&mut conn, meta::SIGNING_KEY).await.map_err(in_words)?.unwrap_or_default();
        start::check_known(&signing, &last, &config.keys)?;
        signing.sign_with(&String::from_utf8_lossy(&last));
        Ok(signing.current().0.to_owned())
    }
}
