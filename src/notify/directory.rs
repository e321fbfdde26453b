//! Emails and texts as files, for trying the server out.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use time::OffsetDateTime;
use time::macros::format_description;

use super::unusable;
use crate::clock::Clock;

/// A directory of message files, whose names sort by time.
pub(super) struct Directory {
    setting: &'static str,
    extension: &'static str,
    path: PathBuf,
    clock: Clock,
    written: AtomicU32,
}

impl Directory {
    /// Describes the directory named by `setting`, without creating it.
    pub(super) fn new(setting: &'static str, path: &Path, extension: &'static str, clock: Clock) -> Self {
        Self { setting, extension, path: path.to_owned(), clock, written: AtomicU32::new(0) }
    }

    /// Creates the directory, accessible only to its owner.
    pub(super) fn make(&self) -> Result<(), String> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.map_err(|error| unusable(self.setting, &self.path, error))
    }

    pub(super) async fn write(&self, message: String) -> io::Result<()> {
        let name = self.next_name();
        let whole = self.path.join(format!("{name}.{}", self.extension));
        let part = self.path.join(format!(".{name}.part"));
        let write = move || write_whole(&part, &whole, message.as_bytes());
        tokio::task::spawn_blocking(write).await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Returns the time, then a number for messages of the same millisecond, then random digits in
    /// case two servers share the directory.
    fn next_name(&self) -> String {
        let now = i128::from(self.clock.now()) * 1_000_000;
        let now = OffsetDateTime::from_unix_timestamp_nanos(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let format = format_description!("[year]-[month]-[day]T[hour]-[minute]-[second].[subsecond digits:3]Z");
        let time = now.format(&format).expect("a date has all the parts of the format");
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        format!("{time}-{number:06}-{:08x}", rand::random::<u32>())
    }
}

/// Writes the file under a temporary name first, so that only complete messages are visible.
fn write_whole(part: &Path, whole: &Path, message: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
    let written = file.write_all(message).and_then(|()| fs::rename(part, whole));
    if written.is_err() {
        // Report the first error.
        let _ = fs::remove_file(part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn messages_become_private_files_ordered_by_time() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("data/mail");
        let clock = Clock::stopped_at(1_700_000_000_000);
        let directory = Directory::new("mail.directory", &path, "eml", clock.clone());
        directory.make().unwrap();
        for text in ["one", "two", "three"] {
            directory.write(text.to_owned()).await.unwrap();
        }
        clock.advance(1);
        directory.write("four".to_owned()).await.unwrap();

        let mut names: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        let texts: Vec<_> = names.iter().map(|name| fs::read_to_string(name).unwrap()).collect();
        assert_eq!(texts, ["one", "two", "three", "four"]);
        assert!(names.iter().all(|name| name.extension().unwrap() == "eml" && mode(name) == 0o600));
        assert!(names[0].file_name().unwrap().to_str().unwrap().starts_with("2023-11-14T22-13-20.000Z-"));
        assert_eq!(mode(&path), 0o700);
    }

    #[tokio::test]
    async fn a_missing_directory_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("mail");
        let directory = Directory::new("mail.directory", &path, "eml", Clock::stopped_at(0));
        let error = directory.write(String::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_directory_that_cannot_be_created_is_named_with_its_setting() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let directory = Directory::new("mail.directory", &file.path().join("mail"), "eml", Clock::stopped_at(0));
        let error = directory.make().unwrap_err();
        assert!(error.starts_with(&format!("mail.directory: {}", file.path().display())), "{error}");
    }
}
