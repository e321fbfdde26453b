//! A stub homeserver of another organisation. It confirms OpenID tokens (Server-server API,
//! "OpenID"), and publishes its signing keys and its address, all only over TLS. Its users can sign
//! in with an app or a browser.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use ruma_common::CanonicalJsonValue;
use ruma_common::serde::{Base64, base64::Standard};
use ruma_signatures::{Ed25519KeyPair, KeyPair as _, sign_json};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::ca::Ca;

mod client;
mod oauth;
mod server;

pub use client::{Device, Flow};
use server::{answer, error, json_answer, serve};

/// The ID of the homeserver's first signing key.
pub const KEY_ID: &str = "ed25519:stub";

/// The path at which identity servers announce that an address was bound to one of the homeserver's
/// users.
const ONBIND: &str = "/_matrix/federation/v1/3pid/onbind";

const DAY: Duration = Duration::from_hours(24);

/// The way in which a homeserver answers all requests.
#[derive(Clone, Debug, Default)]
pub enum Conduct {
    /// As the specification requires.
    #[default]
    Honest,
    /// With this status and body.
    Answers(u16, String),
    /// As the specification requires, after a delay.
    Slow(Duration),
    /// With headers at once, and then a byte every tenth of a second, forever.
    Trickles,
    /// With an endless body, as fast as it is read.
    Endless,
    /// By closing the connection.
    HangsUp,
}

/// A running homeserver, which stops when dropped.
pub struct Homeserver {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    name: String,
    port: u16,
    key: Mutex<Ed25519KeyPair>,
    /// The former public keys, by ID.
    old_keys: Mutex<Map<String, Value>>,
    /// Replaces the end of the validity of its keys, by default a day from now.
    valid_until: Mutex<Option<Value>>,
    /// The owner of each access token.
    tokens: Mutex<HashMap<String, String>>,
    accounts: Mutex<client::Accounts>,
    conduct: Mutex<Conduct>,
    requests: Mutex<Vec<Request<Bytes>>>,
    onbind: Mutex<Box<Onbind>>,
    /// The number of requests in progress, and its maximum.
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// Returns the status and body of the answer to an announced binding.
type Onbind = dyn FnMut(&Method, &Value) -> (StatusCode, Value) + Send;

type Body = UnsyncBoxBody<Bytes, Infallible>;

impl Homeserver {
    /// Starts the homeserver `name` on a free port of 127.0.0.1, with a certificate for that name.
    pub fn start(name: &str, ca: &Ca) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), name, ca)
    }

    /// As [`Self::start`], at an address that can be reached from elsewhere.
    pub fn start_at(address: SocketAddr, name: &str, ca: &Ca) -> Self {
        let (chain, key) = ca.certificate_for(&[name]);
        Self::listen(address, name, chain, key)
    }

    /// As [`Self::start`], with any certificate, such as an expired one or one for another name.
    pub fn start_with(name: &str, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), name, chain, key)
    }

    fn listen(
        address: SocketAddr,
        name: &str,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Self {
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key belongs to the certificate");
        let listener = std::net::TcpListener::bind(address).expect("the port is free");
        let address = listener.local_addr().expect("the listener is bound");
        let state = Arc::new(State {
            name: name.to_owned(),
            port: address.port(),
            key: Mutex::new(new_signing_key(KEY_ID)),
            old_keys: Mutex::default(),
            valid_until: Mutex::default(),
            tokens: Mutex::default(),
            accounts: Mutex::default(),
            conduct: Mutex::default(),
            requests: Mutex::default(),
            onbind: Mutex::new(Box::new(as_synapse)),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn({
            let state = Arc::clone(&state);
            move || serve(listener, &TlsAcceptor::from(Arc::new(tls)), &state, stopped)
        });
        Self { address, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Returns the server name, without a port.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Returns its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the Matrix ID of one of its users.
    pub fn user_id(&self, localpart: &str) -> String {
        self.state.user_id(localpart)
    }

    /// Returns what `POST /_matrix/client/v3/user/{userId}/openid/request_token` answers, which
    /// clients send to identity servers.
    pub fn openid_token(&self, localpart: &str) -> Value {
        self.state.new_openid_token(self.user_id(localpart))
    }

    /// Creates a user.
    pub fn has_user(&self, localpart: &str, password: &str) {
        lock(&self.state.accounts).passwords.insert(localpart.to_owned(), password.to_owned());
    }

    /// Sets the ways to sign in. The default is by password.
    pub fn offers(&self, flows: &[Flow]) {
        flows.clone_into(&mut lock(&self.state.accounts).flows);
    }

    /// Sets the answer to clients for this method and path.
    pub fn answers_clients(&self, method: Method, path: &str, status: StatusCode, answer: Value) {
        lock(&self.state.accounts).scripted.insert((method, path.to_owned()), (status, answer));
    }

    /// Returns the devices that are signed in.
    pub fn devices(&self) -> Vec<Device> {
        lock(&self.state.accounts).devices.values().cloned().collect()
    }

    /// Sets how it answers.
    pub fn behave(&self, conduct: Conduct) {
        *lock(&self.state.conduct) = conduct;
    }

    /// Sets the published `valid_until_ts` to any value.
    pub fn publish_keys_until(&self, valid_until_ts: impl Into<Value>) {
        *lock(&self.state.valid_until) = Some(valid_until_ts.into());
    }

    /// Replaces the signing key, and publishes the previous one as an old key.
    pub fn rotate_key(&self, id: &str) {
        let before = std::mem::replace(&mut *lock(&self.state.key), new_signing_key(id));
        let old = json!({ "key": public_key(&before), "expired_ts": 1 });
        lock(&self.state.old_keys).insert(format!("ed25519:{}", before.version()), old);
    }

    /// Returns what `GET /_matrix/key/v2/server` answers.
    pub fn key_document(&self) -> Value {
        self.state.keys()
    }

    /// Returns the ID of its key, and its signature over an object.
    pub fn sign(&self, object: &Value) -> (String, String) {
        let Ok(CanonicalJsonValue::Object(mut object)) = object.clone().try_into() else {
            panic!("only canonical JSON objects can be signed")
        };
        let key = lock(&self.state.key);
        sign_json(self.name(), &*key, &mut object).expect("its signatures are valid");
        let id = format!("ed25519:{}", key.version());
        let signed: Value = CanonicalJsonValue::Object(object).into();
        let signature = signed["signatures"][self.name()][&id].as_str().expect("it was just created");
        (id.clone(), signature.to_owned())
    }

    /// Sets the answer to announced bindings.
    pub fn answer_onbind(&self, answer: impl FnMut(&Method, &Value) -> (StatusCode, Value) + Send + 'static) {
        *lock(&self.state.onbind) = Box::new(answer);
    }

    /// Returns the announced bindings, oldest first.
    pub fn told(&self) -> Vec<Request<Bytes>> {
        self.requests().into_iter().filter(|request| request.uri().path() == ONBIND).collect()
    }

    /// Returns the maximum number of concurrent requests so far.
    pub fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }

    /// Returns all requests so far, oldest first.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.state.requests).clone()
    }
}

impl Drop for Homeserver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread has already printed any panic.
            let _ = thread.join();
        }
    }
}

