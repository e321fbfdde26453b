//! Who asks, and from where.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::dev::RequestHead;
use actix_web::http::header;
use ipnet::IpNet;
use url::form_urlencoded;

use crate::config::Config;
use crate::error::Error;
use crate::service::{Caller, Network, Vouch};
use crate::texts::Language;

/// The token a request carries: `Authorization: Bearer T`, or `?access_token=`, which left the specification in v1.20 but is
/// what Synapse still sends for `hash_details`.
///
/// # Errors
/// 401 `M_UNAUTHORIZED` if there is none.
pub(super) fn token(request: &HttpRequest) -> Result<Cow<'_, str>, Error> {
    let missing = || Error::unauthorized("Missing access token");
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
        return if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim().into()) } else { Err(missing()) };
    }
    query(request, "access_token").ok_or_else(missing)
}

/// The first query parameter of that name.
pub(super) fn query<'a>(request: &'a HttpRequest, name: &str) -> Option<Cow<'a, str>> {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The first query parameter of that name, which must be there.
///
/// # Errors
/// 400 `M_MISSING_PARAMS`
pub(super) fn required_query<'a>(request: &'a HttpRequest, name: &str) -> Result<Cow<'a, str>, Error> {
    query(request, name).ok_or_else(|| Error::missing(name))
}

/// The owner of the token.
///
/// # Errors
/// 401 `M_UNAUTHORIZED`
pub(super) async fn caller(vouch: &Vouch, request: &HttpRequest) -> Result<Arc<Caller>, Error> {
    // iOS renews its token on this errcode and no other.
    vouch.caller(&token(request)?).await?.ok_or_else(|| Error::unauthorized("Unrecognised access token"))
}

/// The owner of the token, who has accepted the terms.
///
/// # Errors
/// 401 `M_UNAUTHORIZED`, 403 `M_TERMS_NOT_SIGNED`
pub(super) async fn signatory(vouch: &Vouch, request: &HttpRequest) -> Result<Arc<Caller>, Error> {
    let caller = caller(vouch, request).await?;
    if caller.terms_accepted { Ok(caller) } else { Err(Error::terms_not_signed()) }
}

/// The language of the messages that a request causes.
pub(super) fn language(vouch: &Vouch, request: &HttpRequest) -> Language {
    let wishes = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    vouch.texts.negotiate(wishes)
}

/// The network that budgets charge for a request.
pub(super) fn caller_network(vouch: &Vouch, request: &HttpRequest) -> Network {
    network(request, &vouch.config.server.trusted_proxies)
}

/// The network a request comes from: that of the client, where trusted proxies stand before the server.
#[must_use]
pub fn network(request: &HttpRequest, trusted: &[IpNet]) -> Network {
    Network::of(source(request.head(), trusted))
}

/// The listed range that a homeserver's request for a phone check comes from, if it comes from any.
pub(super) fn listed_homeserver(head: &RequestHead, config: &Config) -> Option<IpNet> {
    let source = source(head, &config.server.trusted_proxies);
    config.homeservers.phone_checks_from.iter().find(|range| range.contains(&source)).copied()
}

/// The address a request comes from. `X-Forwarded-For` is believed from trusted proxies alone, and read from its end, to the first that is
/// no trusted proxy: what stands before, anybody can write.
fn source(head: &RequestHead, trusted: &[IpNet]) -> IpAddr {
    let peer = head.peer_addr.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
    let is_trusted = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    let forwarded = head.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        let Ok(before) = hop.parse::<IpAddr>() else { break };
        client = before.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn from(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let request = TestRequest::default()
            .peer_addr(format!("{peer}:1").parse().unwrap())
            .insert_header(("X-Forwarded-For", forwarded))
            .to_http_request();
        let trusted: Vec<IpNet> = trusted.iter().map(|range| range.parse().unwrap()).collect();
        network(&request, &trusted).to_string()
    }

    #[test]
    fn forwarded_for_is_believed_from_trusted_proxies_alone() {
        assert_eq!(from("203.0.113.9", "198.51.100.7", &[]), "203.0.113.0/24");
        assert_eq!(from("203.0.113.9", "198.51.100.7", &["203.0.113.9/32"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "1.2.3.4, 198.51.100.7", &["203.0.113.9/32"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "198.51.100.7, 203.0.113.10", &["203.0.113.0/24"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "nonsense", &["203.0.113.0/24"]), "203.0.113.0/24");
        assert_eq!(from("[::ffff:203.0.113.9]", "2001:db8:1:2::3", &["203.0.113.9/32"]), "2001:db8:1::/48");
    }
}
