//! The public URL, as clients see it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Method};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Context, Finding, certificate, homeserver};
use crate::clock::Millis;
use crate::config::without_brackets;
use crate::crypto::certificate as x509;
use crate::crypto::trust::{self, TlsFault};
use crate::federation::Cause;
use crate::service::Network;

/// The time allowed for a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The maximum number of bytes of an answer that are read.
const MAX_ANSWER: usize = 64 * 1024;
/// The origin of a web client elsewhere.
const ORIGIN: &str = "https://app.example";
/// An address that belongs to nobody (RFC 5737), and its network.
const NOBODY: (&str, &str) = ("192.0.2.99", "192.0.2.0/24");

/// A response from the public URL.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
    valid_until: Option<Millis>,
}

impl Context {
    /// Returns the name or address in the public URL.
    fn public_host(&self) -> &str {
        without_brackets(self.config.server.public_url.host_str().unwrap_or_default())
    }

    /// Returns the addresses of the public name according to DNS, since other machines do not see
    /// this machine's hosts file; `None` if no DNS is needed.
    async fn public_addresses(&self) -> Option<Result<Vec<IpAddr>, Cause>> {
        let host = self.public_host();
        let is_local = host == "localhost" || host.ends_with(".localhost");
        match &self.federation {
            Ok(federation) if !is_local && host.parse::<IpAddr>().is_err() => Some(federation.addresses(host).await),
            _ => None,
        }
    }

    /// Sends a request below the public URL, trusting the authorities that browsers trust.
    async fn ask(&self, method: Method, path: &str, header: Option<(&str, &str)>) -> Result<Answer, Finding> {
        let url = format!("{}{path}", self.config.server.public_url.as_str().trim_end_matches('/'));
        let addresses = match self.public_addresses().await {
            Some(Ok(addresses)) if addresses.is_empty() => Err("it has no address".to_owned()),
            Some(Err(cause)) => Err(format!("its name cannot be resolved ({cause})")),
            Some(Ok(addresses)) => Ok(addresses),
            None => Ok(Vec::new()),
        };
        let addresses = addresses.map_err(|why| {
            Finding::problem(format!("{url}: {why}"), "see the result and the advice of the check of DNS")
        })?;
        let asked = self.fetch(method, &url, header, &addresses).await;
        asked.map_err(|error| {
            let fault = TlsFault::of(&error);
            let (why, remedy) = match fault {
                Some(fault) => (
                    format!("its TLS fails: {fault}"),
                    "install a certificate for this name together with its intermediates, and renew it in time",
                ),
                None if error.is_timeout() => (
                    format!("no answer within {} s", PATIENCE.as_secs()),
                    "check the firewalls and the reverse proxy in between",
                ),
                None => (
                    format!("no answer: {}", root_cause(&error)),
                    "check that the server and its reverse proxy are running, that the name points here, and \
                     the firewalls in between",
                ),
            };
            Finding::problem(format!("{url}: {why}"), remedy)
        })
    }

    async fn fetch(
        &self,
        method: Method,
        url: &str,
        header: Option<(&str, &str)>,
        addresses: &[IpAddr],
    ) -> reqwest::Result<Answer> {
        let tls = trust::client_config(None).expect("there is no file to read");
        let client =
            Client::builder().tls_backend_preconfigured(tls).tls_info(true).redirect(Policy::none()).no_proxy();
        let mut client = client.timeout(PATIENCE).user_agent(concat!("Vouch/", env!("CARGO_PKG_VERSION")));
        if !addresses.is_empty() {
            // The URL determines the port.
            client = client.resolve_to_addrs(self.public_host(), &sockets(addresses, 0));
        }
        let client = client.build()?;
        let mut request = client.request(method, url).header("Origin", ORIGIN);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let mut response = request.send().await?;
        let certificate = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        let valid_until = certificate.and_then(|der| x509::valid_until(&CertificateDer::from(der)));
        let (status, headers, mut body) = (response.status().as_u16(), response.headers().clone(), Vec::new());
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - body.len())]);
            if body.len() == MAX_ANSWER {
                break;
            }
        }
        Ok(Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default(), valid_until })
    }
}

