//! The real binary next to a world: its commands, a server in a separate process, and a client that
//! survives its death.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use vouch::config::{Config, DatabaseUrl};

use crate::world::{SECRET, Server, World, hash, link, query};

/// The time that a process may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

const BINARY: &str = env!("CARGO_BIN_EXE_vouch");

/// The binary in a folder, configured only by its environment.
#[derive(Clone)]
pub struct Binary {
    folder: PathBuf,
    variables: BTreeMap<String, String>,
    /// A shell line that ends by executing `$0`.
    shell: Option<&'static str>,
    program: String,
}

/// The output of a command, and its status.
#[derive(Debug)]
pub struct Done {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A server in a separate process, killed when dropped.
pub struct Process {
    pub server: Server,
    child: Child,
    log: Log,
    readers: Vec<JoinHandle<()>>,
}

type Log = Arc<Mutex<String>>;

impl Binary {
    /// Returns the binary with the world's database, homeserver and mail server. It creates its
    /// files below `data`.
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
            binary.set("VOUCH__DATABASE__POOL_SIZE", "4");
        }
        binary
    }

    /// Returns the binary with the same keys, database and name as the world's server, to run
    /// beside it or in its place.
    pub fn beside(world: &World) -> Self {
        let Config { server, keys, database, .. } = &world.config;
        let mut binary = Self::of(world);
        if let DatabaseUrl::Sqlite(path) = &database.url {
            binary.set("VOUCH__DATABASE__URL", &format!("sqlite:{}", path.display()));
        }
        binary.set("VOUCH__SERVER__NAME", server.name.as_str());
        binary.set("VOUCH__KEYS__MASTER_KEY_FILE", &keys.master_key_file.display().to_string());
        binary.set("VOUCH__KEYS__SIGNING_KEY_FILE", &keys.signing_key_file.display().to_string());
        binary.set("VOUCH__MAIL__TIMEOUT", "2s");
        binary
    }

    /// Returns the binary in a folder, with the defaults except for a free port.
    pub fn bare(folder: &Path) -> Self {
        let mut binary =
            Self { folder: folder.to_owned(), variables: BTreeMap::new(), shell: None, program: BINARY.to_owned() };
        binary.set("VOUCH__SERVER__LISTEN", "127.0.0.1:0");
        binary.set("VOUCH__SERVER__WORKERS", "2");
        binary
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Makes this the binary of another version.
    pub fn run_by(&mut self, program: &str) {
        program.clone_into(&mut self.program);
    }

    /// Runs the binary from a line of shell that ends by executing `$0`.
    pub fn under(mut self, shell: &'static str) -> Self {
        self.shell = Some(shell);
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = self.program.as_str();
        let mut command = Command::new(if self.shell.is_some() { "bash" } else { program });
        command.args(self.shell.iter().flat_map(|shell| ["-c", shell, program])).args(arguments);
        command.current_dir(&self.folder).env_clear().envs(&self.variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().unwrap())
    }

    /// Works like [`Self::run`], with this text on standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Done::of(child.wait_with_output().unwrap())
    }

    /// Starts a server, and waits until it is ready.
    pub async fn serve(&self) -> Process {
        let process = self.start();
        process.server.until_ready().await;
        process
    }

    /// Starts a server, and waits until it listens.
    pub fn start(&self) -> Process {
        let mut child = self.command(&[]).spawn().unwrap();
        let (log, (tell, told)) = (Log::default(), mpsc::channel());
        let readers = vec![
            read_lines(child.stderr.take().unwrap(), Arc::clone(&log), tell.clone()),
            read_lines(child.stdout.take().unwrap(), Arc::clone(&log), tell),
        ];
        let url =
            told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it does not listen:\n{}", log.lock().unwrap()));
        Process { server: Server::at(url), child, log, readers }
    }
}

/// Collects the output of a process, and reports where it listens.
fn read_lines(stream: impl Read + Send + 'static, log: Log, tell: Sender<String>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let line = line.unwrap();
            if let Some((_, url)) = line.split_once(" listens on ") {
                // The receiver is gone if the test has ended. In JSON, the message is the last
                // value.
                let _ = tell.send(url.trim_end_matches("\"}").to_owned());
            }
            log.lock().unwrap().extend([line.as_str(), "\n"]);
        }
    })
}

