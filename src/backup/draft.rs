//! Unfinished files.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use rustix::process::geteuid;
use tempfile::{Builder, NamedTempFile, TempDir};

/// The prefix of the names of folders that hold drafts.
pub(super) const DRAFT: &str = ".vouch-draft-";

/// The number of attempts to create a folder that no other process deletes before it is locked.
const ATTEMPTS: u32 = 20;

/// An unfinished file in a separate folder, readable only by its owner. Both are deleted when
/// dropped or, if the process is killed, by the next process that works in the same place.
pub(crate) struct Draft {
    /// The file.
    pub(crate) file: NamedTempFile,
    _folder: TempDir,
    /// Shows that the folder is in use. The file itself is not locked, because `SQLite` locks it in
    /// its own way.
    _lock: File,
}

impl Draft {
    /// Creates an empty file.
    pub(crate) fn within(place: &Path) -> io::Result<Self> {
        remove_abandoned(place)?;
        for _ in 1..ATTEMPTS {
            match Self::new_in(place) {
                // It was taken for abandoned before it was locked.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => return done,
            }
        }
        Self::new_in(place)
    }

    fn new_in(place: &Path) -> io::Result<Self> {
        let folder = Builder::new().prefix(DRAFT).tempdir_in(place)?;
        let lock = File::open(folder.path())?;
        // Where folders cannot be locked, none is treated as abandoned. Only a process that is
        // about to delete the folder can have locked it, so this does not wait for long.
        let _ = lock.lock();
        Ok(Self { file: NamedTempFile::new_in(folder.path())?, _folder: folder, _lock: lock })
    }

    /// Gives the file its name, unless a file of that name exists. After a power cut, either the
    /// whole file exists or none. If root does this, the file gets the owner of its folder, since
    /// the server may run as another user.
    pub(super) fn place(self, path: &Path) -> io::Result<()> {
        let folder = folder_of(path);
        // SQLite may have written the file through another handle, so the file itself is
        // synchronised.
        let file = OpenOptions::new().write(true).open(self.file.path())?;
        if geteuid().is_root() {
            let owner = fs::metadata(folder)?;
            fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
        }
        file.sync_all()?;
        self.file.persist_noclobber(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }
}

/// Deletes the folders of processes that were killed. Each is locked until it is gone, so that
/// nobody begins to use it meanwhile.
fn remove_abandoned(place: &Path) -> io::Result<()> {
    for entry in fs::read_dir(place)?.flatten().filter(is_ours) {
        if let Ok(folder) = File::open(entry.path())
            && folder.try_lock().is_ok()
        {
            // Another process may have deleted it first.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn is_ours(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(DRAFT.as_bytes())
        && entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == geteuid().as_raw())
}

/// Returns the folder of a file.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn drafts_at_the_same_time_do_not_delete_each_other() {
        let place = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let draft = Draft::within(place.path()).unwrap();
                        fs::write(draft.file.path(), "unfinished").unwrap();
                        thread::yield_now();
                        assert_eq!(fs::read_to_string(draft.file.path()).unwrap(), "unfinished");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_folder_of_a_killed_process_is_deleted() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join(".vouch-draft-killed")).unwrap();
        let draft = Draft::within(place.path()).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        drop(draft);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
