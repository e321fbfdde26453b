//! An SMS gateway, or any other HTTP server, that records requests and answers as configured.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::LOCATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::ca::Ca;

/// The way in which a gateway answers.
#[derive(Clone, Debug)]
pub enum Conduct {
    /// With this status and body.
    Answers(u16, String),
    /// With 302 and this location.
    RedirectsTo(String),
    /// With 202, after a delay.
    Slow(Duration),
    /// With 202 and an endless body.
    Endless,
    /// By closing the connection.
    HangsUp,
}

/// A running gateway on a free port of 127.0.0.1, which stops when dropped.
pub struct SmsGateway {
    address: SocketAddr,
    has_tls: bool,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    conduct: Mutex<Conduct>,
    requests: Mutex<Vec<Request<Bytes>>>,
    connections: Mutex<usize>,
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

impl SmsGateway {
    /// Starts a gateway without TLS that answers 202.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts a gateway with TLS and a certificate for `localhost`.
    pub fn start_tls(ca: &Ca) -> Self {
        Self::start_with(Some(ca.certificate_for(&["localhost"])))
    }

    /// Starts a gateway, with TLS if there is a certificate.
    pub fn start_with(certificate: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>) -> Self {
        let tls = certificate.map(|(chain, key)| {
            let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("ring has the default versions")
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .expect("the key belongs to the certificate");
            TlsAcceptor::from(Arc::new(config))
        });
        let has_tls = tls.is_some();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        let state = Arc::new(State {
            conduct: Mutex::new(Conduct::Answers(202, String::new())),
            requests: Mutex::default(),
            connections: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn({
            let state = Arc::clone(&state);
            move || serve(listener, tls.as_ref(), &state, stopped)
        });
        Self { address, has_tls, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Returns its URL, without a path. The host is `localhost` with TLS, and `127.0.0.1` without.
    pub fn url(&self) -> String {
        let port = self.address.port();
        if self.has_tls { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") }
    }

    /// Sets how it answers.
    pub fn behave(&self, conduct: Conduct) {
        *lock(&self.state.conduct) = conduct;
    }

    /// Returns all requests so far, oldest first.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.state.requests).clone()
    }

    /// Returns the only request so far.
    pub fn request(&self) -> Request<Bytes> {
        let requests = self.requests();
        let [request] = &requests[..] else { panic!("{} requests", requests.len()) };
        request.clone()
    }

    /// Returns the number of connections so far.
    pub fn connections(&self) -> usize {
        *lock(&self.state.connections)
    }
}

impl Drop for SmsGateway {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread has already printed any panic.
            let _ = thread.join();
        }
    }
}

/// Accepts connections until `stopped`, which closes all of them.
fn serve(
    listener: std::net::TcpListener,
    tls: Option<&TlsAcceptor>,
    state: &Arc<State>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket can be non-blocking");
        let listener = TcpListener::from_std(listener).expect("the socket listens");
        let accept = async {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    *lock(&state.connections) += 1;
                    tokio::spawn(converse(stream, tls.cloned(), Arc::clone(state)));
                }
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
}

/// Serves one connection. Errors are ignored: the client may close it, or not trust the
/// certificate.
async fn converse(stream: TcpStream, tls: Option<TlsAcceptor>, state: Arc<State>) {
    match tls {
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                answer_on(stream, state).await;
            }
        }
        None => answer_on(stream, state).await,
    }
}

async fn answer_on(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let service = service_fn(move |request| respond(request, Arc::clone(&state)));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Records the request and answers as [`Conduct`] says. On an error, hyper closes the connection.
async fn respond(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, &'static str> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "the request was broken off")?.to_bytes();
    lock(&state.requests).push(Request::from_parts(parts, body));
    let conduct = lock(&state.conduct).clone();
    let response = match conduct {
        Conduct::Answers(status, text) => Response::builder().status(status).body(whole(text)),
        Conduct::RedirectsTo(place) => {
            Response::builder().status(302).header(LOCATION, place).body(whole(String::new()))
        }
        Conduct::Slow(delay) => {
            tokio::time::sleep(delay).await;
            Response::builder().status(202).body(whole(String::new()))
        }
        Conduct::Endless => Response::builder().status(202).body(flood()),
        Conduct::HangsUp => return Err("hung up"),
    };
    response.map_err(|_| "no such answer")
}

fn whole(text: String) -> Body {
    Full::from(text).boxed_unsync()
}

fn flood() -> Body {
    let frames = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(&[b' '; 16 * 1024]))));
    StreamBody::new(frames).boxed_unsync()
}

/// Locks a mutex. A test that panicked while holding the lock has already failed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
