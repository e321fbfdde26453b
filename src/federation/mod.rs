//! Talking to homeservers: discovery, the address filter, verified TLS, and what we ask over it.
//!
//! Server names come from strangers, so everything here assumes that the other side is hostile: addresses are judged
//! when they are connected to ([`address_filter`]), bodies are capped, the whole of an exchange has one deadline, and
//! an [`Error`] tells the caller nothing about our own network.

pub mod address_filter;
mod client;
mod discovery;
mod dns;
mod error;
mod keys;
mod onbind;
mod openid;
mod rules;
#[cfg(test)]
mod testing;
mod well_known;
mod xmatrix;

use std::time::Duration;

use hyper::Response;
use hyper::body::Bytes;
use ruma_common::ServerName;
use tokio::time::timeout;

use self::client::Client;
pub use self::client::Request;
use self::discovery::{Discovery, Ports};
pub use self::error::{Cause, Error, StartError};
use self::keys::KeyRing;
pub use self::onbind::Reception;
use self::rules::ServerRules;
pub use self::xmatrix::{NotACredential, SignedRequest, XMatrix};
use crate::clock::Clock;
use crate::config;

/// The way to homeservers. One a process, shared behind an `Arc`.
pub struct Federation {
    rules: ServerRules,
    discovery: Discovery,
    client: Client,
    keys: KeyRing,
    timeout: Duration,
}

impl Federation {
    /// Sets it up; nothing is resolved or connected to yet.
    ///
    /// # Errors
    /// [`StartError`] if a setting of `[federation]` cannot be used; it names the setting.
    pub fn new(settings: &config::Federation, clock: Clock) -> Result<Self, StartError> {
        Self::with_ports(settings, clock, Ports::STANDARD)
    }

    fn with_ports(settings: &config::Federation, clock: Clock, ports: Ports) -> Result<Self, StartError> {
        Ok(Self {
            rules: ServerRules::new(settings),
            discovery: Discovery::new(settings, clock.clone(), ports),
            client: Client::new(settings)?,
            keys: KeyRing::new(clock),
            timeout: settings.timeout,
        })
    }

    /// Whether the operator lets users of this homeserver register.
    #[must_use]
    pub fn may_register(&self, server: &ServerName) -> bool {
        self.rules.permit(server)
    }

    /// Finds the homeserver and makes one exchange with it, all within `federation.timeout`. Whatever the status of
    /// the answer, it is an answer; redirects are not followed.
    ///
    /// # Errors
    /// [`Error::Unreachable`] if there is none.
    pub async fn request(&self, server: &ServerName, request: Request) -> Result<Response<Bytes>, Error> {
        self.request_within(self.timeout, server, request).await
    }

    /// As [`Self::request`], for an exchange that nobody waits for and that may take longer.
    async fn request_within(
        &self,
        patience: Duration,
        server: &ServerName,
        request: Request,
    ) -> Result<Response<Bytes>, Error> {
        let exchange = async {
            let destination = self.discovery.resolve(&self.client, server).await?;
            self.client.send(&destination, request).await
        };
        let answer = timeout(patience, exchange).await.unwrap_or(Err(Cause::Timeout));
        answer.map_err(|cause| {
            log::debug!("a homeserver is out of reach: {cause}");
            Error::Unreachable(cause)
        })
    }
}
