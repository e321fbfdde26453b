//! Connections: accepting them, with TLS if it is configured, and serving HTTP on them.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_http::{HttpService, Request, ServiceConfig};
use actix_server::ServerBuilder;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use actix_web::error::DispatchError;
use actix_web::{Error as ActixError, HttpResponse};
use arc_swap::ArcSwap;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::HEAD;
use super::admission::{Admission, Seat};
use super::paced::Paced;
use super::tls::Identity;

/// The time for which an idle connection is kept open.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// The time allowed for a TLS handshake.
const HANDSHAKE: Duration = HEAD;
/// The time for which a client may continue to send a request that has been refused.
const LINGER: Duration = Duration::from_secs(1);
/// The bytes of answers that the system keeps for a client that does not read them.
const UNSENT: usize = 256 * 1024;
/// The number of files that the server would like to be able to open.
const FILES: u64 = 65_536;

/// The time for which a client may leave sent data unread.
#[cfg(target_os = "linux")]
const UNREAD: Duration = Duration::from_secs(20);

type Connection = Paced<Either<TcpStream, TlsStream<TcpStream>>>;

/// Raises the limit on open files as far as the system allows, up to [`FILES`], and returns how
/// many connections may wait for their clients: half as many, so that some always remain for other
/// purposes.
pub(super) fn waiting_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(FILES).min(FILES);
    let is_more = current.is_some_and(|current| current < wanted);
    let raised = is_more && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok();
    let files = if raised { wanted } else { current.unwrap_or(FILES) };
    usize::try_from(files.min(FILES) / 2).unwrap_or(usize::MAX)
}

/// Listens on an address.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // Connections inherit both.
    let socket = socket2::SockRef::from(&listener);
    socket.set_send_buffer_size(UNSENT)?;
    // actix waits forever for a client to read.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNREAD))?;
    Ok(listener)
}

/// Serves the app that `app` makes for each worker on the connections of a listener.
pub(super) fn serve<A, I, S, B>(
    builder: ServerBuilder,
    listener: TcpListener,
    app: A,
    admission: &Arc<Admission>,
    tls: Option<&Arc<ArcSwap<Identity>>>,
) -> io::Result<ServerBuilder>
where
    A: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Error = ActixError> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<actix_http::Response<B>> + 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let (admission, tls) = (Arc::clone(admission), tls.cloned());
    let stopping = builder.graceful_shutdown_signal();
    builder.listen("http", listener, move || {
        let stopping = stopping.clone();
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD)
            .client_disconnect_timeout(LINGER)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .h1(map_config(
                app().into_factory().map_err(|error: ActixError| -> HttpResponse { error.error_response() }),
                |()| AppConfig::default(),
            ));
        let (admission, tls, config) = (Arc::clone(&admission), tls.clone(), ServiceConfig::default());
        let open = move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let (seat, tls, config) = (admission.admit(peer), tls.clone(), config.clone());
            async move { Ok::<_, DispatchError>((open(stream, seat, tls, config).await?, peer)) }
        };
        fn_service(open).and_then(http)
    })
}

async fn open(
    stream: TcpStream,
    mut seat: Seat,
    tls: Option<Arc<ArcSwap<Identity>>>,
    config: ServiceConfig,
) -> io::Result<Connection> {
    let stream = match tls {
        None => Either::Left(stream),
        Some(tls) => Either::Right(timeout(HANDSHAKE, secure(stream, &mut seat, &tls)).await??),
    };
    Ok(Paced::new(stream, seat, config))
}

/// Performs the TLS handshake, unless others need the connection's place.
async fn secure(stream: TcpStream, seat: &mut Seat, tls: &ArcSwap<Identity>) -> io::Result<TlsStream<TcpStream>> {
    let hello = unless_evicted(seat, LazyConfigAcceptor::new(Acceptor::default(), stream)).await?;
    seat.wait(true);
    let stream = unless_evicted(seat, hello.into_stream(Arc::clone(&tls.load().settings))).await?;
    seat.wait(false);
    Ok(stream)
}

async fn unless_evicted<T>(seat: &Seat, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut work = std::pin::pin!(work);
    poll_fn(|cx| {
        if seat.is_evicted(cx) {
            Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
        } else {
            work.as_mut().poll(cx)
        }
    })
    .await
}
