//! The real binary beside a world: its commands, and a server in a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::world::{Server, World};

/// How long a process may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// The binary in a folder, configured by its environment alone.
pub struct Binary {
    folder: PathBuf,
    variables: BTreeMap<String, String>,
}

/// What a command said, and its status.
#[derive(Debug)]
pub struct Done {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A server in a process of its own, killed when dropped.
pub struct Process {
    pub server: Server,
    child: Child,
    log: Log,
    readers: Vec<JoinHandle<()>>,
}

pub type Log = Arc<Mutex<String>>;

impl Binary {
    /// In the world's folder, with the world's database, homeserver and mail server, and all that it makes below `data`.
    pub fn of(world: &World) -> Self {
        let mut binary = Self::bare(world.folder.path());
        let (homeserver, mail) = (&world.homeserver, world.mail.address());
        let overrides = format!(r#"{{ "{}" = "{}" }}"#, homeserver.name(), homeserver.address());
        binary.set("VOUCH__TERMS__DIRECTORY", concat!(env!("CARGO_MANIFEST_DIR"), "/policies"));
        binary.set("VOUCH__FEDERATION__CA_FILE", "ca.pem");
        binary.set("VOUCH__FEDERATION__ALLOWED_RANGES", "127.0.0.0/8");
        binary.set("VOUCH__FEDERATION__OVERRIDES", &overrides);
        binary.set("VOUCH__MAIL__HOST", &mail.ip().to_string());
        binary.set("VOUCH__MAIL__PORT", &mail.port().to_string());
        binary.set("VOUCH__MAIL__SECURITY", "none");
        if let Some(database) = &world.database {
            binary.set("VOUCH__DATABASE__URL", database.url());
        }
        binary
    }

    /// In a folder, with the defaults but for a free port.
    pub fn bare(folder: &Path) -> Self {
        let mut binary = Self { folder: folder.to_owned(), variables: BTreeMap::new() };
        binary.set("VOUCH__SERVER__LISTEN", "127.0.0.1:0");
        binary.set("VOUCH__SERVER__WORKERS", "2");
        binary
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vouch"));
        command.args(arguments).current_dir(&self.folder).env_clear().envs(&self.variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().unwrap())
    }

    /// The same, with this on standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Done::of(child.wait_with_output().unwrap())
    }

    /// Starts a server, and waits until it is ready.
    pub async fn serve(&self) -> Process {
        let mut child = self.command(&[]).spawn().unwrap();
        let log = Log::default();
        let (tell, told) = mpsc::channel();
        let readers = vec![
            read(child.stderr.take().unwrap(), Arc::clone(&log), tell.clone()),
            read(child.stdout.take().unwrap(), Arc::clone(&log), tell),
        ];
        let url =
            told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it does not listen:\n{}", log.lock().unwrap()));
        let process = Process { server: Server::at(url), child, log, readers };
        process.server.until_ready().await;
        process
    }
}

/// Collects what a process says, and tells where it listens.
pub fn read(stream: impl Read + Send + 'static, log: Log, tell: Sender<String>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let line = line.unwrap();
            if let Some((_, url)) = line.split_once(" listens on ") {
                // Nobody listens any more if the test is over.
                let _ = tell.send(url.to_owned());
            }
            log.lock().unwrap().extend([line.as_str(), "\n"]);
        }
    })
}

impl Done {
    fn of(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Process {
    /// All that it said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end, while the test's other work goes on, and returns its status and all that it said.
    pub async fn ended(mut self) -> (Option<i32>, String) {
        tokio::task::spawn_blocking(move || {
            let status = self.child.wait().unwrap();
            self.readers.drain(..).for_each(|reader| reader.join().unwrap());
            (status.code(), self.log())
        })
        .await
        .unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
