//! Restoring a backup. Everything is verified before anything is changed.

use std::env;
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::archive::{self, Parts};
use super::draft::{DRAFT, Draft, folder_of};
use super::{Manifest, check_keys, refuse_existing, signing_keys};
use crate::clock::{Clock, Millis};
use crate::config::{Config, DatabaseUrl};
use crate::crypto::master_key::MasterKey;
use crate::error::StartError;
use crate::metrics::Metrics;
use crate::service::start::{self, in_words};
use crate::service::{Act, written_entry};
use crate::store::{Snapshot, Store, Tick, meta};

const IN_BACKUP: &str = "the signing keys in the backup";

/// The result of a restore.
#[derive(Debug)]
pub struct Restored {
    /// The description of the backup.
    pub manifest: Manifest,
    /// The files of the keys that were created.
    pub keys: Vec<PathBuf>,
    /// True if the backup is so old that this machine's clock had to be trusted.
    pub is_clock_accepted: bool,
}

/// A file of keys, and what it is to contain.
type KeyFile = (PathBuf, Zeroizing<String>);

/// The database that a backup is restored into.
pub(crate) enum Target {
    /// A file that does not exist.
    Sqlite(PathBuf),
    /// A database without rows.
    Postgres(Store),
}

/// Returns the configuration file in a backup.
///
/// # Errors
/// [`StartError`], for the operator.
pub fn config(file: &Path, passphrase: SecretString) -> Result<Zeroizing<String>, StartError> {
    let parts = archive::open(file, passphrase, None).map_err(|problem| unusable(file, &problem))?;
    let text = parts.config;
    text.ok_or_else(|| {
        StartError(format!("{} contains no configuration: it was made without --with-config", file.display()))
    })
}

/// Verifies a backup without restoring it. Returns what it contains, and whether the master key of
/// its database is in it or in the configuration.
///
/// # Errors
/// [`StartError`], for the operator.
pub fn check(config: &Config, file: &Path, passphrase: SecretString) -> Result<(Parts, bool), StartError> {
    let (parts, _, mut snapshot) = unpack(file, passphrase, &env::temp_dir())?;
    let master = match &parts.master_key {
        Some(text) => Some(master_key(text)?),
        None => start::master_key(&config.keys)?,
    };
    let signing = parts.signing_key.as_ref().map(|text| signing_keys(text, config, &IN_BACKUP)).transpose()?;
    check_keys(&mut snapshot, master.as_ref(), signing.as_ref(), &config.keys)?;
    Ok((parts, master.is_some()))
}

/// Restores a backup. With `signs_out`, no access token is restored.
///
/// # Errors
/// [`StartError`], for the operator. The database is empty then; keys that were created are kept,
/// and fit the next attempt.
pub async fn restore(
    config: &Config,
    file: &Path,
    passphrase: SecretString,
    signs_out: bool,
) -> Result<Restored, StartError> {
    let target = Target::vacant(config).await?;
    let (parts, draft, mut snapshot) = unpack(file, passphrase, &target.place()?)?;
    let (theirs, ours) = (&parts.manifest.server_name, &config.server.name);
    if theirs != ours.as_str() {
        let file = file.display();
        return Err(StartError(format!(
            "{file} belongs to {theirs}, but server.name is {ours}: addresses are bound in the name of a server, \
             which cannot change"
        )));
    }
    let (master, keys) = missing_keys(config, &parts, &mut snapshot)?;
    snapshot.forget_nodes().map_err(StartError)?;
    snapshot.end_sessions(signs_out).map_err(StartError)?;
    let now = Clock::system().now();
    let is_clock_accepted = snapshot.accept_time(now).map_err(StartError)?;
    let Manifest { made_at, made_by, .. } = &parts.manifest;
    let done = json!({
        "made_at": made_at,
        "made_by": made_by,
        "keys": !keys.is_empty(),
        "signed_out": signs_out,
        "clock_accepted": is_clock_accepted,
    });
    note(&mut snapshot, &master, now, done)?;
    // A database is of no use without its keys, but keys do no harm without a database.
    for (path, text) in &keys {
        create_key(path, text).map_err(|error| uncreated(path, &error))?;
    }
    target.fill(draft, snapshot, &|_| ()).await?;
    let keys = keys.into_iter().map(|(path, _)| path).collect();
    Ok(Restored { manifest: parts.manifest, keys, is_clock_accepted })
}

impl Target {
    /// Returns the target if nothing would be overwritten.
    pub(crate) async fn vacant(config: &Config) -> Result<Self, StartError> {
        match &config.database.url {
            DatabaseUrl::Sqlite(path) => {
                refuse_existing(path)?;
                // These files of a lost database do not belong to any other.
                for suffix in ["-wal", "-shm", "-journal"] {
                    let mut name = path.as_os_str().to_owned();
                    name.push(suffix);
                    refuse_existing(Path::new(&name))?;
                }
                Ok(Self::Sqlite(path.clone()))
            }
            DatabaseUrl::Postgres(_) => {
                let store = Store::connect(&config.database, &Metrics::default()).await.map_err(StartError)?;
                match store.remembered_key().await.map_err(in_words)? {
                    None => Ok(Self::Postgres(store)),
                    Some(_) => Err(StartError(
                        "the database in database.url is not empty, and nothing is overwritten: name an empty one"
                            .to_owned(),
                    )),
                }
            }
        }
    }

