//! Starting the server: configuration files, keys, database.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use super::clock_guard::ClockGuard;
pub(crate) use super::node::ALIVE;
use super::sealing::Sealer;
use super::{Services, audit, key_exchange, respelling};
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl, Keys};
use crate::content::Content;
use crate::crypto::master_key::MasterKey;
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::{AuditKeys, Vault};
use crate::error::StartError;
use crate::federation::Federation;
use crate::identity::policy::Policies;
use crate::metrics::Metrics;
use crate::notify::mail::Mailer;
use crate::notify::sms::SmsSender;
use crate::store::{self, Schema, Store, meta};
use crate::texts::Texts;

/// The files and tables that a start has created because they were missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The file of the master key.
    pub master_key: bool,
    /// The file of the signing key.
    pub signing_key: bool,
    /// The tables, and on `SQLite` their file.
    pub database: bool,
}

/// The treatment of missing keys and a missing database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    Made,
    Refused,
}

/// The data read from files before anything is created or connected to.
pub(super) struct Documents {
    pub content: Content,
    pub federation: Federation,
    pub mailer: Mailer,
    pub sms_sender: SmsSender,
}

impl Services {
    /// Opens everything that a server needs, creates anything that is missing, and upgrades the
    /// schema.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn open(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        // On the heap, since the start's state would otherwise be part of every future that awaits
        // it.
        Box::pin(Self::open_with(config, clock, Absent::Made)).await
    }

    /// Opens what a server has created, for an operator's command. It creates nothing: if something
    /// is missing, the operator is in the wrong folder or has forgotten `--config`.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn open_existing(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        Box::pin(Self::open_with(config, clock, Absent::Refused)).await
    }

    /// Opens what a server has created, for inspection: nothing is changed, and the clock may be
    /// wrong.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn look(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        let (clock, metrics) = (clock.of_node(), Arc::new(Metrics::default()));
        let documents = Documents::load(&config, &clock, &metrics).map_err(|problems| StartError::all(&problems))?;
        let opened = Box::pin(open_unchanged(&config, &clock, metrics)).await?;
        Ok(Arc::new(Self::new(config, clock, documents, opened)))
    }

    /// Reads every file that is read at startup, and creates none.
    ///
    /// # Errors
    /// All problems that would prevent a start, as far as they can be found in this way.
    pub(crate) fn read(config: &Config) -> Result<Content, Vec<StartError>> {
        let documents = Documents::load(config, &Clock::system(), &Metrics::default());
        let keys = [master_key(&config.keys).err(), signing_keys(config).err()];
        let (content, mut problems) = match documents {
            Ok(documents) => (Some(documents.content), Vec::new()),
            Err(problems) => (None, problems),
        };
        problems.extend(keys.into_iter().flatten());
        content.filter(|_| problems.is_empty()).ok_or(problems)
    }

    async fn open_with(config: Config, clock: Clock, absent: Absent) -> Result<Arc<Self>, StartError> {
        let (clock, metrics) = (clock.of_node(), Arc::new(Metrics::default()));
        let documents = Documents::load(&config, &clock, &metrics).map_err(|problems| StartError::all(&problems))?;
        let opened = Box::pin(open_store(&config, &clock, metrics, absent)).await?;
        if absent == Absent::Made {
            documents.mailer.make_directory().map_err(in_words)?;
            documents.sms_sender.make_directory().map_err(in_words)?;
        }
        let services = Self::new(config, clock, documents, opened);
        if absent == Absent::Made {
            services.audit.note_start(&services.config).await.map_err(in_words)?;
        }
        Ok(Arc::new(services))
    }
}

impl Documents {
    /// Reads all of them, so that every problem is reported at once.
    fn load(config: &Config, clock: &Clock, metrics: &Metrics) -> Result<Self, Vec<StartError>> {
        let mut problems = Vec::new();
        let texts = keep(&mut problems, Texts::load(&config.texts.default_language, config.texts.directory.as_deref()));
        let policies = keep(&mut problems, Policies::load(config.terms.directory.as_deref()));
        let federation = keep(&mut problems, Federation::new(&config.federation, clock.clone(), metrics));
        let mailer = keep(&mut problems, Mailer::new(&config.mail, clock.clone(), metrics));
        let sms_sender = keep(&mut problems, SmsSender::new(&config.sms, clock.clone(), metrics));
        match (texts, policies, federation, mailer, sms_sender) {
            (Some(texts), Some(policies), Some(federation), Some(mailer), Some(sms_sender)) => {
                let content = Content { brand: config.brand.clone(), texts, policies };
                Ok(Self { content, federation, mailer, sms_sender })
            }
            _ => Err(problems),
        }
    }
}

fn keep<T>(problems: &mut Vec<StartError>, result: Result<T, impl Display>) -> Option<T> {
    result.map_err(|problem| problems.push(in_words(problem))).ok()
}

