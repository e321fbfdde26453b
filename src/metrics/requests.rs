//! HTTP requests by route, method and status.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

use super::Seconds;

/// The methods that have their own label.
const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"];
/// Any other method.
const OTHER: &str = "other";
/// The label of paths without a route.
const UNMATCHED: &str = "unmatched";
/// The classes of status codes.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The durations of requests, and so their number.
#[derive(Debug, Default)]
pub struct Requests {
    routes: Mutex<BTreeMap<String, Arc<Route>>>,
    unmatched: Arc<Route>,
}

/// The requests to one route. A histogram is created when it is first needed, since a route uses
/// few of them.
#[derive(Debug, Default)]
pub struct Route([[OnceLock<Seconds>; CLASSES.len()]; METHODS.len() + 1]);

impl Requests {
    /// Returns the route with this template, such as `/policies/{id}`. All workers share it.
    pub(crate) fn route(&self, template: String) -> Arc<Route> {
        self.routes().entry(template).or_default().clone()
    }

    /// Returns the metrics of all paths without a route.
    pub(crate) fn unmatched(&self) -> &Arc<Route> {
        &self.unmatched
    }

    fn routes(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Route>>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Route {
    /// Counts a request and the time its answer took.
    pub(crate) fn observe(&self, method: &str, status: u16, duration: Duration) {
        let method = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len());
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.0[method][class].get_or_init(Seconds::default).observe(duration);
    }

    fn write(&self, template: &str, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        for (method, classes) in METHODS.iter().chain([&OTHER]).zip(&self.0) {
            for (class, seconds) in CLASSES.iter().zip(classes) {
                if let Some(seconds) = seconds.get() {
                    let labels = [("route", template), ("method", method), ("status", class)];
                    seconds.encode(encoder.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}

impl EncodeMetric for Requests {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let routes = self.routes().clone();
        for (template, route) in &routes {
            route.write(template, &mut encoder)?;
        }
        self.unmatched.write(UNMATCHED, &mut encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
