//! The key store of a ma1sd: a directory or, in early versions, a file with one key.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::crypto::ephemeral::{EphemeralKey, decode_key};
use crate::import::opening::SourceError;

/// The longest key file that is read, in bytes. Those of a ma1sd have about a hundred.
const LONGEST: u64 = 4_096;

/// The content of a ma1sd's `key.path`.
#[derive(Default)]
pub struct KeyStore {
    /// The server's keys, each as a line `ed25519 <serial> <seed>`. The first one signs.
    pub server: Vec<Zeroizing<String>>,
    /// The public keys of its invitations.
    pub invitations: Vec<[u8; 32]>,
    /// The number of invitations' key files that are not valid.
    pub malformed: usize,
}

/// A key file.
#[derive(Deserialize)]
struct KeyFile {
    key: String,
}

/// The file that names the key that signs.
#[derive(Deserialize)]
struct Current {
    serial: String,
}

impl KeyStore {
    /// Reads a key store.
    ///
    /// # Errors
    /// [`SourceError`] if a file cannot be read, or one of the server's keys is not valid.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let is_directory = fs::metadata(path).map_err(|error| problem(path, &error.to_string()))?.is_dir();
        if !is_directory {
            let seed = read(path)?;
            return Ok(Self { server: vec![line(path, "0", seed.trim())?], ..Self::default() });
        }
        let current = path.join("current");
        let signs = if current.exists() {
            let text = read(&current)?;
            let parsed: Current = serde_json::from_str(&text).map_err(|error| problem(&current, &error.to_string()))?;
            Some(parsed.serial)
        } else {
            None
        };
        let mut store = Self::default();
        for file in files(&path.join("regular/ed25519"))? {
            let serial = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let line = line(&file, &serial, &seed(&file)?)?;
            let place = if signs.as_ref() == Some(&serial) { 0 } else { store.server.len() };
            store.server.insert(place, line);
        }
        if store.server.is_empty() {
            return Err(problem(path, "this has no keys in regular/ed25519, so it is not the key store of a ma1sd"));
        }
        for file in files(&path.join("ephemeral/ed25519"))? {
            match seed(&file).ok().and_then(|seed| EphemeralKey::parse(&seed)) {
                Some(key) => store.invitations.push(key.public_bytes()),
                None => store.malformed += 1,
            }
        }
        Ok(store)
    }
}

/// Returns one of the server's keys as a line of our key file.
fn line(path: &Path, serial: &str, seed: &str) -> Result<Zeroizing<String>, SourceError> {
    if decode_key(seed).is_none() {
        return Err(problem(path, "this is not the key of a ma1sd"));
    }
    Ok(Zeroizing::new(format!("ed25519 {serial} {seed}")))
}

fn seed(path: &Path) -> Result<Zeroizing<String>, SourceError> {
    let file: KeyFile = serde_json::from_str(&read(path)?).map_err(|error| problem(path, &error.to_string()))?;
    Ok(Zeroizing::new(file.key))
}

/// Returns the files of a directory in the order of their names, or none if it does not exist.
fn files(directory: &Path) -> Result<Vec<PathBuf>, SourceError> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| problem(directory, &error.to_string()))?;
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Zeroizing<String>, SourceError> {
    let failed = |error: std::io::Error| problem(path, &error.to_string());
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(problem(path, "this is not a key file"));
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

fn problem(path: &Path, text: &str) -> SourceError {
    SourceError(format!("{}: {text}", path.display()))
}
