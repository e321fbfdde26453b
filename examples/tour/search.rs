//! The stranger's look at the disk.

use std::path::Path;

use crate::disk::{self, Bytes};
use crate::show::{self, Teller};
use crate::{Outcome, check};

/// What must not be on the disk.
pub struct Secret {
    name: String,
    bytes: Vec<u8>,
}

impl Secret {
    pub fn new(text: &str) -> Self {
        Self::named(text, text)
    }

    pub fn named(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }

    /// Ends the tour if one of the files holds it.
    pub fn is_in_none_of(&self, files: &[Bytes]) -> Outcome {
        check(!files.iter().any(|file| file.hold(&self.bytes)), &format!("the disk does not have: {}", self.name))
    }
}

/// Searches the disk as it is now for the secrets, and for something that is none.
pub fn search(teller: &Teller, database: &Path, secrets: &[Secret]) -> Outcome {
    teller.chapter("What the disk knows");
    let files = disk::files(database)?;
    let names: Vec<String> = files.iter().map(|file| format!("{} ({} bytes)", file.name, file.len())).collect();
    teller.step(&format!(
        "The server is still running. Somebody copies its database, the log of the latest changes included, and searches \
         every byte: {}.",
        names.join(" and ")
    ));
    for secret in secrets {
        secret.is_in_none_of(&files)?;
        teller.lines(&format!("{:<44} not there", secret.name));
    }
    show::note("The search itself works; what is no secret it finds:");
    let policy = "privacy_policy";
    check(files.iter().any(|file| file.hold(policy.as_bytes())), "the accepted policy is on the disk")?;
    teller.lines(&format!("{policy:<44} there"));
    Ok(())
}

/// Shows one row of each table.
pub fn show_rows(teller: &Teller, database: &Path) -> Outcome {
    teller.step("This is the newest row of each table, as it lies there.");
    for row in disk::rows(database)? {
        show::note(&format!("{}: {}", row.table, meaning(&row.table)));
        for cell in row.cells {
            teller.cell(&cell.name, &shortened(&cell.value));
        }
    }
    show::note(
        "An address is encrypted (AES-256-GCM-SIV) before it reaches the database, and found again by a keyed fingerprint \
         (HMAC-SHA256). All keys come from master.key, which is not in the database. Look-ups are answered from memory: \
         their hashes never reach the disk.",
    );
    Ok(())
}

/// Why a table has what it has.
fn meaning(table: &str) -> &'static str {
    match table {
        "meta" => "a check value of the master key, by which a wrong one is refused, and the latest time seen.",
        "leases" => "which background work is done until when, so that two nodes do not do it twice.",
        "accounts" => "Mallory. The Matrix ID is sealed, and found by its fingerprint.",
        "tokens" => "the access token as its SHA-256: enough to recognise it, not to use it.",
        "consents" => "what was accepted. A policy is no secret; who it was stands behind a number.",
        "sessions" => "Bob's proof of his address. Address sealed, secret as a fingerprint. Deleted after a day.",
        "bindings" => "Bob's. Alice's row is deleted, not marked.",
        "rate_limits" => "how much somebody has looked up, or how many mails they caused: a time, not of what.",
        _ => "",
    }
}

fn shortened(value: &str) -> String {
    /// Characters of a blob that are shown: 31 bytes.
    const SHOWN: usize = 64;
    match value.strip_prefix("x ") {
        Some(hex) if value.len() > SHOWN => format!("{}… ({} bytes)", &value[..SHOWN], hex.len() / 2),
        _ => value.to_owned(),
    }
}
