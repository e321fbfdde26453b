//! Metrics for the operator's monitoring, in the data model of Prometheus.
//!
//! Each component registers its own families when it is created, and then only changes atomics.
//! Labels are values of closed sets, so no series names a person, a homeserver, a network or a
//! country, and nobody can make the number of series grow.

mod requests;
mod seconds;

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

pub use requests::{Requests, Route};
pub use seconds::Seconds;

/// A measured value.
pub type Gauge = gauge::Gauge<f64, AtomicU64>;

/// The labels of a series.
type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// A closed set of values that label the series of a family.
pub trait Label: Copy + PartialEq + Debug + 'static {
    /// The label.
    const NAME: &'static str;

    /// Returns the values that have a series even if there is nothing to count yet.
    fn all() -> Vec<Self>;

    /// Returns the value as shown to the operator.
    fn value(self) -> Cow<'static, str>;
}

/// Metric families, each registered by one component. All names begin with `vouch_`.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
}

/// The metrics of a family, one for each value of a label. The listed values exist from the start:
/// a rate is computed from two values, the first of which is 0.
#[derive(Debug)]
pub struct Series<L, M> {
    listed: Vec<(L, M)>,
    family: Family<Labels, M>,
}

/// A metric in use.
#[derive(Debug, Default)]
struct Shared<M>(Arc<M>);

/// A text format of Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/plain`, version 0.0.4.
    Plain,
    /// `application/openmetrics-text`, version 1.0.0.
    OpenMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { registry: Mutex::new(Registry::with_prefix("vouch")) }
    }
}

impl Metrics {
    /// Registers a counter; `_total` is appended to its name.
    pub(crate) fn counter(&self, name: &str, help: &str) -> Counter {
        self.register(name, help, Counter::default())
    }

    /// Registers a counter for each value of a label; `_total` is appended to their name.
    pub(crate) fn counters<L: Label>(&self, name: &str, help: &str) -> Series<L, Counter> {
        Series::of(self.register(name, help, Family::default()))
    }

    /// Registers a gauge.
    pub(crate) fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.register(name, help, Gauge::default())
    }

    /// Registers a gauge for each value of a label.
    pub(crate) fn gauges<L: Label>(&self, name: &str, help: &str) -> Series<L, Gauge> {
        Series::of(self.register(name, help, Family::default()))
    }

    /// Registers a histogram of durations.
    pub(crate) fn seconds(&self, name: &str, help: &str) -> Arc<Seconds> {
        self.register(name, help, Shared::default()).0
    }

    /// Registers the histograms of HTTP requests.
    pub(crate) fn requests(&self, name: &str, help: &str) -> Arc<Requests> {
        self.register(name, help, Shared::default()).0
    }

    /// Registers labels that never change; `_info` is appended to their name.
    pub(crate) fn info(&self, name: &str, help: &str, labels: Vec<(&'static str, &'static str)>) {
        self.registry().register(name, help, Info::new(labels));
    }

    fn register<M: Metric + Clone>(&self, name: &str, help: &str, metric: M) -> M {
        self.registry().register(name, help, metric.clone());
        metric
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L: Label, M> Series<L, M> {
    fn of(family: Family<Labels, M>) -> Self
    where
        M: Clone + Default,
    {
        let listed = L::all().into_iter().map(|label| (label, family.get_or_create_owned(&labels(label)))).collect();
        Self { listed, family }
    }

    /// Returns each listed value of the label with its metric.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(L, M)> {
        self.listed.iter()
    }
}

impl<L: Label> Series<L, Counter> {
    /// Adds one.
    pub(crate) fn inc(&self, label: L) {
        match self.listed.iter().find(|(other, _)| *other == label) {
            Some((_, counter)) => counter.inc(),
            None => self.family.get_or_create(&labels(label)).inc(),
        };
    }
}

fn labels<L: Label>(label: L) -> Labels {
    vec![(L::NAME, label.value())]
}

impl<M> Clone for Shared<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: EncodeMetric> EncodeMetric for Shared<M> {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        self.0.metric_type()
    }
}

impl Format {
    /// Returns the `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Plain => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Encodes the metrics. No family may occur in more than one of them.
    #[must_use]
    pub fn encode(self, metrics: &[&Metrics]) -> String {
        let mut encoded = String::new();
        // Writing to a string cannot fail.
        for registry in metrics.iter().map(|metrics| metrics.registry()) {
            let _ = match self {
                Self::Plain => prometheus_text::encode(&mut encoded, &registry),
                Self::OpenMetrics => text::encode_registry(&mut encoded, &registry),
            };
        }
        if self == Self::OpenMetrics {
            let _ = text::encode_eof(&mut encoded);
        }
        encoded
    }
}

#[cfg(test)]
mod tests;
