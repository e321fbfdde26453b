//! A server process, killed when dropped.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A program that runs in a directory, with only these environment variables, and writes its output
/// to a log file.
pub struct Program {
    path: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    variables: Vec<(String, String)>,
    /// `None` while it is stopped.
    child: Mutex<Option<Child>>,
}

impl Program {
    /// Creates it, without starting it.
    pub fn new(path: impl Into<PathBuf>, folder: &Path, log: PathBuf, variables: Vec<(String, String)>) -> Self {
        Self { path: path.into(), folder: folder.to_owned(), log, variables, child: Mutex::default() }
    }

    /// Starts it, or restarts it with the files that it had when it was stopped.
    pub fn start(&self) {
        self.start_with(&[]);
    }

    /// Works like [`Self::start`], with arguments.
    pub fn start_with(&self, arguments: &[&str]) {
        let log = File::options().append(true).create(true).open(&self.log).expect("the directory exists");
        let mut command = self.command();
        command.args(arguments).stdout(log.try_clone().expect("it is open")).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
    }

    /// Kills it, as a crash would.
    pub fn stop(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It may have exited already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Returns its process ID, unless it is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Child::id)
    }

    /// Runs it with arguments, in addition to the server, and returns its output.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().expect("it can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the output is UTF-8")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.folder).env_clear().envs(self.variables.iter().cloned()).stdin(Stdio::null());
        command
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns an unused port below those that the kernel assigns to clients, for servers whose address
/// must be known before they start.
pub fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| 10_000 + rand::random_range(0..10_000_u16));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("the range is endless")
}

/// Returns the last lines of a log.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| error.to_string());
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(80)..].join("\n")
}
