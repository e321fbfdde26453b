//! Searching a copy of the disk, as somebody who has stolen it would.

use std::path::Path;

use crate::disk::{self, FileBytes};
use crate::show::{self, Narrator};
use crate::{Outcome, check};

/// Something that must not be on the disk.
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

    /// Fails the tour if one of the files contains it.
    pub fn is_in_none_of(&self, files: &[FileBytes]) -> Outcome {
        check(!files.iter().any(|file| file.contains(&self.bytes)), &format!("the disk does not contain {}", self.name))
    }
}

/// Searches the disk for the secrets, and for something that is not secret.
pub fn search(narrator: &Narrator, database: &Path, secrets: &[Secret]) -> Outcome {
    narrator.chapter("What is on the disk");
    let files = disk::files(database)?;
    let names: Vec<String> = files.iter().map(|file| format!("{} ({} bytes)", file.name, file.len())).collect();
    narrator.step(&format!(
        "The server is still running. Someone copies its database, including the log of the latest changes, and searches every \
         byte: {}.",
        names.join(" and ")
    ));
    for secret in secrets {
        secret.is_in_none_of(&files)?;
        narrator.lines(&format!("{:<44} not found", secret.name));
    }
    show::note("The search itself works: it finds something that is not secret.");
    let policy = "privacy_policy";
    check(files.iter().any(|file| file.contains(policy.as_bytes())), "the accepted policy is on the disk")?;
    narrator.lines(&format!("{policy:<44} found"));
    Ok(())
}

/// Shows one row of each table.
pub fn show_rows(narrator: &Narrator, database: &Path) -> Outcome {
    narrator.step("This is the newest row of each table, as stored.");
    for row in disk::rows(database)? {
        show::note(&format!("{}: {}", row.table, meaning(&row.table)));
        for cell in row.cells {
            narrator.cell(&cell.name, &shortened(&cell.value));
        }
    }
    show::note(
        "An address is encrypted (AES-256-GCM-SIV) before it is stored, and indexed by a keyed fingerprint (HMAC-SHA256). All \
         keys are derived from master.key, which is not in the database. Look-ups are answered from memory. What a \
         token has looked up is stored sealed with the token itself.",
    );
    Ok(())
}

/// Explains the contents of a table.
fn meaning(table: &str) -> &'static str {
    match table {
        "meta" => "a check value, to detect a wrong master key, and the latest time at which the server was running.",
        "leases" => "which background work a node has claimed until when, so that two nodes do not both do it.",
        "accounts" => "Mallory. The Matrix ID is encrypted, and indexed by its fingerprint.",
        "tokens" => "the hash of the access token: enough to recognize it, but not to use it.",
        "consents" => "what was accepted. A policy is not secret; the account is a number.",
        "sessions" => {
            "Bob's proof of his address. The address is encrypted, the secret a fingerprint. Deleted after a day."
        }
        "bindings" => "Bob's binding. Alice's row has been deleted, not just marked as such.",
        "rate_limits" => {
            "how much someone has looked up, or how many mails they have caused, as a time. Not what, or to whom."
        }
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