/// Starts a server in the place of the world's, with these variables, and waits until it is ready.
pub async fn serve(world: &World, variables: &[(&str, &str)]) -> Process {
    let mut binary = Binary::beside(world);
    for (name, value) in variables {
        binary.set(name, value);
    }
    binary.serve().await
}

/// Asserts that a command failed with this status and printed this to stderr.
#[track_caller]
pub fn refused(done: &Done, status: i32, said: &str) {
    assert_eq!(done.status, Some(status), "{done:?}");
    assert!(done.stderr.contains(said) && done.stdout.is_empty(), "{done:?}");
}

/// Returns the output of a command that must have succeeded.
#[track_caller]
pub fn done(done: Done) -> String {
    assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    done.stdout
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
    /// Returns the output so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Returns the address of its metrics, according to its log.
    pub fn metrics(&self) -> Option<String> {
        let log = self.log();
        let url = log.lines().find_map(|line| line.trim().strip_prefix("metrics ")?.trim().strip_suffix("/metrics"));
        url.map(str::to_owned)
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the end while the test's other tasks continue, and returns the status and the
    /// whole output.
    pub async fn ended(mut self) -> (Option<i32>, String) {
        tokio::task::spawn_blocking(move || {
            let status = self.child.wait().unwrap();
            self.readers.drain(..).for_each(|reader| reader.join().unwrap());
            (status.code(), self.log())
        })
        .await
        .unwrap()
    }

    /// `kill -9`
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn client(&self, token: &str) -> Client {
        client(&self.server.url, token)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client whose connection may break.
pub struct Client {
    http: reqwest::Client,
    url: String,
    pub token: String,
}

pub fn client(url: &str, token: &str) -> Client {
    // Another test in this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap();
    Client { http, url: url.to_owned(), token: token.to_owned() }
}

impl Client {
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Response> {
        let request = self.http.request(method, format!("{}/_matrix/identity/v2{path}", self.url));
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        match body {
            Some(body) => request.json(body),
            None => request,
        }
        .send()
        .await
    }

    /// Returns the status and the body; `None` if the connection broke.
    pub async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        read(self.send(Method::POST, path, Some(body)).await.ok()?).await
    }

    /// Returns the body of an answer that must be 200.
    pub async fn posts(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, &body).await.expect("the server lives");
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub async fn gets(&self, path: &str) -> (u16, Value) {
        read(self.send(Method::GET, path, None).await.unwrap()).await.unwrap()
    }

    pub async fn accepts_everything(&self) {
        let (_, terms) = self.gets("/terms").await;
        let policies = terms["policies"].as_object().unwrap().values();
        let urls: Vec<&Value> = policies.map(|policy| &policy["en"]["url"]).collect();
        self.posts("/terms", json!({ "user_accepts": urls })).await;
    }

    pub async fn looks_up(&self, email: &str) -> Option<String> {
        let pepper = self.gets("/hash_details").await.1["lookup_pepper"].as_str().unwrap().to_owned();
        let hash = hash(email, &pepper);
        let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
        self.posts("/lookup", asked).await["mappings"][&hash].as_str().map(str::to_owned)
    }
}

pub async fn read(answer: Response) -> Option<(u16, Value)> {
    let status = answer.status().as_u16();
    Some((status, answer.json().await.ok()?))
}

/// Registers somebody who accepts the terms; returns the token.
pub async fn person(world: &World, url: &str, localpart: &str) -> Client {
    let openid = world.homeserver.openid_token(localpart);
    let answer = client(url, "").posts("/account/register", openid).await;
    let person = client(url, answer["token"].as_str().unwrap());
    person.accepts_everything().await;
    person
}

pub fn request(email: &str) -> Value {
    json!({ "client_secret": SECRET, "email": email, "send_attempt": 1 })
}

pub fn binding(sid: &str, mxid: &str) -> Value {
    json!({ "sid": sid, "client_secret": SECRET, "mxid": mxid })
}

pub async fn submission(world: &World, sid: &str, email: &str) -> Value {
    let token = query(&link(&world.validation_mail(email).await), "token");
    json!({ "sid": sid, "client_secret": SECRET, "token": token })
}
