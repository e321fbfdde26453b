//! A homeserver of another organisation, as far as an identity server sees one: it vouches for its users' OpenID tokens
//! (Server-Server API, "OpenID"), publishes its signing key and says where it is to be reached. TLS only, as in the world. Its users can
//! sign in to it, with an app or a browser.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use ruma_common::CanonicalJsonValue;
use ruma_common::serde::{Base64, base64::Standard};
use ruma_signatures::{Ed25519KeyPair, KeyPair as _, sign_json};
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::ca::Ca;

mod client;
mod oauth;

pub use client::{Device, Flow};

/// The ID of the homeserver's signing key, until it has another.
pub const KEY_ID: &str = "ed25519:stub";

/// Where an identity server tells of an address that was bound to one of the homeserver's users.
const ONBIND: &str = "/_matrix/federation/v1/3pid/onbind";

const DAY: Duration = Duration::from_hours(24);

/// How a homeserver answers, whatever it is asked.
#[derive(Clone, Debug, Default)]
pub enum Conduct {
    /// As the specification says.
    #[default]
    Honest,
    /// With this status and body: a fault of its own, something that is not JSON, somebody else's `sub`.
    Answers(u16, String),
    /// As the specification says, but only after so long.
    Slow(Duration),
    /// With headers at once, and then a byte every tenth of a second, for ever.
    Trickles,
    /// With a body that never ends, as fast as it is read.
    Endless,
    /// Not at all: the connection is closed.
    HangsUp,
}

/// A running homeserver; it stops when dropped.
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
    /// The public keys that signed before, by their IDs.
    old_keys: Mutex<Map<String, Value>>,
    /// What stands in the place of the end of its keys' validity, which otherwise is a day from now.
    valid_until: Mutex<Option<Value>>,
    /// Who an access token belongs to.
    tokens: Mutex<HashMap<String, String>>,
    accounts: Mutex<client::Accounts>,
    conduct: Mutex<Conduct>,
    requests: Mutex<Vec<Request<Bytes>>>,
    onbind: Mutex<Box<Onbind>>,
    /// Requests that are being answered, and the most there ever were.
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// The status and body with which a homeserver answers when it is told of a bound address.
type Onbind = dyn FnMut(&Method, &Value) -> (StatusCode, Value) + Send;

type Body = UnsyncBoxBody<Bytes, Infallible>;

impl Homeserver {
    /// Starts the homeserver `name` on a free port of 127.0.0.1, with a certificate for that name.
    pub fn start(name: &str, ca: &Ca) -> Self {
        let (chain, key) = ca.certificate_for(&[name]);
        Self::start_with(name, chain, key)
    }

    /// The same with any certificate: one for another name, or one whose time is over.
    pub fn start_with(name: &str, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key is that of the certificate");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
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

    /// The server name, without a port.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The Matrix ID of one of its users.
    pub fn user_id(&self, localpart: &str) -> String {
        self.state.user_id(localpart)
    }

    /// What the user's client gets from `POST /_matrix/client/v3/user/{userId}/openid/request_token`, and hands on to an identity server.
    pub fn openid_token(&self, localpart: &str) -> Value {
        self.state.new_openid_token(self.user_id(localpart))
    }

    /// Lets somebody sign in.
    pub fn has_user(&self, localpart: &str, password: &str) {
        lock(&self.state.accounts).passwords.insert(localpart.to_owned(), password.to_owned());
    }

    /// Lets its users sign in in these ways from now on; at first it is by password.
    pub fn offers(&self, flows: &[Flow]) {
        flows.clone_into(&mut lock(&self.state.accounts).flows);
    }

    /// Answers clients like this from now on when they ask for that path, in place of what it would.
    pub fn answers_clients(&self, method: Method, path: &str, status: StatusCode, answer: Value) {
        lock(&self.state.accounts).scripted.insert((method, path.to_owned()), (status, answer));
    }

    /// Where its users are signed in.
    pub fn devices(&self) -> Vec<Device> {
        lock(&self.state.accounts).devices.values().cloned().collect()
    }

    /// Answers like this from now on.
    pub fn behave(&self, conduct: Conduct) {
        *lock(&self.state.conduct) = conduct;
    }

    /// Publishes its keys with this `valid_until_ts` from now on, whatever it is.
    pub fn publish_keys_until(&self, valid_until_ts: impl Into<Value>) {
        *lock(&self.state.valid_until) = Some(valid_until_ts.into());
    }

    /// Signs with a new key from now on, and publishes the one before as an old one.
    pub fn rotate_key(&self, id: &str) {
        let before = std::mem::replace(&mut *lock(&self.state.key), new_signing_key(id));
        let old = json!({ "key": public_key(&before), "expired_ts": 1 });
        lock(&self.state.old_keys).insert(format!("ed25519:{}", before.version()), old);
    }

    /// What `GET /_matrix/key/v2/server` answers.
    pub fn key_document(&self) -> Value {
        self.state.keys()
    }

    /// The ID of its key and its signature over an object.
    pub fn sign(&self, object: &Value) -> (String, String) {
        let Ok(CanonicalJsonValue::Object(mut object)) = object.clone().try_into() else {
            panic!("only an object of canonical values can be signed")
        };
        let key = lock(&self.state.key);
        sign_json(self.name(), &*key, &mut object).expect("its signatures are those of servers");
        let id = format!("ed25519:{}", key.version());
        let signed: Value = CanonicalJsonValue::Object(object).into();
        let signature = signed["signatures"][self.name()][&id].as_str().expect("it was made right now");
        (id.clone(), signature.to_owned())
    }

    /// Answers like this from now on when it is told of a bound address.
    pub fn answer_onbind(&self, answer: impl FnMut(&Method, &Value) -> (StatusCode, Value) + Send + 'static) {
        *lock(&self.state.onbind) = Box::new(answer);
    }

    /// What it was told of bound addresses so far, oldest first.
    pub fn told(&self) -> Vec<Request<Bytes>> {
        self.requests().into_iter().filter(|request| request.uri().path() == ONBIND).collect()
    }

    /// The most requests that were ever being answered at once.
    pub fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.state.requests).clone()
    }
}

