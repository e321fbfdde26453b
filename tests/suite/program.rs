//! The real program, which can be killed, and who asks it by connections that break then.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::process::{self, Log};
use crate::world::{SECRET, World, hash, link, query};

pub const PATIENCE: Duration = Duration::from_secs(30);

/// The real program, on the database and with the neighbours of a world.
pub struct Program {
    child: Child,
    pub url: String,
}

impl Program {
    /// Starts it and waits until it is ready.
    pub async fn start(world: &World, variables: &[(&str, &str)]) -> Self {
        Self::start_under("exec \"$0\" serve", world, variables).await
    }

    /// The same, by a line of shell that ends by executing `$0`.
    pub async fn start_under(shell: &str, world: &World, variables: &[(&str, &str)]) -> Self {
        let begun = Instant::now();
        let mut command = command(shell, world, variables);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (log, (tell, told)) = (Log::default(), mpsc::channel());
        process::read(child.stdout.take().unwrap(), Arc::clone(&log), tell.clone());
        process::read(child.stderr.take().unwrap(), Arc::clone(&log), tell);
        let url = told.recv_timeout(PATIENCE);
        let program =
            Self { url: url.unwrap_or_else(|_| panic!("it does not listen:\n{}", log.lock().unwrap())), child };
        let http = http();
        loop {
            assert!(begun.elapsed() < PATIENCE, "the program does not become ready");
            let ready = http.get(format!("{}/ready", program.url)).send().await;
            if ready.is_ok_and(|answer| answer.status() == 200) {
                return program;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// `kill -9`
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn client(&self, token: &str) -> Client {
        client(&self.url, token)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of shell that ends by executing `$0`, on any free port.
pub fn command(shell: &str, world: &World, variables: &[(&str, &str)]) -> Command {
    let path = |name: &str| world.folder.path().join(name).display().to_string();
    let database = match &world.database {
        Some(database) => database.url().to_owned(),
        None => format!("sqlite:{}", path("vouch.db")),
    };
    let homeserver = format!("{{ \"{}\" = \"{}\" }}", world.homeserver.name(), world.homeserver.address());
    let mut command = Command::new("bash");
    command.args(["-c", shell, env!("CARGO_BIN_EXE_vouch")]).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .env("VOUCH__SERVER__LISTEN", "127.0.0.1:0")
        .env("VOUCH__SERVER__NAME", "id.example")
        .env("VOUCH__DATABASE__URL", database)
        .env("VOUCH__KEYS__MASTER_KEY_FILE", path("master.key"))
        .env("VOUCH__KEYS__SIGNING_KEY_FILE", path("signing.key"))
        .env("VOUCH__TERMS__DIRECTORY", concat!(env!("CARGO_MANIFEST_DIR"), "/policies"))
        .env("VOUCH__MAIL__HOST", "127.0.0.1")
        .env("VOUCH__MAIL__PORT", world.mail.address().port().to_string())
        .env("VOUCH__MAIL__SECURITY", "none")
        .env("VOUCH__MAIL__TIMEOUT", "2s")
        .env("VOUCH__FEDERATION__CA_FILE", path("ca.pem"))
        .env("VOUCH__FEDERATION__ALLOWED_RANGES", "127.0.0.0/8")
        .env("VOUCH__FEDERATION__OVERRIDES", homeserver)
        .envs(variables.iter().copied());
    command
}

/// Who asks, by a connection that may break.
pub struct Client {
    http: reqwest::Client,
    url: String,
    pub token: String,
}

pub fn client(url: &str, token: &str) -> Client {
    Client { http: http(), url: url.to_owned(), token: token.to_owned() }
}

fn http() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap()
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

    /// The status and the body; `None` if the connection broke.
    pub async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        read(self.send(Method::POST, path, Some(body)).await.ok()?).await
    }

    /// The body of an answer that must be 200.
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
