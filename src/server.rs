//! The running server: builds what the handlers share, mounts routes and middleware, starts and stops background work.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::rt;
use actix_web::web::{self, Data, PathConfig};
use actix_web::{App, Error as ActixError, HttpResponse, HttpServer};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::time::timeout;

use crate::api;
use crate::clock::Clock;
use crate::config::{Config, TlsFiles};
use crate::error::{Error, StartError};
use crate::http;
use crate::pages::{self, RetentionRow, Site};
use crate::service::Vouch;

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(5);

/// How long what was sent to a client may wait for it to read on.
#[cfg(target_os = "linux")]
const UNREAD: Duration = Duration::from_secs(20);

/// A server that listens and answers once it is [run](Self::run).
pub struct Application {
    vouch: Arc<Vouch>,
    addresses: Vec<SocketAddr>,
    server: Server,
}

impl Application {
    /// Opens everything, listens, and starts the background work, in an actix system.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let vouch = Vouch::open(config, clock).await?;
        let settings = vouch.config.server.clone();
        let rows = RetentionRow::table(&vouch.config.retention, &vouch.config.log);
        let site = Site::new(vouch.brand.clone(), vouch.texts.clone(), &settings.public_url, rows);
        let site = Data::new(site.map_err(|error| StartError(error.to_string()))?);
        let listeners = settings.listen.iter().map(|address| listen(*address)).collect::<Result<Vec<_>, _>>()?;
        let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        let tls = settings.tls.as_ref().map(tls_config).transpose()?;
        let (state, policies) = (Data::from(Arc::clone(&vouch)), Data::from(Arc::clone(&vouch.policies)));
        let mut server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(policies.clone())
                .app_data(site.clone())
                .app_data(PathConfig::default().error_handler(|_, _| Error::unknown_path().into()))
                .wrap(from_fn(note))
                .configure(api::routes)
                .route("/health", web::get().to(health))
                .route("/ready", web::get().to(ready))
                .configure(pages::routes)
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals();
        if settings.workers > 0 {
            server = server.workers(settings.workers);
        }
        for listener in listeners {
            server = match &tls {
                Some(tls) => server.listen_rustls_0_23(listener, tls.clone()),
                None => server.listen(listener),
            }
            .map_err(|error| StartError(format!("server.listen: {error}")))?;
        }
        Ok(Self { server: server.run(), vouch, addresses })
    }

    /// What would stop a start, as far as it can be told without making, connecting to or listening on anything.
    #[must_use]
    pub fn check(config: &Config) -> Vec<StartError> {
        let mut problems = Vouch::check(config);
        problems.extend(config.server.tls.as_ref().and_then(|files| tls_config(files).err()));
        problems
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What it shares.
    #[must_use]
    pub fn vouch(&self) -> Arc<Vouch> {
        Arc::clone(&self.vouch)
    }

    /// By which it is stopped: requests in flight finish first.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Answers until it is stopped.
    ///
    /// # Errors
    /// If a worker cannot be started.
    pub async fn run(self) -> io::Result<()> {
        let Self { vouch, server, .. } = self;
        let background = [
            rt::spawn(Arc::clone(&vouch.directory).keep_built()),
            rt::spawn(Arc::clone(&vouch.directory).follow_table()),
            rt::spawn(Arc::clone(&vouch).keep_house()),
        ];
        let mut deliverer = rt::spawn(Arc::clone(&vouch).deliver_outbox());
        let result = server.await;
        background.iter().for_each(rt::task::JoinHandle::abort);
        vouch.outbox.stop();
        if timeout(vouch.config.server.shutdown_timeout, &mut deliverer).await.is_err() {
            // What it was at may have arrived: nobody tries it again before its lease has run out.
            deliverer.abort();
        }
        if let Err(error) = vouch.close().await {
            log::warn!("the last could not be written to the database: {}", error.errcode());
        }
        result
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).and_then(impatient);
    listener.map_err(|error| StartError(format!("server.listen: {address}: {error}; is another server running there?")))
}

/// Its connections, which inherit this, break off when the other side reads nothing for [`UNREAD`]: HTTP libraries wait for ever.
#[cfg(target_os = "linux")]
fn impatient(listener: TcpListener) -> io::Result<TcpListener> {
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(UNREAD))?;
    Ok(listener)
}

#[cfg(not(target_os = "linux"))]
fn impatient(listener: TcpListener) -> io::Result<TcpListener> {
    Ok(listener)
}

fn tls_config(files: &TlsFiles) -> Result<ServerConfig, StartError> {
    let problem = |setting, path: &Path, error: &dyn std::fmt::Display| {
        StartError(format!("server.{setting}: {}: {error}", path.display()))
    };
    let of_certificate = |error: &dyn std::fmt::Display| problem("tls_certificate", &files.certificate, error);
    let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| of_certificate(&error))?;
    if chain.is_empty() {
        return Err(of_certificate(&"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| problem("tls_key", &files.key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| of_certificate(&error))?;
    config
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| problem("tls_key", &files.key, &format!("it does not fit server.tls_certificate: {error}")))
}

/// `GET /health`: the process lives.
async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /ready`: look-ups can be answered and the database is there.
async fn ready(vouch: Data<Vouch>) -> HttpResponse {
    let (directory, database) = (vouch.directory.is_ready(), vouch.is_database_answering().await);
    let body = json!({ "directory": directory, "database": database });
    if directory && database { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

/// Numbers the requests of this process.
static REQUEST: AtomicU64 = AtomicU64::new(1);

/// Logs what failed on our side, and with `log.access` every request: its number, the route's template, the status, the time
/// it took, and the network it came from.
async fn note(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let begun = Instant::now();
    let response = next.call(request).await?;
    let (status, request) = (response.status(), response.request());
    let access = request.app_data::<Data<Vouch>>().filter(|vouch| vouch.config.log.access);
    if access.is_some() || status.is_server_error() {
        let number = REQUEST.fetch_add(1, Ordering::Relaxed);
        let route = request.match_pattern().unwrap_or_else(|| "-".to_owned());
        let (status, took) = (status.as_u16(), begun.elapsed().as_millis());
        if let Some(vouch) = access {
            let network = http::network(request.head(), &vouch.config.server.trusted_proxies);
            log::info!("request {number}: {route} {status} {took} ms {network}");
        } else {
            log::warn!("request {number}: {route} {status} {took} ms");
        }
    }
    Ok(response)
}
