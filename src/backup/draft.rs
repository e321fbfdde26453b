//! Unfinished files.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use rustix::process::geteuid;
use tempfile::{Builder, NamedTempFile, TempDir};

/// The prefix of the names of folders that hold drafts.
pub(super) const DRAFT: &str = ".vouch-draft-";

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
        for abandoned in fs::read_dir(place)?.flatten().filter(is_abandoned) {
            // Another process may have deleted it first.
            let _ = fs::remove_dir_all(abandoned.path());
        }
        let folder = Builder::new().prefix(DRAFT).tempdir_in(place)?;
        let lock = File::open(folder.path())?;
        // Where folders cannot be locked, none is treated as abandoned.
        let _ = lock.try_lock();
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

fn is_abandoned(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(DRAFT.as_bytes())
        && entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == geteuid().as_raw())
        && File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok())
}

/// Returns the folder of a file.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
