//! The file: a tar archive, sealed by [age](https://age-encryption.org/v1) with a passphrase, so
//! that `age --decrypt FILE | tar --extract` opens it too. Small parts come first.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::iter;
use std::path::Path;

use age::scrypt::{Identity, Recipient};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor};
use serde::de::Error as _;
use serde_json::Value;
use tar::{Archive, Builder, EntryType, Header};
use zeroize::Zeroizing;

use super::Manifest;
use crate::clock::SECOND;

/// The work factor of the passphrase. Deriving the key takes 128 MiB of memory and about half a
/// second, for us once and for an attacker with each guess. Files that take up to 1 GiB can be
/// opened.
const WORK: u8 = 17;
const MOST_WORK: u8 = 20;

/// The version of the archive format, as in the manifest.
pub(super) const FORMAT: u64 = 1;

const MANIFEST: &str = "manifest.json";
const MASTER_KEY: &str = "master.key";
const SIGNING_KEY: &str = "signing.key";
const CONFIG: &str = "vouch.toml";
const DATABASE: &str = "vouch.db";

/// The maximum size of any part except the database, in bytes.
const LARGEST: u64 = 4 << 20;

/// The contents of an archive other than the database.
pub struct Parts {
    /// The description of the archive.
    pub manifest: Manifest,
    /// The text of the master key's file.
    pub master_key: Option<Zeroizing<String>>,
    /// The text of the signing keys' file.
    pub signing_key: Option<Zeroizing<String>>,
    /// The configuration file.
    pub config: Option<Zeroizing<String>>,
}

/// Writes an archive.
pub(super) fn seal(output: &File, passphrase: SecretString, parts: &Parts, mut database: &File) -> io::Result<()> {
    let mut recipient = Recipient::new(passphrase);
    recipient.set_work_factor(WORK);
    let encryptor =
        Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient)).map_err(io::Error::other)?;
    let mut tar = Builder::new(encryptor.wrap_output(output)?);
    let manifest = serde_json::to_vec_pretty(&parts.manifest)?;
    let texts = [(MASTER_KEY, &parts.master_key), (SIGNING_KEY, &parts.signing_key), (CONFIG, &parts.config)];
    let texts = texts.iter().filter_map(|(name, text)| text.as_ref().map(|text| (*name, text.as_bytes())));
    for (name, bytes) in iter::once((MANIFEST, manifest.as_slice())).chain(texts) {
        tar.append_data(&mut header(&parts.manifest, bytes.len() as u64), name, bytes)?;
    }
    tar.append_data(&mut header(&parts.manifest, database.metadata()?.len()), DATABASE, &mut database)?;
    tar.into_inner()?.finish()?.sync_all()
}

fn header(manifest: &Manifest, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(manifest.made_at / SECOND).unwrap_or_default());
    header.set_size(size);
    header
}

/// Reads an archive and writes its database to `database`. Without that argument, it reads only the
/// parts that precede the database.
///
/// # Errors
/// Describes what is wrong with the archive, or why the database could not be written.
pub(super) fn open(path: &Path, passphrase: SecretString, mut database: Option<&File>) -> Result<Parts, String> {
    let input = File::open(path).map_err(|error| error.to_string())?;
    let length = input.metadata().map_err(|error| error.to_string())?.len();
    let mut archive = Archive::new(unsealed(input, passphrase)?);
    let mut parts = None;
    let mut has_database = false;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let name = entry.path().map_err(damaged)?.to_string_lossy().into_owned();
        match (name.as_str(), &mut parts) {
            (MANIFEST, parts @ None) => {
                let manifest = manifest(&text(&mut entry)?)?;
                *parts = Some(Parts { manifest, master_key: None, signing_key: None, config: None });
            }
            (MASTER_KEY, Some(parts)) => parts.master_key = Some(text(&mut entry)?),
            (SIGNING_KEY, Some(parts)) => parts.signing_key = Some(text(&mut entry)?),
            (CONFIG, Some(parts)) => parts.config = Some(text(&mut entry)?),
            (DATABASE, Some(_)) if !has_database => {
                let Some(output) = database.take() else { break };
                if length < entry.size() {
                    return Err(format!("it was cut short: it has {length} bytes of more than {}", entry.size()));
                }
                copy(&mut entry, output)?;
                has_database = true;
            }
            _ => return Err(UNKNOWN.to_owned()),
        }
    }
    // The end is sealed as well.
    if has_database {
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    } else if database.is_some() {
        return Err(UNKNOWN.to_owned());
    }
    parts.ok_or_else(|| UNKNOWN.to_owned())
}

const UNKNOWN: &str = "it is sealed with this passphrase, but `vouch backup` did not write it";

fn unsealed(input: File, passphrase: SecretString) -> Result<impl Read, String> {
    let mut identity = Identity::new(passphrase);
    identity.set_max_work_factor(MOST_WORK);
    let opened = Decryptor::new_buffered(BufReader::new(input));
    opened.and_then(|it| it.decrypt(iter::once(&identity as &dyn age::Identity))).map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => "the passphrase is wrong".to_owned(),
        DecryptError::NoMatchingKeys => "it is sealed with a key and not with a passphrase".to_owned(),
        DecryptError::InvalidMac => damaged(error),
        DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => error.to_string(),
        DecryptError::ExcessiveWork { .. } => error.to_string(),
        _ => "it is not a backup that `vouch backup` wrote, or was cut short".to_owned(),
    })
}

/// Parses the manifest. Other formats may have other fields, so the format is checked first.
fn manifest(text: &str) -> Result<Manifest, String> {
    let parsed = serde_json::from_str::<Value>(text).and_then(|value| {
        let format = value["format"].as_u64().ok_or_else(|| serde_json::Error::custom("the format is missing"))?;
        Ok(if format > FORMAT { None } else { Some(serde_json::from_value(value)?) })
    });
    match parsed {
        Ok(Some(manifest)) => Ok(manifest),
        Ok(None) => Err("it was made by a newer version of Vouch: restore it with that one, or a newer one".to_owned()),
        Err(error) => Err(format!("{UNKNOWN} ({MANIFEST}: {error})")),
    }
}

fn text(entry: &mut impl Read) -> Result<Zeroizing<String>, String> {
    let mut text = Zeroizing::new(String::new());
    entry.take(LARGEST).read_to_string(&mut text).map_err(damaged)?;
    Ok(text)
}

fn copy(input: &mut impl Read, mut output: &File) -> Result<(), String> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = input.read(&mut buffer).map_err(damaged)?;
        if read == 0 {
            return Ok(());
        }
        let written = output.write_all(&buffer[..read]);
        written.map_err(|error| format!("the database in it cannot be unpacked: {error}"))?;
    }
}

fn damaged(error: impl std::fmt::Display) -> String {
    format!("it is damaged: it was cut short or altered after it was made ({error})")
}
