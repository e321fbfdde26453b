//! Backups: copying the database to one sealed file, and restoring it into an empty database.
//!
//! The copy is always a `SQLite` file, so that a backup of either kind of database can be restored
//! into both. Tables of earlier versions are upgraded before anything is changed.

mod archive;
mod draft;
mod restoring;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

pub use archive::Parts;
pub(crate) use draft::Draft;
pub(crate) use restoring::Target;
pub use restoring::{check, config, restore};

use crate::clock::{Clock, Millis};
use crate::config::{Config, Keys};
use crate::crypto::key_file;
use crate::crypto::master_key::MasterKey;
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::Vault;
use crate::error::StartError;
use crate::service::start::{self, in_words};
use crate::store::{Snapshot, meta};
use draft::folder_of;

/// The description of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the archive.
    pub format: u64,
    /// The time at which the backup was made.
    pub made_at: Millis,
    /// The version of Vouch that made it.
    pub made_by: String,
    /// The name of the server that the database belongs to.
    pub server_name: String,
    /// The number of rows in each table.
    pub rows: BTreeMap<String, i64>,
}

impl Manifest {
    /// Returns how many rows a table has.
    #[must_use]
    pub fn rows(&self, table: &str) -> i64 {
        self.rows.get(table).copied().unwrap_or_default()
    }
}

/// The contents of a backup other than the database.
pub struct Contents {
    /// True if it contains the keys.
    pub keys: bool,
    /// The configuration file that it contains.
    pub config: Option<PathBuf>,
}

/// Writes a backup of the database to a new file, and returns its contents. Servers can run at the
/// same time.
///
/// # Errors
/// [`StartError`], for the operator. No file remains then.
///
/// # Panics
/// If sealing panics.
pub async fn make(
    config: &Config,
    contents: Contents,
    file: &Path,
    passphrase: SecretString,
) -> Result<Manifest, StartError> {
    refuse_existing(file)?;
    let (store, _) = start::connect_existing(config).await?;
    let failed = |problem: String| StartError(format!("no backup was made: {problem}"));
    let unwritable = |error: io::Error| failed(format!("{} cannot be written: {error}", file.display()));
    let draft = || Draft::within(folder_of(file)).map_err(unwritable);
    let (copy, sealed) = (draft()?, draft()?);
    // Later changes may be missing.
    let made_at = Clock::system().now();
    let copied = store.copy_to(copy.file.path(), &|_| ()).await;
    copied.map_err(|problem| failed(format!("the database cannot be copied: {problem}")))?;
    let (config, copied) = (config.clone(), copy.file.path().to_owned());
    let output = sealed.file.reopen().map_err(unwritable)?;
    // Runs on another thread, so that the drafts are deleted at once if the caller gives up.
    let sealing = spawn_blocking(move || seal(&config, &contents, made_at, &copied, &output, passphrase));
    let manifest = sealing.await.expect("sealing does not panic").map_err(|StartError(problem)| failed(problem))?;
    sealed.place(file).map_err(unwritable)?;
    Ok(manifest)
}

/// Checks a copy of the database, and seals it with the other contents.
fn seal(
    config: &Config,
    contents: &Contents,
    made_at: Millis,
    copy: &Path,
    output: &File,
    passphrase: SecretString,
) -> Result<Manifest, StartError> {
    let mut snapshot = Snapshot::open(copy).map_err(StartError)?;
    snapshot.check().map_err(StartError)?;
    let (master_key, signing_key) = contents.keys.then(|| keys(&mut snapshot, config)).transpose()?.unzip();
    let manifest = Manifest {
        format: archive::FORMAT,
        made_at,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        server_name: config.server.name.to_string(),
        rows: snapshot.rows().map_err(StartError)?,
    };
    drop(snapshot);
    let config = contents.config.as_deref().map(read).transpose()?;
    let parts = Parts { manifest, master_key, signing_key, config };
    let sealed = File::open(copy).and_then(|database| archive::seal(output, passphrase, &parts, &database));
    sealed.map_err(|error| StartError(format!("it cannot be written: {error}")))?;
    Ok(parts.manifest)
}

/// Returns the contents of the files of the master key and of the signing keys, if they belong to
/// the database.
fn keys(snapshot: &mut Snapshot, config: &Config) -> Result<(Zeroizing<String>, Zeroizing<String>), StartError> {
    let (keys, file) = (&config.keys, &config.keys.signing_key_file);
    let master = start::existing_master_key(keys)?;
    let text = key_file::read(file).map_err(in_words)?;
    let text = text.ok_or_else(|| StartError(format!("there is no signing key at {}", file.display())))?;
    let signing = signing_keys(&text, config, &file.display())?;
    check_keys(snapshot, Some(&master), Some(&signing), keys)?;
    Ok((master.to_text(), text))
}

fn read(file: &Path) -> Result<Zeroizing<String>, StartError> {
    fs::read_to_string(file).map(Zeroizing::new).map_err(|error| StartError(format!("{}: {error}", file.display())))
}

fn refuse_existing(file: &Path) -> Result<(), StartError> {
    match fs::symlink_metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StartError(format!("{}: {error}", file.display()))),
        Ok(_) => Err(StartError(format!("{} exists already, and nothing is overwritten", file.display()))),
    }
}

/// Checks that keys belong to a database.
fn check_keys(
    snapshot: &mut Snapshot,
    master: Option<&MasterKey>,
    signing: Option<&SigningKeys>,
    keys: &Keys,
) -> Result<(), StartError> {
    let mut meta = |name| snapshot.meta(name).map_err(StartError);
    if let Some(master) = master {
        start::check_key(Some(&meta(meta::MASTER_KEY_CHECK)?.unwrap_or_default()), &Vault::new(master))?;
    }
    match (signing, meta(meta::SIGNING_KEY)?) {
        (Some(signing), Some(last)) => start::check_known(signing, &last, keys),
        _ => Ok(()),
    }
}

fn signing_keys(text: &str, config: &Config, place: &dyn std::fmt::Display) -> Result<SigningKeys, StartError> {
    SigningKeys::parse(text, &config.server.name).map_err(|problem| StartError(format!("{place}: {problem}")))
}
