//! The running server: creates shared state, mounts routes and middleware, and runs background
//! tasks.

mod admission;
mod connections;
mod metrics;
mod paced;
mod pulse;
mod reload;
mod requests;
mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_server::{Server, ServerBuilder};
use actix_web::dev::ServerHandle;
use actix_web::http::header::STRICT_TRANSPORT_SECURITY;
use actix_web::middleware::{Condition, DefaultHeaders, from_fn};
use actix_web::rt;
use actix_web::web::{self, Data, PathConfig};
use actix_web::{App, HttpResponse};
use arc_swap::ArcSwap;
use serde_json::json;
use tokio::time::timeout;

use self::admission::Admission;
use self::requests::log_request;
use self::tls::Identity;
use crate::api;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, StartError};
use crate::pages::{self, CurrentSite};
use crate::service::{ClockGuard, Directory, Maintenance, Services};

pub use pulse::Pulse;
pub use reload::Reloader;

/// The time allowed for receiving the head of a request.
const HEAD: Duration = Duration::from_secs(5);

/// Makes browsers refuse plain HTTP for a year (RFC 6797). Other hosts of the domain are not ours.
const ONLY_ENCRYPTED: &str = "max-age=31536000";

/// A server that listens, and answers once it [runs](Self::run).
pub struct Application {
    services: Arc<Services>,
    addresses: Vec<SocketAddr>,
    site: Arc<CurrentSite>,
    identity: Option<Arc<ArcSwap<Identity>>>,
    pulse: Arc<Pulse>,
    server: Server,
    metrics: Option<metrics::Listener>,
}

