//! Server discovery: finds where the homeserver of a server name listens ([Server-server API,
//! resolving server
//! names](https://spec.matrix.org/latest/server-server-api/#resolving-server-names)).

use std::collections::BTreeMap;

use ruma_common::{OwnedServerName, ServerName};

use super::client::{Client, Destination};
use super::error::Cause;
use super::well_known::WellKnown;
use crate::clock::Clock;
use crate::config::{self, Host, Target};

/// The ports used where none is specified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    /// The port of the well-known document.
    pub(super) web: u16,
    /// The port of a homeserver.
    pub(super) federation: u16,
}

impl Ports {
    /// The specification's ports.
    pub(super) const STANDARD: Self = Self { web: 443, federation: 8448 };
}

/// Finds homeservers.
pub(super) struct Discovery {
    overrides: BTreeMap<OwnedServerName, Target>,
    well_known: WellKnown,
    ports: Ports,
}

impl Discovery {
    pub(super) fn new(settings: &config::Federation, clock: Clock, ports: Ports) -> Self {
        Self {
            overrides: settings.overrides.clone(),
            // The other half is for the exchange itself.
            well_known: WellKnown::new(clock, ports.web, settings.timeout / 2),
            ports,
        }
    }

    /// Returns the destination of requests for `server`.
    ///
    /// # Errors
    /// [`Cause::Name`] if the name cannot be resolved.
    pub(super) async fn resolve(&self, client: &Client, server: &ServerName) -> Result<Destination, Cause> {
        if let Some(target) = self.overrides.get(server) {
            return Destination::new(server.as_str(), server.host(), vec![target.clone()]);
        }
        if let Some(destination) = self.literal(server)? {
            return Ok(destination);
        }
        let delegated = self.well_known.delegate(client, server).await;
        let server = delegated.as_deref().unwrap_or(server);
        match self.literal(server)? {
            Some(destination) => Ok(destination),
            None => self.by_services(client, server).await,
        }
    }

    /// Returns the target of the web server of a name.
    ///
    /// # Errors
    /// [`Cause::Name`] if the name is not valid.
    pub(super) fn client_target(&self, server: &ServerName) -> Result<Target, Cause> {
        let host = || Host::parse(server.host()).ok_or(Cause::Name);
        let target = self.overrides.get(server).cloned();
        target.map_or_else(|| Ok(Target { host: host()?, port: self.ports.web }), Ok)
    }

    /// Returns the destination of an address, or of a name with a port, neither of which needs
    /// discovery.
    fn literal(&self, server: &ServerName) -> Result<Option<Destination>, Cause> {
        let port = match (Host::parse(server.host()).ok_or(Cause::Name)?, port(server)?) {
            (_, Some(port)) => port,
            (Host::Ip(_), None) => self.ports.federation,
            (Host::Name(_), None) => return Ok(None),
        };
        Destination::direct(server.as_str(), server.host(), port).map(Some)
    }

    /// Returns the destination of a name without a port: the targets of its SRV records, or the
    /// default port. `Host`, SNI and certificate remain those of the name, because DNS proves
    /// nothing.
    async fn by_services(&self, client: &Client, server: &ServerName) -> Result<Destination, Cause> {
        if let Some(targets) = client.dns().first_service(["_matrix-fed._tcp", "_matrix._tcp"], server.host()).await {
            return Destination::new(server.as_str(), server.host(), targets);
        }
        Destination::direct(server.as_str(), server.host(), self.ports.federation)
    }
}

