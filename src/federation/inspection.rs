//! Looking at a name or a homeserver step by step, for the operator.

use std::net::IpAddr;

use futures_util::StreamExt;
use hyper::Response;
use hyper::body::Bytes;
use ruma_common::ServerName;
use tokio::time::timeout;

use super::client::{Destination, Request};
use super::{Cause, Federation};
use crate::clock::Millis;
use crate::config::{Host, Target};

/// The longest document that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The location of a homeserver.
#[derive(Clone, Debug)]
pub struct Found {
    /// Hosts and ports, in the order in which they are tried.
    pub targets: Vec<String>,
    /// The time until which its certificate is valid, if that can be read.
    pub valid_until: Option<Millis>,
}

impl Federation {
    /// Returns the addresses of a name; an empty list if it has none.
    ///
    /// # Errors
    /// [`Cause::Name`] if it is not a name, [`Cause::Dns`] if no resolver answers.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Cause> {
        let targets = [Target { host: Host::parse(host).ok_or(Cause::Name)?, port: 0 }];
        let found: Vec<_> = self.client.dns().addresses(&targets).collect().await;
        if found.iter().all(Result::is_err) {
            return Err(Cause::Dns);
        }
        Ok(found.into_iter().flatten().flatten().map(|(_, address)| address.ip()).collect())
    }

    /// Finds a homeserver and secures a connection to it.
    ///
    /// # Errors
    /// The [`Cause`] if that fails.
    pub async fn find(&self, server: &ServerName) -> Result<Found, Cause> {
        let find = async {
            let destination = self.discovery.resolve(&self.client, server).await?;
            let valid_until = self.client.certificate_of(&destination).await?;
            Ok(Found { targets: destination.targets.iter().map(ToString::to_string).collect(), valid_until })
        };
        timeout(self.timeout, find).await.unwrap_or(Err(Cause::Timeout))
    }

    /// Fetches the document that tells the homeserver's clients where its services are. If
    /// `federation.overrides` lists the homeserver, it is fetched from there.
    ///
    /// # Errors
    /// The [`Cause`] if there is no answer.
    pub async fn client_document(&self, server: &ServerName) -> Result<Response<Bytes>, Cause> {
        let target = self.discovery.client_target(server)?;
        let destination = Destination::new(server.host(), server.host(), vec![target])?;
        let request = Request::get("/.well-known/matrix/client", MAX_BYTES);
        timeout(self.timeout, self.client.send(&destination, request)).await.unwrap_or(Err(Cause::Timeout))
    }
}
