//! A server in a process of its own, killed when dropped.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A program that runs in a folder with these environment variables and no others, and says what it has to say in a log file.
pub struct Program {
    path: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    variables: Vec<(String, String)>,
    /// None while it is stopped.
    child: Mutex<Option<Child>>,
}

impl Program {
    /// Not started yet.
    pub fn new(path: impl Into<PathBuf>, folder: &Path, log: PathBuf, variables: Vec<(String, String)>) -> Self {
        Self { path: path.into(), folder: folder.to_owned(), log, variables, child: Mutex::default() }
    }

    /// Starts it, or starts it again with all that it had when it was stopped.
    pub fn start(&self) {
        let log = File::options().append(true).create(true).open(&self.log).expect("its folder exists");
        let mut command = self.command();
        command.stdout(log.try_clone().expect("it is open")).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
    }

    /// Stops it as a crash would; what it had acknowledged stays.
    pub fn stop(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Runs it with arguments to its end, beside the server; returns what it says.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().expect("it can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it speaks UTF-8")
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

/// A port that nobody listens on, below those that the kernel gives to clients: for a server that others must know before it starts.
pub fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| 10_000 + rand::random_range(0..10_000_u16));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("it has no end")
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| error.to_string());
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(80)..].join("\n")
}
