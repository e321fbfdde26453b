//! Unfinished files.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use rustix::process::geteuid;
use tempfile::{Builder, NamedTempFile, TempDir};

/// With what the names of the folders of drafts begin.
pub(super) const DRAFT: &str = ".vouch-draft-";

/// An unfinished file, which only its owner can read, in a folder of its own. Both are deleted when
/// dropped; if the process is killed, by the next one that works in the same place.
pub(super) struct Draft {
    /// The file.
    pub(super) file: NamedTempFile,
    _folder: TempDir,
    /// Shows that the folder is in use. The file itself is not locked, because `SQLite` locks it in
    /// its own way.
    _lock: File,
}

impl Draft {
    /// Creates an empty file.
    pub(super) fn within(place: &Path) -> io::Result<Self> {
        for abandoned in fs::read_dir(place)?.flatten().filter(is_abandoned) {
            // Another process may be faster.
            let _ = fs::remove_dir_all(abandoned.path());
        }
        let folder = Builder::new().prefix(DRAFT).tempdir_in(place)?;
        let lock = File::open(folder.path())?;
        // Where folders cannot be locked, none is taken for abandoned.
        let _ = lock.try_lock();
        Ok(Self { file: NamedTempFile::new_in(folder.path())?, _folder: folder, _lock: lock })
    }

    /// Gives the file its name, unless there is one with this name; what a power cut leaves is the
    /// whole file or none. If root does this, the file belongs to whom its folder belongs: the
    /// server may run as another user.
    pub(super) fn place(self, path: &Path) -> io::Result<()> {
        let folder = folder_of(path);
        // SQLite may have written it through another handle: what is synchronised is the file.
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