impl Drop for Homeserver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed over there.
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

    /// The published keys, signed by the one that signs: as text, for a test may have put something in it that is no canonical JSON.
    fn keys(&self) -> Value {
        let key = lock(&self.key);
        let id = format!("ed25519:{}", key.version());
        let mut keys = json!({
            "server_name": self.name,
            "valid_until_ts": lock(&self.valid_until).clone().unwrap_or_else(tomorrow),
            "verify_keys": { &id: { "key": public_key(&key) } },
            "old_verify_keys": *lock(&self.old_keys),
        });
        // In the order of canonical JSON, whatever order a value would keep.
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

/// Synapse knows POST alone.
fn as_synapse(method: &Method, _: &Value) -> (StatusCode, Value) {
    if method == Method::POST {
        return (StatusCode::OK, json!({}));
    }
    (StatusCode::METHOD_NOT_ALLOWED, json!({ "errcode": "M_UNRECOGNIZED", "error": "Unrecognized request" }))
}

fn new_signing_key(id: &str) -> Ed25519KeyPair {
    let version = id.trim_start_matches("ed25519:").to_owned();
    Ed25519KeyPair::from_der(&Ed25519KeyPair::generate(), version).expect("it was made right now")
}

/// Accepts connections until `stopped`; then all of them end at once.
fn serve(listener: std::net::TcpListener, tls: &TlsAcceptor, state: &Arc<State>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket can be non-blocking");
        let listener = TcpListener::from_std(listener).expect("the socket listens");
        let accept = async {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(converse(stream, tls.clone(), Arc::clone(state)));
                }
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
}

/// Serves one connection. A client that breaks it off, or does not trust the certificate, is none of a server's concern.
async fn converse(stream: TcpStream, tls: TlsAcceptor, state: Arc<State>) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(move |request| respond(request, Arc::clone(&state)));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Records the request and answers as [`Conduct`] says; an error makes hyper close the connection.
async fn respond(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, &'static str> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "the request was broken off")?.to_bytes();
    lock(&state.requests).push(Request::from_parts(parts.clone(), body.clone()));
    let _busy = Busy::with(&state);
    let conduct = lock(&state.conduct).clone();
    match conduct {
        Conduct::Honest => {}
        Conduct::Answers(status, body) => {
            let status = StatusCode::from_u16(status).map_err(|_| "no status")?;
            return Ok(answer(status, Full::from(body).boxed_unsync()));
        }
        Conduct::Slow(delay) => tokio::time::sleep(delay).await,
        Conduct::Trickles => return Ok(answer(StatusCode::OK, trickle())),
        Conduct::Endless => return Ok(answer(StatusCode::OK, flood())),
        Conduct::HangsUp => return Err("hung up"),
    }
    Ok(state.answer(&parts, &body))
}

/// A request that is being answered, until this is dropped.
struct Busy<'a>(&'a State);

impl<'a> Busy<'a> {
    fn with(state: &'a State) -> Self {
        let at_once = state.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        state.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        Self(state)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

fn answer(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a media type is a header value"));
    response
}

fn json_answer(status: StatusCode, body: &Value) -> Response<Body> {
    answer(status, Full::from(body.to_string()).boxed_unsync())
}

fn error(status: StatusCode, errcode: &str, text: &str) -> Response<Body> {
    json_answer(status, &json!({ "errcode": errcode, "error": text }))
}

fn trickle() -> Body {
    let frames = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok(Frame::data(Bytes::from_static(b" "))), ()))
    });
    StreamBody::new(frames).boxed_unsync()
}

fn flood() -> Body {
    let frames = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(&[b' '; 16 * 1024]))));
    StreamBody::new(frames).boxed_unsync()
}

/// A test that panicked while it held the lock has failed already; the others go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod tests;