fn sockets(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
}

/// Returns the innermost cause of an error, which contains neither the URL nor a header.
fn root_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), root_cause)
}

/// Checks the addresses of the public name.
pub(super) async fn dns(context: &Context) -> Finding {
    let host = context.public_host();
    if let Err(problem) = &context.federation {
        return Finding::problem(problem.clone(), "correct this setting of [federation]");
    }
    let Some(found) = context.public_addresses().await else {
        return Finding::skipped(format!("{host} needs no DNS"));
    };
    match found {
        Ok(addresses) => judged(host, &addresses),
        Err(cause) => Finding::problem(format!("{host} cannot be resolved ({cause})"), homeserver::remedy(cause)),
    }
}

/// Judges the addresses of a name.
fn judged(host: &str, addresses: &[IpAddr]) -> Finding {
    let list = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let is_private = |address: &IpAddr| match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    if addresses.is_empty() {
        Finding::problem(format!("{host} has no address"), "add A and AAAA records for it")
    } else if addresses.iter().any(is_private) {
        let remedy = "give the public name only public addresses, unless all clients are in your network";
        Finding::warning(format!("{host} is at {list}, which not everybody can reach"), remedy)
    } else {
        Finding::ok(format!("{host} is at {list}"))
    }
}

/// Checks TLS, and that an identity server answers.
pub(super) async fn versions(context: &Context) -> Finding {
    let answer = match context.ask(Method::GET, "/_matrix/identity/versions", None).await {
        Ok(answer) => answer,
        Err(finding) => return finding,
    };
    let url = context.config.server.public_url.as_str().trim_end_matches('/');
    match answer.status {
        200 if answer.body["versions"].is_array() => {
            certificate(&format!("an identity server answers at {url}"), answer.valid_until, &context.clock)
        }
        503 => Finding::problem(format!("{url} returns status 503"), "see /ready and the server's log"),
        status => {
            let found =
                format!("{url}/_matrix/identity/versions returns status {status}, and not from an identity server");
            let remedy = "make the reverse proxy forward everything below server.public_url to server.listen, \
             without a redirect";
            Finding::problem(found, remedy)
        }
    }
}

/// Checks that the server behind the public URL has this signing key.
pub(super) async fn key(context: &Context) -> Finding {
    let Ok(database) = &context.database else { return Finding::skipped("the database cannot be opened") };
    let Ok((id, public)) = database.public_key(&context.config) else {
        return Finding::skipped("there is no signing key to compare with");
    };
    match context.ask(Method::GET, &format!("/_matrix/identity/v2/pubkey/{id}"), None).await {
        Err(_) => Finding::skipped("the public URL does not answer"),
        Ok(answer) if answer.body["public_key"] == public.as_str() => Finding::ok("the server there has this key"),
        Ok(_) => Finding::problem(
            "the server behind the public URL does not have this signing key",
            "make the public URL point to this server; restart it if the key file has changed; give all nodes \
             the same file",
        ),
    }
}

/// Checks that web clients may read answers.
pub(super) async fn cors(context: &Context) -> Finding {
    const HEADER: &str = "access-control-allow-origin";
    for method in [Method::GET, Method::OPTIONS] {
        let preflight = (method == Method::OPTIONS).then_some(("Access-Control-Request-Method", "POST"));
        let Ok(answer) = context.ask(method.clone(), "/_matrix/identity/versions", preflight).await else {
            return Finding::skipped("the public URL does not answer");
        };
        let origins: Vec<_> = answer.headers.get_all(HEADER).iter().collect();
        if !(200..300).contains(&answer.status) || origins.len() != 1 || (origins[0] != "*" && origins[0] != ORIGIN) {
            let found = format!("{method} returns status {} and {} times {HEADER}", answer.status, origins.len());
            let remedy = "make sure that the reverse proxy neither answers OPTIONS itself nor adds, changes \
             or removes CORS headers";
            return Finding::problem(format!("web clients cannot use this server: {found}"), remedy);
        }
    }
    Finding::ok("web clients of any origin may read answers")
}

