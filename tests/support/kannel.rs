//! A Kannel for tests: bearerbox and smsbox on the loopback interface. It passes messages to an
//! SMSC over HTTP.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A running Kannel, which stops when dropped.
pub struct Kannel {
    directory: TempDir,
    url: String,
    password: String,
}

impl Kannel {
    /// Starts a Kannel whose SMSC at `smsc_url` speaks the protocol of another Kannel's `sendsms`.
    ///
    /// # Panics
    ///
    /// If Kannel is not installed and cannot be. The message says what to install.
    pub fn start(smsc_url: &str) -> Self {
        let directory = TempDir::new().expect("there is a temporary directory");
        let output = command("start", directory.path()).arg(smsc_url).output().expect("bash is installed");
        assert!(output.status.success(), "scripts/kannel start: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout);
        let (url, password) = said.trim().split_once(' ').expect("it prints the URL and the password");
        Self { url: url.to_owned(), password: password.to_owned(), directory }
    }

    /// Returns the URL of its `sendsms` service.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the name of its only `sendsms-user`.
    pub fn user(&self) -> &'static str {
        "vouch"
    }

    /// Returns the password of that user.
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl Drop for Kannel {
    fn drop(&mut self) {
        let _ = command("stop", self.directory.path()).output();
    }
}

fn command(verb: &str, directory: &Path) -> Command {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/kannel"));
    command.arg(verb).arg(directory);
    command
}