/// The database and the keys that belong to it.
pub(super) struct Opened {
    pub store: Store,
    pub vault: Arc<Vault>,
    pub audit: AuditKeys,
    pub signing: SigningKeys,
    pub made: Made,
    pub clock_guard: ClockGuard,
    pub metrics: Arc<Metrics>,
}

/// Connects to the database. Also returns the check value of its master key, or `None` for a new
/// database.
async fn connect(config: &Config, metrics: &Metrics, absent: Absent) -> Result<(Store, Option<Vec<u8>>), StartError> {
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
    let store = Store::connect(&config.database, metrics).await.map_err(StartError)?;
    let remembered = store.remembered_key().await.map_err(in_words)?;
    if remembered.is_none() && refused {
        return Err(StartError("no server has used this database yet: is database.url the server's?".into()));
    }
    Ok((store, remembered))
}

impl ClockGuard {
    /// Opens what a server has created, without acting on the time.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn open_existing(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let (store, _) = connect(config, &Metrics::default(), Absent::Refused).await?;
        Ok(Self::new(config, store, clock))
    }
}

/// Opens the database and its keys. Keys are created only for a new database, and a master key
/// other than the database's is refused before anything is written.
async fn open_store(
    config: &Config,
    clock: &Clock,
    metrics: Arc<Metrics>,
    absent: Absent,
) -> Result<Opened, StartError> {
    let refused = absent == Absent::Refused;
    let (store, remembered) = connect(config, &metrics, absent).await?;
    let mut made = Made { database: remembered.is_none(), ..Made::default() };
    let (master, signing) = match &remembered {
        Some(check) => (database_key(&config.keys, check)?, existing_signing_keys(config)?),
        None => keys(config, &mut made)?,
    };
    let vault = match &remembered {
        Some(check) => open_vault(&store, &master, check).await?,
        None => Vault::new(&master),
    };
    let vault = Arc::new(vault);
    store.follow_keys(&vault, refused);
    store.migrate().await.map_err(|problem| StartError(format!("the schema could not be upgraded: {problem}")))?;
    let check = vault.check_value().to_vec();
    let remembered = store.write(async move |conn| meta::get_or_set(conn, meta::MASTER_KEY_CHECK, &check).await);
    // Another node may have started at the same time with another key.
    check_key(Some(&remembered.await.map_err(in_words)?), &vault)?;
    sign_with_last(&store, &signing, &config.keys).await?;
    let sealing = Arc::clone(&vault);
    let audit = store
        .write(async move |conn| audit::open(conn, &sealing).await)
        .await
        .map_err(|error: store::Error| in_words(error))?;
    let audit = audit.ok_or_else(no_audit_key)?;
    let clock_guard = ClockGuard::new(config, store.clone(), clock.clone());
    let judged = clock_guard.judge().await.map_err(in_words)?;
    if refused {
        // A command ends before the clock could be corrected.
        judged.map_err(in_words)?;
    }
    let keys_until = clock.now() + config.retention.ephemeral_key;
    respelling::respell(&store, &Sealer::new(vault.clone()), keys_until).await.map_err(in_words)?;
    Ok(Opened { store, vault, audit, signing, made, clock_guard, metrics })
}

/// Opens the database and its keys, and changes neither.
async fn open_unchanged(config: &Config, clock: &Clock, metrics: Arc<Metrics>) -> Result<Opened, StartError> {
    let (store, remembered) = connect(config, &metrics, Absent::Refused).await?;
    let check = remembered.unwrap_or_default();
    let (master, signing) = (database_key(&config.keys, &check)?, existing_signing_keys(config)?);
    let vault = Arc::new(open_vault(&store, &master, &check).await?);
    store.follow_keys(&vault, true);
    check_schema(&store).await?;
    let audit = audit::opened(&mut store.read().await.map_err(in_words)?, &vault).await.map_err(in_words)?;
    let audit = audit.ok_or_else(no_audit_key)?;
    let clock_guard = ClockGuard::new(config, store.clone(), clock.clone());
    Ok(Opened { store, vault, audit, signing, made: Made::default(), clock_guard, metrics })
}

/// Checks that the schema is the one that this program needs.
pub(crate) async fn check_schema(store: &Store) -> Result<(), StartError> {
    let problem = match store.schema().await.map_err(in_words)? {
        Schema::Current => return Ok(()),
        Schema::Older(missing) => {
            format!("the database lacks {missing} migrations of this version: restart the server, which upgrades it")
        }
        Schema::Newer(unknown) => {
            format!(
                "a newer version has upgraded the database ({unknown} migrations are unknown): install that version"
            )
        }
    };
    Err(StartError(problem))
}