/// Checks that the server sees a client's network, not its proxy's or a forged one.
pub(super) async fn proxy(context: &Context) -> Finding {
    const PATH: &str = "/_matrix/identity/unstable/im.vouch/network";
    let Some(ours) = own_address(context).await else { return Finding::skipped("the public URL does not answer") };
    let trusted = &context.config.server.trusted_proxies;
    if trusted.iter().any(|range| range.contains(&ours)) {
        return Finding::skipped("this machine is in server.trusted_proxies: run this elsewhere as well");
    }
    let network = Network::of(ours).to_string();
    let mut seen = Vec::new();
    for header in [None, Some(("X-Forwarded-For", NOBODY.0))] {
        let answer = context.ask(Method::GET, PATH, header).await;
        let answer = answer.ok().and_then(|answer| answer.body["network"].as_str().map(str::to_owned));
        let Some(answer) = answer else {
            return Finding::skipped("the public URL does not answer as this version does");
        };
        seen.push(answer);
    }
    if seen[1] == NOBODY.1 {
        let remedy = "make the reverse proxy set X-Forwarded-For itself, as docs/operations.md shows, and \
         list only proxies in server.trusted_proxies";
        return Finding::problem("clients can forge their address, and so evade rate limits", remedy);
    }
    if seen[0] == network {
        return Finding::ok(format!("the server sees this machine's network, {network}"));
    }
    let address = seen[0].split('/').next().and_then(|address| address.parse::<IpAddr>().ok());
    let is_proxy = |address: IpAddr| address.is_loopback() || trusted.iter().any(|range| range.contains(&address));
    match address {
        Some(address) if address.is_unspecified() => Finding::problem(
            "the reverse proxy does not pass on clients' addresses, so they share the rate limits of one network",
            "make the reverse proxy set X-Forwarded-For to the client's address",
        ),
        Some(address) if is_proxy(address) => Finding::problem(
            format!("the server sees {}, which is its reverse proxy: all clients share its rate limits", seen[0]),
            "add the reverse proxy's address to server.trusted_proxies, and make it set X-Forwarded-For",
        ),
        _ => Finding::warning(
            format!("the server sees {}, but this machine is in {network}", seen[0]),
            "if that is not address translation between them, add the reverse proxy to server.trusted_proxies",
        ),
    }
}

/// Returns the address from which this machine reaches the public URL.
async fn own_address(context: &Context) -> Option<IpAddr> {
    let port = context.config.server.public_url.port_or_known_default()?;
    let connect = async {
        match context.public_addresses().await {
            Some(Ok(addresses)) => TcpStream::connect(&*sockets(&addresses, port)).await.ok(),
            Some(Err(_)) => None,
            None => TcpStream::connect((context.public_host(), port)).await.ok(),
        }
    };
    let stream = timeout(PATIENCE, connect).await.ok()??;
    stream.local_addr().ok().map(|address: SocketAddr| address.ip().to_canonical())
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    #[test]
    fn a_public_name_has_only_public_addresses() {
        let outcome = |addresses: &[&str]| {
            let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            judged("id.example", &addresses).outcome
        };
        assert_eq!(outcome(&["203.0.113.5", "2001:db8::5"]), Outcome::Ok);
        for private in
            ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.0.1", "::1", "fd00::1", "fe80::1"]
        {
            assert_eq!(outcome(&["203.0.113.5", private]), Outcome::Warning, "{private}");
        }
        assert_eq!(outcome(&[]), Outcome::Problem);
    }
}