/// Returns the port of a name. `ServerName` also accepts `:+80`, which is not valid in a `Host`
/// header.
fn port(server: &ServerName) -> Result<Option<u16>, Cause> {
    let Some(port) = server.port() else { return Ok(None) };
    if port == 0 || server.as_str().contains('+') { Err(Cause::Name) } else { Ok(Some(port)) }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use serde_json::json;

    use super::*;
    use crate::crypto::trust::TlsFault;
    use crate::federation::Request;
    use crate::federation::testing::{ELSEWHERE, Lab, NAME, Peer, Reply, Seen, server};

    /// The name that [`NAME`] delegates to.
    const DELEGATED: &str = "delegated.example.net";

    async fn ask(lab: &Lab, name: &str) -> Result<(), Cause> {
        lab.federation().request(&server(name), Request::get("/here", 64)).await.map(drop)
    }

    fn fine(_: &Seen) -> Reply {
        Reply::json("{}")
    }

    /// Makes [`NAME`] delegate to `target`.
    async fn delegate(lab: &mut Lab, target: impl ToString) -> Peer {
        let target = target.to_string();
        let peer = lab.serve(&[NAME], move |_| Reply::json(json!({ "m.server": target }).to_string())).await;
        lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
        lab.ports.web = peer.port();
        peer
    }

    /// Asserts that the peer was asked once, under this name and with this SNI.
    fn assert_asked(peer: &Peer, host: &str, sni: Option<&str>) {
        let seen = peer.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].line.as_str(), seen[0].headers["host"].as_str()), ("GET /here", host));
        assert_eq!(seen[0].sni.as_deref(), sni);
    }

    #[tokio::test]
    async fn an_override_replaces_discovery_but_not_the_certificate() {
        let mut lab = Lab::new().await;
        let peer = lab.serve(&[NAME], fine).await;
        for address in [peer.address.to_string(), format!("inside.example.org:{}", peer.port())] {
            lab.zone.a("inside.example.org", Ipv4Addr::LOCALHOST);
            lab.settings.overrides = [(server(NAME), address.parse().unwrap())].into();
            ask(&lab, NAME).await.unwrap();
        }
        let seen = peer.seen();
        assert!(seen.iter().all(|seen| seen.headers["host"] == NAME && seen.sni.as_deref() == Some(NAME)));

        let stranger = lab.serve(&["inside.example.org"], fine).await;
        lab.settings.overrides = [(server(NAME), stranger.address.into())].into();
        assert_eq!(ask(&lab, NAME).await, Err(Cause::Tls(Some(TlsFault::OtherName))));
    }

    #[tokio::test]
    async fn an_address_is_used_as_it_is() {
        let mut lab = Lab::new().await;
        let peer = lab.serve(&["127.0.0.1"], fine).await;
        let name = peer.address.to_string();
        ask(&lab, &name).await.unwrap();
        assert_asked(&peer, &name, None);

        let peer = lab.serve(&["127.0.0.1"], fine).await;
        lab.ports.federation = peer.port();
        ask(&lab, "127.0.0.1").await.unwrap();
        assert_asked(&peer, "127.0.0.1", None);
    }

    #[tokio::test]
    async fn a_name_with_a_port_asks_for_no_document_and_no_services() {
        let mut lab = Lab::new().await;
        let document = delegate(&mut lab, "127.0.0.1:1").await;
        lab.zone.srv(&format!("_matrix-fed._tcp.{NAME}"), 0, 1, NAME);
        let peer = lab.serve(&[NAME], fine).await;
        let name = format!("{NAME}:{}", peer.port());
        ask(&lab, &name).await.unwrap();
        assert_asked(&peer, &name, Some(NAME));
        assert_eq!(document.connections(), 0);
    }

    #[tokio::test]
    async fn delegation_to_an_address() {
        let mut lab = Lab::new().await;
        let peer = lab.serve(&["127.0.0.1"], fine).await;
        let document = delegate(&mut lab, peer.address).await;
        ask(&lab, NAME).await.unwrap();
        assert_asked(&peer, &peer.address.to_string(), None);
        let asked = &document.seen()[0];
        assert_eq!(asked.line, "GET /.well-known/matrix/server");
        assert_eq!(asked.headers["host"], format!("{NAME}:{}", document.port()));

        let peer = lab.serve(&["127.0.0.1"], fine).await;
        lab.ports.federation = peer.port();
        let _document = delegate(&mut lab, "127.0.0.1").await;
        ask(&lab, NAME).await.unwrap();
        assert_asked(&peer, "127.0.0.1", None);
    }

    #[tokio::test]
    async fn delegation_to_a_name_with_a_port() {
        let mut lab = Lab::new().await;
        let peer = lab.serve(&[DELEGATED], fine).await;
        lab.zone.a(DELEGATED, Ipv4Addr::LOCALHOST);
        let name = format!("{DELEGATED}:{}", peer.port());
        let _document = delegate(&mut lab, &name).await;
        ask(&lab, NAME).await.unwrap();
        assert_asked(&peer, &name, Some(DELEGATED));
    }

    #[tokio::test]
    async fn delegation_to_a_name_with_srv_records() {
        for service in ["_matrix-fed._tcp", "_matrix._tcp"] {
            let mut lab = Lab::new().await;
            let peer = lab.serve(&[DELEGATED], fine).await;
            lab.zone.a("target.example.com", Ipv4Addr::LOCALHOST);
            lab.zone.srv(&format!("{service}.{DELEGATED}"), 0, peer.port(), "target.example.com");
            let _document = delegate(&mut lab, DELEGATED).await;
            ask(&lab, NAME).await.unwrap();
            assert_asked(&peer, DELEGATED, Some(DELEGATED));
        }
    }

    #[tokio::test]
    async fn delegation_to_a_bare_name_ends_at_the_default_port_and_goes_no_further() {
        let mut lab = Lab::new().await;
        // The delegated name's own document must not be fetched: it points to the wrong server.
        let names = [NAME, DELEGATED];
        let document = lab.serve(&names, |seen| {
            let astray = seen.sni.as_deref() == Some(DELEGATED);
            Reply::json(json!({ "m.server": if astray { "127.0.0.1:1" } else { DELEGATED } }).to_string())
        });
        lab.ports.web = document.await.port();
        let peer = lab.serve(&[DELEGATED], fine).await;
        lab.ports.federation = peer.port();
        lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
        lab.zone.a(DELEGATED, Ipv4Addr::LOCALHOST);
        ask(&lab, NAME).await.unwrap();
        assert_asked(&peer, DELEGATED, Some(DELEGATED));
    }

    #[tokio::test]
    async fn without_a_document_srv_records_are_used_the_newer_service_first() {
        let lab = Lab::new().await;
        let (older, newer) = (lab.serve(&[NAME], fine).await, lab.serve(&[NAME], fine).await);
        lab.zone.a("target.example.com", Ipv4Addr::LOCALHOST);
        lab.zone.srv(&format!("_matrix._tcp.{NAME}"), 0, older.port(), "target.example.com");
        ask(&lab, NAME).await.unwrap();
        assert_asked(&older, NAME, Some(NAME));
        lab.zone.srv(&format!("_matrix-fed._tcp.{NAME}"), 9, newer.port(), "target.example.com");
        ask(&lab, NAME).await.unwrap();
        assert_asked(&newer, NAME, Some(NAME));
        assert_eq!(older.connections(), 1);
    }

    #[tokio::test]
    async fn without_document_and_srv_records_the_default_port_is_used() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(fine).await;
        ask(&lab, NAME).await.unwrap();
        assert_asked(&peer, NAME, Some(NAME));
    }

    #[tokio::test]
    async fn a_certificate_for_the_srv_target_is_not_enough() {
        let lab = Lab::new().await;
        let peer = lab.serve(&["target.example.com"], fine).await;
        lab.zone.a("target.example.com", Ipv4Addr::LOCALHOST);
        lab.zone.srv(&format!("_matrix-fed._tcp.{NAME}"), 0, peer.port(), "target.example.com");
        assert_eq!(ask(&lab, NAME).await, Err(Cause::Tls(Some(TlsFault::OtherName))));
        assert!(peer.seen().is_empty());
    }

    /// Starts a homeserver at an address that is not allowed, with a valid certificate.
    async fn forbidden(lab: &Lab) -> Peer {
        Peer::start(ELSEWHERE, lab.certificate(&[NAME, DELEGATED, "127.0.0.99"], |_| {}), fine).await
    }

    async fn assert_filtered(lab: &Lab, peer: &Peer, name: &str) {
        assert_eq!(ask(lab, name).await, Err(Cause::Filter));
        assert_eq!(peer.connections(), 0);
    }

    #[tokio::test]
    async fn no_detour_reaches_a_filtered_address() {
        let mut lab = Lab::new().await;
        let peer = forbidden(&lab).await;
        lab.ports.federation = peer.port();

        lab.zone.a("direct.example.org", ELSEWHERE);
        assert_filtered(&lab, &peer, "direct.example.org").await;
        assert_filtered(&lab, &peer, &format!("direct.example.org:{}", peer.port())).await;
        lab.zone.cname("alias.example.org", "direct.example.org");
        assert_filtered(&lab, &peer, "alias.example.org").await;
        lab.zone.srv("_matrix._tcp.service.example.org", 0, peer.port(), "direct.example.org");
        assert_filtered(&lab, &peer, "service.example.org").await;
        assert_filtered(&lab, &peer, "127.0.0.99").await;
        assert_filtered(&lab, &peer, &format!("[::ffff:127.0.0.99]:{}", peer.port())).await;

        lab.zone.a(DELEGATED, ELSEWHERE);
        for target in ["127.0.0.99".to_owned(), peer.address.to_string(), DELEGATED.to_owned()] {
            let _document = delegate(&mut lab, target).await;
            assert_filtered(&lab, &peer, NAME).await;
        }

        lab.settings.overrides = [(server(NAME), peer.address.into())].into();
        assert_filtered(&lab, &peer, NAME).await;
    }

    #[tokio::test]
    async fn an_address_that_changes_during_discovery_is_checked_again() {
        let mut lab = Lab::new().await;
        let peer = forbidden(&lab).await;
        lab.ports.federation = peer.port();
        let zone = lab.zone.clone();
        let document = lab.serve(&[NAME], move |_| {
            zone.a(NAME, ELSEWHERE);
            Reply::json(json!({ "m.server": NAME }).to_string())
        });
        lab.ports.web = document.await.port();
        lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
        assert_filtered(&lab, &peer, NAME).await;
    }

    #[tokio::test]
    async fn names_of_this_machine_are_refused() {
        let mut lab = Lab::new().await;
        lab.settings.allowed_ranges.clear();
        let certificate = lab.certificate(&["localhost", "127.0.0.1"], |_| {});
        let peer = Peer::start(Ipv4Addr::LOCALHOST, certificate, fine).await;
        (lab.ports.web, lab.ports.federation) = (peer.port(), peer.port());
        for name in ["localhost", "a.localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]"] {
            assert_eq!(ask(&lab, name).await, Err(Cause::Filter), "{name}");
        }
        for name in ["0x7f.1", "2130706433", "127.1", "0177.0.0.1", "a..b", "localhost:0", "localhost:+8448"] {
            assert!(ask(&lab, name).await.is_err(), "{name}");
        }
        assert_eq!(peer.connections(), 0);
    }

    #[test]
    fn invalid_server_names_do_not_parse() {
        let long = format!("{}.org", "a".repeat(300));
        for name in
            ["", "a/b", "a?x", "a#x", "u@host", "host:99999", "host:", ":1", "a b", "[fe80::1%eth0]", "[::1", &long]
        {
            assert!(ServerName::parse(name).is_err(), "{name}");
        }
    }
}