    /// Returns the folder where the database is unpacked.
    pub(crate) fn place(&self) -> Result<PathBuf, StartError> {
        match self {
            Self::Sqlite(path) => {
                make_folder(path).map_err(|error| uncreated(path, &error))?;
                Ok(folder_of(path).to_owned())
            }
            Self::Postgres(_) => Ok(env::temp_dir()),
        }
    }

    /// Fills the target completely or not at all.
    pub(crate) async fn fill(self, draft: Draft, mut snapshot: Snapshot, tick: Tick<'_>) -> Result<(), StartError> {
        match self {
            Self::Sqlite(path) => {
                drop(snapshot);
                draft.place(&path).map_err(|error| uncreated(&path, &error))
            }
            Self::Postgres(store) => {
                let prepared = store.migrate().await;
                prepared.map_err(|problem| StartError(format!("the tables cannot be created: {problem}")))?;
                store.fill_from(&mut snapshot, tick).await.map_err(StartError)
            }
        }
    }
}

/// Unpacks the database of a backup in a folder, and upgrades its tables.
fn unpack(file: &Path, passphrase: SecretString, place: &Path) -> Result<(Parts, Draft, Snapshot), StartError> {
    let draft = Draft::within(place).map_err(|error| uncreated(&place.join(DRAFT), &error))?;
    let unusable = |problem: String| unusable(file, &problem);
    let parts = archive::open(file, passphrase, Some(draft.file.as_file())).map_err(unusable)?;
    let mut snapshot = Snapshot::open(draft.file.path()).map_err(unusable)?;
    snapshot.check().map_err(unusable)?;
    if snapshot.rows().map_err(unusable)? != parts.manifest.rows {
        return Err(unusable("its rows differ from its manifest".to_owned()));
    }
    snapshot.migrate().map_err(|problem| unusable(format!("its tables cannot be upgraded: {problem}")))?;
    Ok((parts, draft, snapshot))
}

fn unusable(file: &Path, problem: &str) -> StartError {
    StartError(format!("{}: {problem}", file.display()))
}

fn uncreated(path: &Path, error: &io::Error) -> StartError {
    StartError(format!("{} cannot be created: {error}", path.display()))
}

/// Notes a restore in the audit log of a copy, so that neither is there without the other. A
/// version that kept no such log has made the copy if it has no key: the next start begins the log.
fn note(snapshot: &mut Snapshot, master: &MasterKey, now: Millis, done: Value) -> Result<(), StartError> {
    let Some(secret) = snapshot.meta(meta::AUDIT_KEY).map_err(StartError)? else { return Ok(()) };
    let former = snapshot.meta(meta::FORMER_KEYS).map_err(StartError)?;
    // The secret is sealed again in the transaction that exchanges the key.
    let vault = start::vault_of(master, former.as_deref(), false)?;
    let written = written_entry(&vault, &secret, now, Act::Restore, done);
    let (entry, mac) = written.ok_or_else(start::no_audit_key)?;
    snapshot.queue_entry(&entry, &mac).map_err(StartError)
}

/// Checks that the keys in place, or else those in the backup, belong to the database. Returns the
/// master key, and those that are not in place, with their files.
fn missing_keys(
    config: &Config,
    parts: &Parts,
    snapshot: &mut Snapshot,
) -> Result<(MasterKey, Vec<KeyFile>), StartError> {
    let mut missing = Vec::new();
    let mut of_backup = |kind: &str, text: &Option<Zeroizing<String>>, file: &Path| {
        let text = text.clone().ok_or_else(|| {
            let file = file.display();
            StartError(format!("the backup contains no keys, and there is no {kind} key at {file}: restore it first"))
        })?;
        missing.push((file.to_owned(), text.clone()));
        Ok::<_, StartError>(text)
    };
    let keys = &config.keys;
    let master = match start::master_key(keys)? {
        Some(key) => key,
        None => master_key(&of_backup("master", &parts.master_key, &keys.master_key_file)?)?,
    };
    let signing = match start::signing_keys(config)? {
        Some(signing) => signing,
        None => signing_keys(&of_backup("signing", &parts.signing_key, &keys.signing_key_file)?, config, &IN_BACKUP)?,
    };
    check_keys(snapshot, Some(&master), Some(&signing), keys)?;
    Ok((master, missing))
}

fn master_key(text: &str) -> Result<MasterKey, StartError> {
    MasterKey::parse(text).ok_or_else(|| StartError("the master key in the backup is not valid".to_owned()))
}

fn create_key(path: &Path, text: &str) -> io::Result<()> {
    make_folder(path)?;
    let mut draft = Draft::within(folder_of(path))?;
    draft.file.write_all(text.as_bytes())?;
    draft.place(path)
}

/// Creates the folder of a file, accessible only to its owner.
fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder_of(path))
}
