//! Measuring requests by route.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;

use crate::metrics::{Requests, Route};

/// The metrics of a resource, looked up by its template at its first request.
#[derive(Default)]
pub(super) struct Measured(OnceCell<Arc<Route>>);

/// Counts an answered request and its duration.
pub(crate) fn observe(request: &HttpRequest, status: u16, duration: Duration) {
    let Some(requests) = request.app_data::<Data<Requests>>() else { return };
    let find = || match request.match_pattern() {
        Some(template) => requests.route(template),
        None => Arc::clone(requests.unmatched()),
    };
    let method = request.method().as_str();
    match request.app_data::<Measured>() {
        Some(Measured(route)) => route.get_or_init(find).observe(method, status, duration),
        // It was answered before it reached a resource.
        None => find().observe(method, status, duration),
    }
}
