//! Files that hold a secret: read whole, or made once, readable by their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::base62;

/// A key file could not be read, made or understood.
#[derive(Debug)]
pub struct KeyFileError {
    path: PathBuf,
    problem: String,
}

impl KeyFileError {
    /// An error about the file at `path`.
    pub(super) fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }
}

impl std::fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "key file {}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for KeyFileError {}

/// The text of the file, or `None` if there is none. If others than its owner may read it, that is logged.
///
/// # Errors
/// If the file is there and cannot be read.
pub fn read(path: &Path) -> Result<Option<Zeroizing<String>>, KeyFileError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeyFileError::new(path, error.to_string())),
    };
    let mode = fs::metadata(path).map_err(|error| KeyFileError::new(path, error.to_string()))?.permissions().mode();
    if mode & 0o077 != 0 {
        log::warn!("{} can be read by others (mode {:o}); `chmod 600` it", path.display(), mode & 0o777);
    }
    Ok(Some(text))
}

/// Makes the file with `text`, mode 0600, its folder 0700 if it is new, and returns what the file holds afterwards: `text`, or
/// what another process has put there in the same moment.
///
/// # Errors
/// If the file cannot be written.
pub fn make(path: &Path, text: Zeroizing<String>) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |error: io::Error| KeyFileError::new(path, format!("cannot be made: {error}"));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let draft = folder.join(format!(".key-{}", base62::random(12)));
    let linked = write_draft(&draft, &text).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match linked {
        Ok(()) => {
            removed.and_then(|()| File::open(folder)?.sync_all()).map_err(failed)?;
            Ok(text)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| KeyFileError::new(path, "vanished while it was read"))
        }
        Err(error) => Err(failed(error)),
    }
}

fn write_draft(draft: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_make_a_key_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/one.key");
        assert!(read(&path).unwrap().is_none());
        assert_eq!(*make(&path, Zeroizing::new("first".into())).unwrap(), "first");
        assert_eq!(*make(&path, Zeroizing::new("second".into())).unwrap(), "first");
        assert_eq!(*read(&path).unwrap().unwrap(), "first");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
