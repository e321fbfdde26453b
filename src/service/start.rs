//! Starting: keys, database, documents, and what watches over them.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use super::Services;
use crate::clock::{Clock, MINUTE};
use crate::config::{Config, DatabaseUrl, Keys};
use crate::crypto::master_key::MasterKey;
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::Vault;
use crate::error::StartError;
use crate::federation::Federation;
use crate::identity::policy::Policies;
use crate::notify::mail::Mailer;
use crate::notify::sms::SmsSender;
use crate::store::{Store, meta};
use crate::texts::Texts;

/// What a start has made because it was absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The file of the master key.
    pub master_key: bool,
    /// The file of the signing key.
    pub signing_key: bool,
    /// The tables, and on `SQLite` their file.
    pub database: bool,
}

/// What becomes of keys and database that are absent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    Made,
    Refused,
}

/// What is read from files, before anything is made or connected to.
pub(super) struct Documents {
    pub texts: Arc<Texts>,
    pub policies: Arc<Policies>,
    pub federation: Federation,
    pub mailer: Mailer,
    pub sms_sender: SmsSender,
}

impl Services {
    /// Opens everything that a server needs, makes what is absent, and brings the schema up to date.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn open(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        // On the heap: all that a start holds would be part of each future that waits for it.
        Box::pin(Self::open_with(config, clock, Absent::Made)).await
    }

    /// Opens what a server has made, for the operator's command beside it. Where there is nothing, nothing is made: the operator is
    /// in the wrong folder, or forgot to name the configuration.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn open_existing(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        Box::pin(Self::open_with(config, clock, Absent::Refused)).await
    }

    /// What would stop a start, as far as it can be told by reading files alone.
    #[must_use]
    pub fn check(config: &Config) -> Vec<StartError> {
        let mut problems = Documents::load(config, &Clock::system()).err().unwrap_or_default();
        problems.extend(master_key(&config.keys).err());
        problems.extend(signing_keys(config).err());
        problems
    }

    async fn open_with(config: Config, clock: Clock, absent: Absent) -> Result<Arc<Self>, StartError> {
        let documents = Documents::load(&config, &clock).map_err(|problems| StartError::all(&problems))?;
        let opened = open_store(&config, &clock, absent).await?;
        if absent == Absent::Made {
            documents.mailer.make_directory().map_err(in_words)?;
            documents.sms_sender.make_directory().map_err(in_words)?;
        }
        Ok(Arc::new(Self::new(config, clock, documents, opened)))
    }
}

impl Documents {
    /// Reads them all, so that the operator is told of every problem at once.
    fn load(config: &Config, clock: &Clock) -> Result<Self, Vec<StartError>> {
        let mut problems = Vec::new();
        let texts = keep(&mut problems, Texts::load(&config.texts.default_language, config.texts.directory.as_deref()));
        let policies = keep(&mut problems, Policies::load(config.terms.directory.as_deref()));
        let federation = keep(&mut problems, Federation::new(&config.federation, clock.clone()));
        let mailer = keep(&mut problems, Mailer::new(&config.mail, &config.brand, clock.clone()));
        let sms_sender = keep(&mut problems, SmsSender::new(&config.sms, clock.clone()));
        match (texts, policies, federation, mailer, sms_sender) {
            (Some(texts), Some(policies), Some(federation), Some(mailer), Some(sms_sender)) => {
                Ok(Self { texts: Arc::new(texts), policies: Arc::new(policies), federation, mailer, sms_sender })
            }
            _ => Err(problems),
        }
    }
}

fn keep<T>(problems: &mut Vec<StartError>, result: Result<T, impl Display>) -> Option<T> {
    result.map_err(|problem| problems.push(in_words(problem))).ok()
}

/// What keeps a person's data, and what reads it.
pub(super) struct Opened {
    pub store: Store,
    pub vault: Vault,
    pub signing: SigningKeys,
    pub made: Made,
}