/// Connects to a database that a server has used.
pub(crate) async fn connect_existing(config: &Config) -> Result<(Store, Option<Vec<u8>>), StartError> {
    connect(config, &Metrics::default(), Absent::Refused).await
}

/// Reads the master key of a database in use, and puts it in its place, as [`find_key`] does not.
fn database_key(keys: &Keys, check: &[u8]) -> Result<MasterKey, StartError> {
    let found = find_key(keys, check)?;
    // Whoever may not write the file leaves that to the server.
    let _ = key_exchange::replace_file(keys, check);
    Ok(found)
}

/// Reads the master key of a database in use, which has this check value: perhaps it was exchanged
/// when the server ended, and waits in its file.
pub(super) fn find_key(keys: &Keys, check: &[u8]) -> Result<MasterKey, StartError> {
    let master = existing_master_key(keys)?;
    Ok(key_exchange::next_key(keys)?.filter(|next| next.check_value() == check).unwrap_or(master))
}

/// Derives the keys of a database in use, with the former master keys that it stores.
pub(super) async fn open_vault(store: &Store, master: &MasterKey, check: &[u8]) -> Result<Vault, StartError> {
    check_key(Some(check), &Vault::new(master))?;
    let mut conn = store.read().await.map_err(in_words)?;
    let former = meta::get(&mut conn, meta::FORMER_KEYS).await.map_err(in_words)?;
    let is_moving = meta::get(&mut conn, meta::KEY_EXCHANGE).await.map_err(in_words)?.is_some();
    vault_of(master, former.as_deref(), is_moving)
}

/// Derives the keys of a database that stores these former master keys. If it `is_moving`, values
/// of the last of them may be left.
pub(crate) fn vault_of(master: &MasterKey, former: Option<&[u8]>, is_moving: bool) -> Result<Vault, StartError> {
    let Some(former) = former else { return Ok(Vault::new(master)) };
    let problem = |_| StartError("the former master keys in the database do not open with the current one".to_owned());
    Vault::with_former(master, former, is_moving).map_err(problem)
}

pub(crate) fn existing_master_key(keys: &Keys) -> Result<MasterKey, StartError> {
    master_key(keys)?.ok_or_else(|| missing("master", &keys.master_key_file, "master_key_file"))
}

pub(crate) fn existing_signing_keys(config: &Config) -> Result<SigningKeys, StartError> {
    signing_keys(config)?.ok_or_else(|| missing("signing", &config.keys.signing_key_file, "signing_key_file"))
}

pub(crate) fn no_audit_key() -> StartError {
    StartError("the key of the audit log is missing in the database, or was sealed with another master key".into())
}

fn missing(kind: &str, file: &Path, setting: &str) -> StartError {
    let file = file.display();
    StartError(format!(
        "the database was made with a {kind} key, but there is none at {file}: restore it, or set keys.{setting}"
    ))
}

/// Reads the keys for a new database, and creates those that are missing.
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

pub(crate) fn signing_keys(config: &Config) -> Result<Option<SigningKeys>, StartError> {
    SigningKeys::read(&config.keys.signing_key_file, &config.server.name).map_err(in_words)
}

pub(crate) fn master_key(keys: &Keys) -> Result<Option<MasterKey>, StartError> {
    match &keys.master_key {
        Some(key) => Ok(Some(key.clone())),
        None => MasterKey::read(&keys.master_key_file).map_err(in_words),
    }
}

pub(crate) fn check_key(remembered: Option<&[u8]>, vault: &Vault) -> Result<(), StartError> {
    if remembered.is_none_or(|remembered| remembered == vault.check_value()) {
        return Ok(());
    }
    Err(StartError(
        "the database was made with another master key than this one, or that was exchanged; nothing was changed"
            .into(),
    ))
}

/// Checks that the key which signed last is known.
pub(crate) fn check_known(signing: &SigningKeys, last: &[u8], keys: &Keys) -> Result<(), StartError> {
    if signing.knows(&String::from_utf8_lossy(last)) {
        return Ok(());
    }
    Err(StartError(format!(
        "the database was used with a signing key that is not in {}: restore it there, or add it as a further line",
        keys.signing_key_file.display()
    )))
}

/// Checks that the key which signed last is in this node's file, and signs with it.
async fn sign_with_last(store: &Store, signing: &SigningKeys, keys: &Keys) -> Result<(), StartError> {
    let ours = signing.current().1.into_bytes();
    let last = store.write(async move |conn| meta::get_or_set(conn, meta::SIGNING_KEY, &ours).await);
    let last = last.await.map_err(in_words)?;
    check_known(signing, &last, keys)?;
    signing.sign_with(&String::from_utf8_lossy(&last));
    Ok(())
}

pub(crate) fn in_words(error: impl Display) -> StartError {
    StartError(error.to_string())
}
