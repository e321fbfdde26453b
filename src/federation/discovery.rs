//! Server discovery: from a server name to where its homeserver listens
//! ([Server-server API, resolving server names](https://spec.matrix.org/latest/server-server-api/#resolving-server-names)).

use std::collections::BTreeMap;

use ruma_common::{OwnedServerName, ServerName};

use super::client::{Client, Destination};
use super::dns::{Host, Target};
use super::error::{Cause, StartError};
use super::well_known::WellKnown;
use crate::clock::Clock;
use crate::config;

/// The ports that the specification lets us guess.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    /// Where the well-known document is.
    pub(super) web: u16,
    /// Where a homeserver listens that says nothing else.
    pub(super) federation: u16,
}

impl Ports {
    /// Those of the specification.
    pub(super) const STANDARD: Self = Self { web: 443, federation: 8448 };
}

/// Finds homeservers.
pub(super) struct Discovery {
    overrides: BTreeMap<OwnedServerName, Target>,
    well_known: WellKnown,
    ports: Ports,
}

impl Discovery {
    /// # Errors
    /// [`StartError::Override`] for an override that is not `host:port`.
    pub(super) fn new(settings: &config::Federation, clock: Clock, ports: Ports) -> Result<Self, StartError> {
        let overrides = settings.overrides.iter().map(|(server, value)| {
            let invalid = || StartError::Override { server: server.to_string(), value: value.clone() };
            Ok((server.clone(), parse_override(value).ok_or_else(invalid)?))
        });
        Ok(Self {
            overrides: overrides.collect::<Result<_, _>>()?,
            // Half of the time is for what comes after it.
            well_known: WellKnown::new(clock, ports.web, settings.timeout / 2),
            ports,
        })
    }

    /// Where to send requests for `server`.
    ///
    /// # Errors
    /// [`Cause::Name`] if the name is none that could be looked up.
    pub(super) async fn resolve(&self, client: &Client, server: &ServerName) -> Result<Destination, Cause> {
        if let Some(target) = self.overrides.get(server) {
            return Destination::new(server.as_str(), server.host(), vec![target.clone()]);
        }
        if let Some(destination) = self.as_it_says(server)? {
            return Ok(destination);
        }
        let delegated = self.well_known.delegate(client, server).await;
        let server = delegated.as_deref().unwrap_or(server);
        match self.as_it_says(server)? {
            Some(destination) => Ok(destination),
            None => self.by_services(client, server).await,
        }
    }

    /// The destination of an address, or of a name with a port: it needs no looking up.
    fn as_it_says(&self, server: &ServerName) -> Result<Option<Destination>, Cause> {
        let port = match (Host::parse(server.host())?, port(server)?) {
            (_, Some(port)) => port,
            (Host::Ip(_), None) => self.ports.federation,
            (Host::Name(_), None) => return Ok(None),
        };
        Destination::direct(server.as_str(), server.host(), port).map(Some)
    }

    /// The destination of a name without a port: where its SRV records say, or else at the usual port. `Host`, SNI and
    /// certificate are those of the name all the same, for DNS proves nothing.
    async fn by_services(&self, client: &Client, server: &ServerName) -> Result<Destination, Cause> {
        for service in ["_matrix-fed._tcp", "_matrix._tcp"] {
            if let Some(targets) = client.dns().services(service, server.host()).await {
                return Destination::new(server.as_str(), server.host(), targets);
            }
        }
        Destination::direct(server.as_str(), server.host(), self.ports.federation)
    }
}

/// The port of a name, which `ServerName` lets be `+80`, too: that is no port, and no part of a `Host` header.
fn port(server: &ServerName) -> Result<Option<u16>, Cause> {
    let Some(port) = server.port() else { return Ok(None) };
    if port == 0 || server.as_str().contains('+') { Err(Cause::Name) } else { Ok(Some(port)) }
}

fn parse_override(value: &str) -> Option<Target> {
    let name = ServerName::parse(value).ok()?;
    Some(Target { host: Host::parse(name.host()).ok()?, port: port(&name).ok()?? })
}
