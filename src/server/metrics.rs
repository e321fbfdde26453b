//! The listener for Prometheus. It has its own thread, so metrics are served even when all others
//! are busy.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_server::{Server, ServerBuilder};
use actix_web::dev::ServerHandle;
use actix_web::http::header::{Accept, CONTENT_TYPE, Quality, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{self, Data, Header};
use actix_web::{App, HttpResponse, ResponseError as _, rt};

use super::admission::Admission;
use super::{connections, listeners};
use crate::error::{Error, StartError};
use crate::http::{NO_STORE, get, resource};
use crate::metrics::Format;
use crate::service::{Monitor, Services};

/// The maximum number of connections that wait for their clients. Prometheus keeps one.
const MOST_WAITING: usize = 64;

/// A listener that serves metrics, and nothing else.
pub(super) struct Listener {
    addresses: Vec<SocketAddr>,
    server: Server,
}

impl Listener {
    /// Listens on these addresses.
    pub(super) fn start(listen: &[SocketAddr], services: &Arc<Services>) -> Result<Self, StartError> {
        let listeners = listeners("metrics.listen", listen)?;
        let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        let monitor = Data::from(Arc::clone(&services.monitor));
        let app = move || {
            App::new()
                .app_data(monitor.clone())
                .service(resource("/metrics", [get(metrics)], None, |_| Error::unknown_method().error_response()))
                .default_service(web::to(unknown_path))
        };
        let admission = Arc::new(Admission::new(&[], MOST_WAITING));
        let mut server = ServerBuilder::new().workers(1).disable_signals();
        for listener in listeners {
            server = connections::serve(server, listener, app.clone(), &admission, None)
                .map_err(|error| StartError(format!("metrics.listen: {error}")))?;
        }
        Ok(Self { addresses, server: server.run() })
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until the handle stops it.
    pub(super) fn serve(self) -> ServerHandle {
        let handle = self.server.handle();
        rt::spawn(self.server);
        handle
    }
}

/// `GET /metrics`
async fn metrics(accept: Option<Header<Accept>>, monitor: Data<Monitor>) -> HttpResponse {
    let format = accept.map_or(Format::Plain, |accept| preferred(&accept));
    let body = monitor.write(format).await;
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.content_type()))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header(NO_STORE)
        .body(body)
}

/// Returns the format that a client prefers, or text if it does not know the other one.
fn preferred(accept: &Accept) -> Format {
    let quality = |is_it: fn(&str) -> bool| {
        let items = accept.iter().filter(|item| is_it(item.item.essence_str()) && item.quality > Quality::ZERO);
        items.map(|item| item.quality).max()
    };
    let open = quality(|media_type| media_type == "application/openmetrics-text");
    let plain = quality(|media_type| media_type.starts_with("text/"));
    if open.is_some() && open >= plain { Format::OpenMetrics } else { Format::Plain }
}

async fn unknown_path() -> HttpResponse {
    Error::unknown_path().error_response()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::Header as _;
    use actix_web::test::TestRequest;

    use super::*;

    fn preferred_by(accept: &str) -> Format {
        let request = TestRequest::default().insert_header(("Accept", accept)).to_http_request();
        preferred(&Accept::parse(&request).unwrap())
    }

    #[test]
    fn a_client_gets_the_format_it_prefers() {
        for open in [
            "application/openmetrics-text",
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "text/plain;q=0.5, Application/OpenMetrics-Text;q=0.5",
        ] {
            assert_eq!(preferred_by(open), Format::OpenMetrics, "{open}");
        }
        for plain in [
            "",
            "*/*",
            "text/html",
            "text/plain;version=0.0.4, application/openmetrics-text;q=0.9",
            "text/*, application/openmetrics-text;q=0.9",
            "application/openmetrics-text;q=0",
            "application/json",
        ] {
            assert_eq!(preferred_by(plain), Format::Plain, "{plain}");
        }
    }
}
