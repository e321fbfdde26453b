//! Starting: keys, database, documents, and what watches over them.

use std::sync::Arc;

use super::Vouch;
use super::accounts::Bearers;
use super::spending::Purse;
use crate::clock::{Clock, MINUTE};
use crate::config::{Config, Database, Keys};
use crate::crypto::master_key::MasterKey;
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::Vault;
use crate::error::StartError;
use crate::federation::Federation;
use crate::identity::budget::Seen;
use crate::identity::directory::Directories;
use crate::identity::pepper::Peppers;
use crate::identity::policy::Policies;
use crate::notify::mail::Mailer;
use crate::store::{Store, meta};
use crate::texts::Texts;

/// How many looked-up addresses are remembered at most (twice this, at some 10 bytes each).
const SEEN: usize = 20_000_000;

impl Vouch {
    /// Opens everything that is needed, makes what is absent, and brings the schema up to date.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn open(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        let texts = Arc::new(Texts::load(&config.texts).map_err(in_words)?);
        let policies = Arc::new(Policies::load(config.terms.directory.as_deref()).map_err(in_words)?);
        let brand = Arc::new(crate::brand::Brand::load(&config.brand).map_err(in_words)?);
        let federation = Federation::new(&config.federation, clock.clone()).map_err(in_words)?;
        let mailer = Mailer::new(&config.mail, &config.brand).map_err(in_words)?;
        let (store, vault) = open_store(&config.database, &config.keys, &clock).await?;
        let (signing, made) =
            SigningKeys::read_or_make(&config.keys.signing_key_file, &config.server.name).map_err(in_words)?;
        if made {
            log::info!("made the signing key {}", config.keys.signing_key_file.display());
        }
        let peppers = Peppers::new(vault.pepper_key(), config.lookup.pepper_period);
        Ok(Arc::new(Self {
            clock,
            signing,
            policies,
            texts,
            brand,
            store,
            vault,
            peppers,
            directories: Directories::default(),
            federation,
            mailer,
            bearers: Bearers::default(),
            seen: Seen::new(SEEN),
            purse: Purse::default(),
            config,
        }))
    }

    /// Whether the database answers.
    pub async fn is_database_answering(&self) -> bool {
        self.store.is_answering().await
    }
}

/// Opens the database with its master key. A key is only made for a database that has never seen one, and another key
/// than the database's is refused before anything is written.
async fn open_store(database: &Database, keys: &Keys, clock: &Clock) -> Result<(Store, Vault), StartError> {
    let store = Store::connect(database).await.map_err(StartError)?;
    let remembered = store.remembered_key().await.map_err(in_words)?;
    let key = match (master_key(keys)?, &remembered) {
        (Some(key), _) => key,
        (None, None) => {
            let key = MasterKey::make(&keys.master_key_file).map_err(in_words)?;
            log::info!("made the master key {}; keep a copy apart from the database's", keys.master_key_file.display());
            key
        }
        (None, Some(_)) => {
            let file = keys.master_key_file.display();
            return Err(StartError(format!(
                "the database was made with a master key, but there is none at {file}: restore it, or set keys.master_key_file"
            )));
        }
    };
    let vault = Vault::new(&key);
    check_key(remembered.as_deref(), &vault)?;
    store
        .migrate()
        .await
        .map_err(|problem| StartError(format!("the schema could not be brought up to date: {problem}")))?;
    let check = vault.check_value().to_vec();
    let remembered = store.write(async move |conn| meta::get_or_set(conn, meta::MASTER_KEY_CHECK, &check).await);
    // Another node may have started in the same moment, with another key.
    check_key(Some(&remembered.await.map_err(in_words)?), &vault)?;
    set_clock(&store, clock).await?;
    Ok((store, vault))
}

fn master_key(keys: &Keys) -> Result<Option<MasterKey>, StartError> {
    match &keys.master_key {
        Some(text) => {
            let key = MasterKey::parse(text);
            key.map(Some)
                .ok_or_else(|| StartError("keys.master_key is no master key: expected 32 bytes in base64".into()))
        }
        None => MasterKey::read(&keys.master_key_file).map_err(in_words),
    }
}

fn check_key(remembered: Option<&[u8]>, vault: &Vault) -> Result<(), StartError> {
    if remembered.is_none_or(|remembered| remembered == vault.check_value()) {
        return Ok(());
    }
    Err(StartError("the database was made with another master key than this one; nothing was changed".into()))
}

/// A clock that was set back since the last run stands still until it has caught up.
async fn set_clock(store: &Store, clock: &Clock) -> Result<(), StartError> {
    let mut conn = store.read().await.map_err(in_words)?;
    let Some(latest) = meta::latest_time(&mut conn).await.map_err(in_words)? else { return Ok(()) };
    let behind = latest - clock.now();
    if behind > MINUTE {
        log::error!(
            "the clock is {} s behind what was seen before; until it has caught up, time stands still",
            behind / 1000
        );
    }
    clock.not_before(latest);
    Ok(())
}

fn in_words(error: impl std::fmt::Display) -> StartError {
    StartError(error.to_string())
}