impl State {
    fn user_id(&self, localpart: &str) -> String {
        format!("@{localpart}:{}", self.name)
    }

    fn new_openid_token(&self, user_id: String) -> Value {
        let token = client::secret();
        lock(&self.tokens).insert(token.clone(), user_id);
        json!({ "access_token": token, "token_type": "Bearer", "matrix_server_name": self.name, "expires_in": 3600 })
    }

    fn answer(&self, request: &Parts, body: &[u8]) -> Response<Body> {
        match (&request.method, request.uri.path()) {
            (method, ONBIND) => {
                let told = serde_json::from_slice(body).unwrap_or_default();
                let (status, answer) = lock(&self.onbind)(method, &told);
                json_answer(status, &answer)
            }
            (&Method::GET, "/_matrix/federation/v1/openid/userinfo") => self.userinfo(request.uri.query()),
            (&Method::GET, "/_matrix/key/v2/server") => json_answer(StatusCode::OK, &self.keys()),
            (&Method::GET, "/.well-known/matrix/server") => {
                json_answer(StatusCode::OK, &json!({ "m.server": format!("{}:{}", self.name, self.port) }))
            }
            _ => client::respond(self, request, body)
                .unwrap_or_else(|| error(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "Unrecognized request")),
        }
    }

    fn userinfo(&self, query: Option<&str>) -> Response<Body> {
        let query = query.unwrap_or_default().as_bytes();
        let Some((_, token)) = url::form_urlencoded::parse(query).find(|(key, _)| key == "access_token") else {
            return error(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", "Access token required");
        };
        match lock(&self.tokens).get(&*token) {
            Some(user_id) => json_answer(StatusCode::OK, &json!({ "sub": user_id })),
            None => error(StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN", "Access token unknown or expired"),
        }
    }

    /// Returns the published keys, signed as text, because tests may insert values that are not
    /// canonical JSON.
    fn keys(&self) -> Value {
        let key = lock(&self.key);
        let id = format!("ed25519:{}", key.version());
        let mut keys = json!({
            "server_name": self.name,
            "valid_until_ts": lock(&self.valid_until).clone().unwrap_or_else(tomorrow),
            "verify_keys": { &id: { "key": public_key(&key) } },
            "old_verify_keys": *lock(&self.old_keys),
        });
        // Canonical JSON requires this order.
        keys.sort_all_objects();
        let signature = key.sign(keys.to_string().as_bytes()).base64();
        keys["signatures"] = json!({ &self.name: { id: signature } });
        keys
    }
}

fn tomorrow() -> Value {
    let tomorrow = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970") + DAY;
    u64::try_from(tomorrow.as_millis()).expect("it is before the year 500,000,000").into()
}

fn public_key(key: &Ed25519KeyPair) -> String {
    Base64::<Standard, _>::new(key.public_key()).encode()
}

/// Synapse only implements POST.
fn as_synapse(method: &Method, _: &Value) -> (StatusCode, Value) {
    if method == Method::POST {
        return (StatusCode::OK, json!({}));
    }
    (StatusCode::METHOD_NOT_ALLOWED, json!({ "errcode": "M_UNRECOGNIZED", "error": "Unrecognized request" }))
}

fn new_signing_key(id: &str) -> Ed25519KeyPair {
    let version = id.trim_start_matches("ed25519:").to_owned();
    Ed25519KeyPair::from_der(&Ed25519KeyPair::generate(), version).expect("it was just created")
}

/// Locks a mutex. A test that panicked while holding the lock has already failed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod tests;
