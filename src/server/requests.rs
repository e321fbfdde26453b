//! Logging and measuring requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::Error as ActixError;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::config::Config;
use crate::http;
use crate::service::Maintenance;

/// The number of the next request in the log.
static REQUEST: AtomicU64 = AtomicU64::new(1);

/// Measures requests, and logs server errors and, with `log.access`, all requests: a number, the
/// route's template, the status, the duration and the client's network.
pub(super) async fn log_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let started = Instant::now();
    let database = request.app_data::<Data<Maintenance>>().cloned().expect("the server shares it");
    let response = database.steadily(next.call(request)).await?;
    let (status, request, took) = (response.status(), response.request(), started.elapsed());
    http::observe(request, status.as_u16(), took);
    let access = request.app_data::<Data<Config>>().filter(|config| config.log.access);
    if access.is_some() || status.is_server_error() {
        let number = REQUEST.fetch_add(1, Ordering::Relaxed);
        let route = request.match_pattern().unwrap_or_else(|| "-".to_owned());
        let (status, took) = (status.as_u16(), took.as_millis());
        if let Some(config) = access {
            let network = http::network(request.head(), &config.server.trusted_proxies);
            log::info!("request {number}: {route} {status} {took} ms {network}");
        } else {
            log::warn!("request {number}: {route} {status} {took} ms");
        }
    }
    Ok(response)
}
