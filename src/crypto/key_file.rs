//! Files that hold a secret: read whole, made once, or replaced whole, and readable by their owner alone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
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

/// Replaces the text of the file by what `change` makes of it, and returns that; a file that is absent (`None`) is made. At no moment is there
/// anything but the old file or the new one, wherever the process is killed, and those who change it at the same time take turns.
/// It keeps its owner, since the server may run under another name, and what its group may read; others may not.
///
/// # Errors
/// What `change` objects, then nothing is changed; and if the file cannot be read or written.
pub fn change(
    path: &Path,
    change: impl Fn(Option<&str>) -> Result<Zeroizing<String>, String>,
) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |error: io::Error| KeyFileError::new(path, format!("cannot be changed: {error}"));
    let objected = |problem| KeyFileError::new(path, problem);
    loop {
        if !path.try_exists().map_err(failed)? {
            let text = change(None).map_err(objected)?;
            if make(path, text.clone())? == text {
                return Ok(text);
            }
            // Another process has made it in the same moment.
            continue;
        }
        // Where a link leads, so that it stays a link.
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

/// Puts a file with `text` in the place of the one at `path`.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let old = fs::metadata(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.new"));
    // One that was left when a process was killed.
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

    fn add(path: &Path, line: &str) -> Result<Zeroizing<String>, KeyFileError> {
        change(path, |text| Ok(Zeroizing::new(format!("{line}{}", text.unwrap_or_default()))))
    }

    #[test]
    fn nothing_is_lost_when_many_change_a_file_at_once() {
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
    fn a_changed_file_is_read_by_no_more_people_than_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.key");
        fs::write(&path, "old\n").unwrap();
        for (before, after) in [(0o644, 0o640), (0o600, 0o600), (0o400, 0o600), (0o666, 0o640)] {
            fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
            add(&path, "new\n").unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, after, "{before:o}");
        }
        // Only root can give a file away, and then it has to stay its new owner's.
        if std::os::unix::fs::chown(&path, Some(1234), Some(4321)).is_ok() {
            add(&path, "new\n").unwrap();
            let owner = fs::metadata(&path).unwrap();
            assert_eq!((owner.uid(), owner.gid()), (1234, 4321));
        }
    }

    #[test]
    fn an_objection_changes_nothing_and_a_draft_that_was_left_does_no_harm() {
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
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("one.key"), folder.path().join("link"));
        fs::write(&path, "old\n").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        add(&link, "new\n").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\nold\n");
    }
}