impl Application {
    /// Opens the database, starts listening and builds the server. Must be called in an actix
    /// system.
    ///
    /// # Errors
    /// [`StartError`], for the operator.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let services = Services::open(config, clock).await?;
        let settings = services.config.server.clone();
        let site = Arc::new(CurrentSite::from_pointee(reload::site(&services.config, services.content.load_full())?));
        let listeners = listeners("server.listen", &settings.listen)?;
        let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        let identity = settings.tls.as_ref().map(Identity::read).transpose()?;
        let identity = identity.map(|identity| Arc::new(ArcSwap::from_pointee(identity)));
        let workers = NonZero::new(settings.workers).or_else(|| available_parallelism().ok()).map_or(2, NonZero::get);
        let pulse = Arc::new(Pulse::of(workers * listeners.len()));
        let (shared, is_encrypted, shown) = (Arc::clone(&services), identity.is_some(), Data::from(Arc::clone(&site)));
        let requests = Data::from(services.metrics.requests("http_request_duration_seconds", "Durations of requests"));
        let beats = Arc::clone(&pulse);
        let bodies = Data::new(api::Bodies::default());
        let app = move || {
            beats.join();
            let only_encrypted = DefaultHeaders::new().add((STRICT_TRANSPORT_SECURITY, ONLY_ENCRYPTED));
            App::new()
                .configure(|app| shared.share(app))
                .app_data(shown.clone())
                .app_data(requests.clone())
                .app_data(bodies.clone())
                .app_data(PathConfig::default().error_handler(|_, _| Error::unknown_path().into()))
                .wrap(Condition::new(is_encrypted, only_encrypted))
                .wrap(from_fn(log_request))
                .configure(api::routes)
                .route("/health", web::get().to(health))
                .route("/ready", web::get().to(ready))
                .configure(pages::routes)
        };
        let mut server = ServerBuilder::new().shutdown_timeout(settings.shutdown_timeout.as_secs()).disable_signals();
        server = server.workers(workers);
        let admission = Arc::new(Admission::new(&settings.trusted_proxies, connections::waiting_limit()));
        for listener in listeners {
            server = connections::serve(server, listener, app.clone(), &admission, identity.as_ref())
                .map_err(|error| StartError(format!("server.listen: {error}")))?;
        }
        let metrics = match services.config.metrics.listen.as_deref() {
            None | Some([]) => None,
            Some(listen) => Some(metrics::Listener::start(listen, &services)?),
        };
        services.node.join(&services.config.keys).await?;
        services.key_exchange.check().await?;
        Ok(Self { server: server.run(), metrics, services, addresses, site, identity, pulse })
    }

    /// Returns the problems that would prevent a start, as far as reading files can find them.
    #[must_use]
    pub fn check(config: &Config) -> Vec<StartError> {
        let mut problems = Services::read(config).err().unwrap_or_default();
        problems.extend(config.server.tls.as_ref().and_then(|files| Identity::read(files).err()));
        problems
    }

    /// Returns the addresses the server listens on.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Returns the addresses at which metrics are served.
    #[must_use]
    pub fn metrics_addresses(&self) -> &[SocketAddr] {
        self.metrics.as_ref().map_or(&[], metrics::Listener::addresses)
    }

    /// Returns the state that handlers share.
    #[must_use]
    pub fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    /// Returns the object that applies settings while the server is running.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        let (services, site) = (Arc::clone(&self.services), Arc::clone(&self.site));
        Reloader { services, site, identity: self.identity.clone() }
    }

    /// Returns the object that checks whether the server's event loops are turning.
    #[must_use]
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    /// Returns a handle that stops the server once requests in flight have finished.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until the server is stopped.
    ///
    /// # Errors
    /// If a worker cannot be started.
    pub async fn run(self) -> io::Result<()> {
        let Self { services, server, metrics, .. } = self;
        let metrics = metrics.map(metrics::Listener::serve);
        let background = [
            rt::spawn(Arc::clone(&services.clock_guard).run()),
            rt::spawn(Arc::clone(&services.directory).keep_built()),
            rt::spawn(Arc::clone(&services.directory).follow_table()),
            rt::spawn(Arc::clone(&services.maintenance).run()),
            rt::spawn(Arc::clone(&services.lookups).keep_memory_saved()),
            rt::spawn(Arc::clone(&services.node).run()),
            rt::spawn(Arc::clone(&services.audit).run()),
            rt::spawn(Arc::clone(&services.key_exchange).run()),
        ];
        let mut deliverer = rt::spawn(Arc::clone(&services.deliverer).run());
        let result = server.await;
        background.iter().for_each(rt::task::JoinHandle::abort);
        services.outbox.stop();
        if timeout(services.config.server.shutdown_timeout, &mut deliverer).await.is_err() {
            // Its current delivery may have arrived. It is not retried before its lease expires.
            deliverer.abort();
        }
        if let Err(error) = services.maintenance.close().await {
            log::warn!("pending changes could not be saved: {error}");
        }
        if let Err(error) = services.node.close().await {
            log::debug!("could not record that this node is stopping: {error}");
        }
        if let Some(metrics) = metrics {
            metrics.stop(false).await;
        }
        result
    }
}

/// Listens on the addresses of a setting.
fn listeners(setting: &str, addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, StartError> {
    let listen = |address: &SocketAddr| {
        connections::listen(*address)
            .map_err(|error| StartError(format!("{setting}: {address}: {error}; is another server running there?")))
    };
    addresses.iter().map(listen).collect()
}

/// `GET /health`: the process is running.
async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /ready`: lookups can be answered, the database responds, and the clock is right.
async fn ready(
    directory: Data<Directory>,
    maintenance: Data<Maintenance>,
    clock: Data<Clock>,
    guard: Data<ClockGuard>,
) -> HttpResponse {
    let (directory, database) = (directory.is_ready(), maintenance.is_database_usable().await);
    let clock = clock.is_right();
    let mut body = json!({ "directory": directory, "database": database, "clock": clock });
    if let Some(wrong) = guard.wrong().filter(|_| !clock) {
        body["reason"] = wrong.to_string().into();
    }
    let is_ready = directory && database && clock;
    if is_ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}
