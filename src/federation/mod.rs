//! Requests to homeservers: discovery, the address filter, verified TLS, and the requests
//! themselves.
//!
//! Server names come from strangers, so this module assumes that the other side is hostile:
//! [`address_filter`] checks addresses when they are connected to, bodies are limited, a deadline
//! covers the whole exchange, and the answers of our API reveal nothing about our own network.

mod address_filter;
mod client;
mod discovery;
mod dns;
#[cfg(test)]
mod dns_tests;
mod error;
mod inspection;
mod keys;
mod metering;
mod onbind;
mod openid;
mod racing;
mod rules;
#[cfg(test)]
mod testing;
mod well_known;
mod xmatrix;

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use hyper::Response;
use hyper::body::Bytes;
use prometheus_client::metrics::counter::Counter;
use ruma_common::ServerName;
use tokio::time::timeout;

use self::client::{Client, Request};
use self::discovery::{Discovery, Ports};
pub use self::error::{Cause, Error, StartError};
use self::keys::KeyRing;
use self::metering::Outcome;
pub use self::onbind::Reception;
use self::rules::ServerRules;
pub use self::xmatrix::{SignedRequest, XMatrix};
use crate::clock::{Clock, Millis};
use crate::config;
use crate::metrics::{Metrics, Series};

/// The client for homeservers. There is one per process.
pub struct Federation {
    rules: ServerRules,
    discovery: Discovery,
    client: Client,
    keys: KeyRing,
    timeout: Duration,
    outcomes: Series<Outcome, Counter>,
}

impl Federation {
    /// Creates the client, without resolving or connecting to anything. Requests are counted in
    /// `metrics`.
    ///
    /// # Errors
    /// [`StartError`] if a setting of `[federation]` cannot be used.
    pub fn new(settings: &config::Federation, clock: Clock, metrics: &Metrics) -> Result<Self, StartError> {
        Self::with_ports(settings, clock, metrics, Ports::STANDARD)
    }

    fn with_ports(
        settings: &config::Federation,
        clock: Clock,
        metrics: &Metrics,
        ports: Ports,
    ) -> Result<Self, StartError> {
        Ok(Self {
            rules: ServerRules::new(settings),
            discovery: Discovery::new(settings, clock.clone(), ports),
            client: Client::new(settings)?,
            keys: KeyRing::new(clock),
            timeout: settings.timeout,
            outcomes: metrics.counters("federation_requests", "Requests to homeservers"),
        })
    }

    /// Finds the homeserver and makes one exchange with it, all within `federation.timeout`. An
    /// answer with any status is a success; redirects are not followed.
    ///
    /// # Errors
    /// The [`Cause`] if there is no answer.
    async fn request(&self, server: &ServerName, request: Request) -> Result<Response<Bytes>, Cause> {
        self.request_within(self.timeout, server, request).await
    }

    /// Does the same within another deadline.
    async fn request_within(
        &self,
        deadline: Duration,
        server: &ServerName,
        request: Request,
    ) -> Result<Response<Bytes>, Cause> {
        let exchange = async {
            let destination = self.discovery.resolve(&self.client, server).await?;
            self.client.send(&destination, request).await
        };
        let answer = timeout(deadline, exchange).await.unwrap_or(Err(Cause::Timeout));
        self.outcomes.inc(Outcome::of(&answer));
        answer
    }
}

/// Makes room for one more entry in a cache of `max` entries: removes those that have expired or,
/// if there are none, the one that expires next.
fn make_room<K: Clone + Eq + Hash, V>(
    cache: &mut HashMap<K, V>,
    max: usize,
    now: Millis,
    until: impl Fn(&V) -> Millis,
) {
    if cache.len() < max {
        return;
    }
    cache.retain(|_, entry| now < until(entry));
    if cache.len() >= max {
        let next = cache.iter().min_by_key(|(_, entry)| until(entry)).map(|(key, _)| key.clone());
        next.and_then(|next| cache.remove(&next));
    }
}
