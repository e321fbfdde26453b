//! Files: who can read secrets, where the server must be able to write, and how much space is left.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use rustix::process::geteuid;

use super::{Context, Finding, secret_files};
use crate::config::{DatabaseUrl, MailTransport, Route};
use crate::crypto::{base62, key_file};

/// The number of bytes below which writes will soon fail.
const TOO_LITTLE: u64 = 64 << 20;
/// The number of bytes below which it is time to make room.
const LITTLE: u64 = 1 << 30;

/// Checks that this user can read the keys and all files with secrets, and that others cannot.
pub(super) fn secrets(context: &Context) -> Finding {
    let config = &context.config;
    let mut keys = vec![config.keys.signing_key_file.clone()];
    if config.keys.master_key.is_none() {
        keys.push(config.keys.master_key_file.clone());
    }
    keys.extend(config.server.tls.as_ref().map(|files| files.key.clone()));
    if let DatabaseUrl::Sqlite(path) = &config.database.url {
        keys.push(path.clone());
    }
    let others = secret_files(context);
    let (mut unreadable, mut open, mut shared, mut foreign) = (Vec::new(), Vec::new(), Vec::new(), false);
    for (file, is_key) in keys.iter().map(|file| (file, true)).chain(others.iter().map(|file| (file, false))) {
        match File::open(file).and_then(|file| file.metadata()) {
            Ok(metadata) => {
                let shown = format!("{} (mode {:o})", file.display(), metadata.mode() & 0o777);
                foreign |= metadata.uid() != 0;
                match metadata.mode() {
                    mode if mode & 0o007 != 0 => open.push(shown),
                    _ if is_key && key_file::is_exposed(&metadata) => shared.push(shown),
                    _ => {}
                }
            }
            // The checks of the database report what is missing.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => unreadable.push(format!("{} ({error})", file.display())),
        }
    }
    if !open.is_empty() {
        let found = format!("every user of this machine can open {}", open.join(", "));
        Finding::problem(found, "run `chmod o-rwx` on each, and replace the secret if somebody may have read it")
    } else if !unreadable.is_empty() {
        let found = format!("this user cannot read {}", unreadable.join(", "));
        Finding::problem(found, "run this as the server's user, or make that user the owner of the files")
    } else if !shared.is_empty() {
        let found = format!("a group can open {}", shared.join(", "));
        Finding::warning(found, "run `chmod 600` on each, unless the group is meant to")
    } else if geteuid().is_root() && foreign {
        let found = "nobody else can read them, but this runs as root, which can read everything";
        Finding::warning(found, "run this as the server's user to see what that user can read")
    } else {
        Finding::ok("nobody else can read keys and secrets")
    }
}

/// Returns the folders to which the server writes.
fn written(context: &Context) -> Vec<PathBuf> {
    let config = &context.config;
    let mut folders = Vec::new();
    if let DatabaseUrl::Sqlite(path) = &config.database.url {
        folders.push(folder_of(path));
    }
    if let MailTransport::Directory(path) = &config.mail.transport {
        folders.push(path.clone());
    }
    if config.sms.routes().contains(&Route::Directory) {
        folders.push(config.sms.directory.clone());
    }
    folders
}

fn folder_of(file: &Path) -> PathBuf {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Checks the folders to which the server writes.
pub(super) fn folders(context: &Context) -> Finding {
    let folders = written(context);
    let faults: Vec<_> = folders.iter().filter_map(|folder| fault(folder)).collect();
    if !faults.is_empty() {
        let remedy = "create the folder, make the server's user its owner, and make sure that it is writable";
        return Finding::problem(faults.join("\n"), remedy);
    }
    let names: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    match names.as_slice() {
        [] => Finding::ok("the server writes no files"),
        names => Finding::ok(format!("{} can be written", names.join(", "))),
    }
}

/// Creates a file and removes it; returns the reason if that fails.
fn fault(folder: &Path) -> Option<String> {
    let file = folder.join(format!(".doctor-{}", base62::random(12)));
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
    let removed = created.and_then(|_| fs::remove_file(&file));
    removed.err().map(|error| format!("{} cannot be written: {error}", folder.display()))
}

/// Checks the space in these folders, and in that of the signing key, whose file is replaced as a
/// whole.
pub(super) fn space(context: &Context) -> Finding {
    let mut folders = written(context);
    folders.push(folder_of(&context.config.keys.signing_key_file));
    let least = folders.iter().filter_map(|folder| Some((free(folder)?, folder))).min_by_key(|(free, _)| *free);
    let Some((free, folder)) = least else { return Finding::skipped("there is no folder to check") };
    let found = format!("{} MiB are free in {}", free >> 20, folder.display());
    let remedy = "make room: without it, nothing can be bound, sent or erased";
    match free {
        ..TOO_LITTLE => Finding::problem(found, remedy),
        TOO_LITTLE..LITTLE => Finding::warning(found, remedy),
        _ => Finding::ok(found),
    }
}

/// Returns the number of bytes that this user can still write.
fn free(folder: &Path) -> Option<u64> {
    let state = statvfs(folder).ok().filter(|state| state.f_blocks > 0)?;
    Some(state.f_bavail.saturating_mul(state.f_frsize))
}