/// Opens the database with its keys. Keys are only made for a database that has never seen any, and another master key
/// than the database's is refused before anything is written.
async fn open_store(config: &Config, clock: &Clock, absent: Absent) -> Result<Opened, StartError> {
    let refused = absent == Absent::Refused;
    if let DatabaseUrl::Sqlite(path) = &config.database.url
        && refused
        && !path.exists()
    {
        let path = path.display();
        return Err(StartError(format!(
            "there is no database at {path}: run this where the server runs, with the same configuration"
        )));
    }
    let store = Store::connect(&config.database).await.map_err(StartError)?;
    let remembered = store.remembered_key().await.map_err(in_words)?;
    if remembered.is_none() && refused {
        return Err(StartError("no server has used this database yet: is database.url the server's?".into()));
    }
    let mut made = Made { database: remembered.is_none(), ..Made::default() };
    let (master, signing) = match remembered {
        Some(_) => existing_keys(config)?,
        None => keys(config, &mut made)?,
    };
    let vault = Vault::new(&master);
    check_key(remembered.as_deref(), &vault)?;
    store
        .migrate()
        .await
        .map_err(|problem| StartError(format!("the schema could not be brought up to date: {problem}")))?;
    let check = vault.check_value().to_vec();
    let remembered = store.write(async move |conn| meta::get_or_set(conn, meta::MASTER_KEY_CHECK, &check).await);
    // Another node may have started in the same moment, with another key.
    check_key(Some(&remembered.await.map_err(in_words)?), &vault)?;
    check_signing_key(&store, &signing, &config.keys).await?;
    set_clock(&store, clock).await?;
    Ok(Opened { store, vault, signing, made })
}

/// The keys of a database that is in use: with others it would be lost, or nobody would believe what it signs.
fn existing_keys(config: &Config) -> Result<(MasterKey, SigningKeys), StartError> {
    let missing = |kind, file: &Path, setting| {
        let file = file.display();
        StartError(format!(
            "the database was made with a {kind} key, but there is none at {file}: restore it, or set keys.{setting}"
        ))
    };
    let (master_file, signing_file) = (&config.keys.master_key_file, &config.keys.signing_key_file);
    let master = master_key(&config.keys)?.ok_or_else(|| missing("master", master_file, "master_key_file"))?;
    let signing = signing_keys(config)?.ok_or_else(|| missing("signing", signing_file, "signing_key_file"))?;
    Ok((master, signing))
}

/// The keys for a new database, made where there are none.
fn keys(config: &Config, made: &mut Made) -> Result<(MasterKey, SigningKeys), StartError> {
    let signing = if let Some(keys) = signing_keys(config)? {
        keys
    } else {
        made.signing_key = true;
        SigningKeys::make(&config.keys.signing_key_file, &config.server.name).map_err(in_words)?
    };
    let master = if let Some(key) = master_key(&config.keys)? {
        key
    } else {
        made.master_key = true;
        MasterKey::make(&config.keys.master_key_file).map_err(in_words)?
    };
    Ok((master, signing))
}

fn signing_keys(config: &Config) -> Result<Option<SigningKeys>, StartError> {
    SigningKeys::read(&config.keys.signing_key_file, &config.server.name).map_err(in_words)
}

fn master_key(keys: &Keys) -> Result<Option<MasterKey>, StartError> {
    match &keys.master_key {
        Some(key) => Ok(Some(key.clone())),
        None => MasterKey::read(&keys.master_key_file).map_err(in_words),
    }
}

fn check_key(remembered: Option<&[u8]>, vault: &Vault) -> Result<(), StartError> {
    if remembered.is_none_or(|remembered| remembered == vault.check_value()) {
        return Ok(());
    }
    Err(StartError("the database was made with another master key than this one; nothing was changed".into()))
}

/// What one node signs, all must know: the key that signed last is among those of the file, and the one that signs now is remembered.
async fn check_signing_key(store: &Store, signing: &SigningKeys, keys: &Keys) -> Result<(), StartError> {
    let current = signing.current().1.into_bytes();
    let ours = current.clone();
    let remembered = store.write(async move |conn| meta::get_or_set(conn, meta::SIGNING_KEY, &ours).await);
    let remembered = remembered.await.map_err(in_words)?;
    if !signing.knows(&String::from_utf8_lossy(&remembered)) {
        return Err(StartError(format!(
            "the database was used with a signing key that is not in {}: restore it there, or add it as a further line",
            keys.signing_key_file.display()
        )));
    }
    if remembered != current {
        let set = store.write_one(async move |conn| meta::set(conn, meta::SIGNING_KEY, &current).await);
        set.await.map_err(in_words)?;
    }
    Ok(())
}

/// A clock that was set back since the last run stands still until it has caught up.
async fn set_clock(store: &Store, clock: &Clock) -> Result<(), StartError> {
    let mut conn = store.read().await.map_err(in_words)?;
    let Some(latest) = meta::latest_time(&mut conn).await.map_err(in_words)? else { return Ok(()) };
    let behind = latest - clock.now();
    if behind > MINUTE {
        log::error!(
            "the clock is {} s behind what was seen before; until it has caught up, time stands still (if what was seen was wrong, \
             stop every node and remove the row \"latest_time\" from the table \"meta\")",
            behind / 1000
        );
    }
    clock.not_before(latest);
    Ok(())
}

fn in_words(error: impl Display) -> StartError {
    StartError(error.to_string())
}
