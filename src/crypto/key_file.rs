//! Files that contain a secret: created once, replaced as a whole, and readable only by their
//! owner.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use zeroize::Zeroizing;

use super::base62;

/// A key file cannot be read, created or parsed.
#[derive(Debug)]
pub struct KeyFileError {
    path: PathBuf,
    problem: String,
}

impl KeyFileError {
    /// Creates an error about the file at `path`.
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

/// Returns whether users other than the owner may read a file. If the file belongs to somebody
/// else, the group through which this process reads it is allowed, since Kubernetes mounts secrets
/// that way.
#[must_use]
pub fn is_exposed(file: &Metadata) -> bool {
    let others = if file.uid() == geteuid().as_raw() { 0o077 } else { 0o007 };
    file.mode() & others != 0
}

/// Returns the text of the file, or `None` if it does not exist. Logs a warning if others may read
/// it ([`is_exposed`]).
///
/// # Errors
/// If the file exists but cannot be read.
pub fn read(path: &Path) -> Result<Option<Zeroizing<String>>, KeyFileError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeyFileError::new(path, error.to_string())),
    };
    let metadata = fs::metadata(path).map_err(|error| KeyFileError::new(path, error.to_string()))?;
    if is_exposed(&metadata) {
        let mode = metadata.mode() & 0o777;
        log::warn!("{} can be read by others (mode {mode:o}); run `chmod 600` on it", path.display());
    }
    Ok(Some(text))
}

/// Creates the file with `text` and mode 0600, and its directory with mode 0700 if necessary.
/// Returns the text of the file, which is different if another process created it at the same time.
///
/// # Errors
/// If the file cannot be written.
pub fn create(path: &Path, text: Zeroizing<String>) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |error: io::Error| KeyFileError::new(path, format!("cannot be created: {error}"));
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
            read(path)?.ok_or_else(|| KeyFileError::new(path, "disappeared while it was being read"))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Replaces the text of the file with the result of `change` and returns it. A missing file
/// (`None`) is created. The file is replaced atomically, and concurrent changes are made one after
/// another. The owner is kept, since the server may run as a different user, and so is the group's
/// read permission; others lose theirs.
///
/// # Errors
/// If `change` fails, which leaves the file as it was, or if the file cannot be read or written.
pub fn change(
    path: &Path,
    change: impl Fn(Option<&str>) -> Result<Zeroizing<String>, String>,
) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |error: io::Error| KeyFileError::new(path, format!("cannot be changed: {error}"));
    let objected = |problem| KeyFileError::new(path, problem);
    loop {
        if !path.try_exists().map_err(failed)? {
            let text = change(None).map_err(objected)?;
            if create(path, text.clone())? == text {
                return Ok(text);
            }
            // Another process created it at the same time.
            continue;
        }
        // Replaces the target of a symbolic link, not the link.
        let real = fs::canonicalize(path).map_err(failed)?;
        let folder = File::open(real.parent().unwrap_or(Path::new("/"))).map_err(failed)?;
        folder.lock().map_err(failed)?;
        let Some(text) = read(&real)? else { continue };
        let changed = change(Some(&text)).map_err(objected)?;
        if changed != text {
            replace(&real, &changed).and_then(|()| folder.sync_all()).map_err(failed)?;
        }
        return Ok(changed);
    }
}

/// Replaces the file at `path` with one that contains `text`.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let old = fs::metadata(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.new"));
    // Left behind when a process was killed.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => write_draft(&draft, text)?,
    }
    let file = File::open(&draft)?;
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(Permissions::from_mode(0o600 | (old.mode() & 0o040)))?;
    file.sync_all()?;
    fs::rename(&draft, path)
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
    fn the_first_process_to_create_a_key_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/one.key");
        assert!(read(&path).unwrap().is_none());
        assert_eq!(*create(&path, Zeroizing::new("first".into())).unwrap(), "first");
        assert_eq!(*create(&path, Zeroizing::new("second".into())).unwrap(), "first");
        assert_eq!(*read(&path).unwrap().unwrap(), "first");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    fn add(path: &Path, line: &str) -> Result<Zeroizing<String>, KeyFileError> {
        change(path, |text| Ok(Zeroizing::new(format!("{line}{}", text.unwrap_or_default()))))
    }

    #[test]
    fn concurrent_changes_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.key");
        std::thread::scope(|scope| {
            for n in 0..16 {
                let path = &path;
                scope.spawn(move || add(path, &format!("{n}\n")).unwrap());
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
        lines.sort_unstable();
        assert_eq!(lines, (0..16).collect::<Vec<_>>());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_changed_file_grants_no_new_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.key");
        fs::write(&path, "old\n").unwrap();
        for (before, after) in [(0o644, 0o640), (0o600, 0o600), (0o400, 0o600), (0o666, 0o640)] {
            fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
            add(&path, "new\n").unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, after, "{before:o}");
        }
        // Only root can change the owner, which must then be kept.
        if std::os::unix::fs::chown(&path, Some(1234), Some(4321)).is_ok() {
            add(&path, "new\n").unwrap();
            let owner = fs::metadata(&path).unwrap();
            assert_eq!((owner.uid(), owner.gid()), (1234, 4321));
        }
    }

    #[test]
    fn a_failed_change_has_no_effect_and_a_leftover_draft_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.key");
        fs::write(&path, "old\n").unwrap();
        fs::write(folder.path().join(".one.key.new"), "half").unwrap();
        assert!(change(&path, |_| Err("no".to_owned())).unwrap_err().to_string().ends_with("one.key: no"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old\n");
        assert_eq!(*add(&path, "new\n").unwrap(), "new\nold\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_symbolic_link_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("one.key"), folder.path().join("link"));
        fs::write(&path, "old\n").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        add(&link, "new\n").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\nold\n");
    }
}
