//! The address that a request comes from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::dev::RequestHead;
use ipnet::IpNet;

use crate::service::Network;

/// Stands for an address that cannot be determined.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Returns the network that a request comes from.
pub(crate) fn network(head: &RequestHead, trusted: &[IpNet]) -> Network {
    Network::of(peer_address(head, trusted))
}

/// Returns the address that a request comes from.
///
/// `X-Forwarded-For` is believed only from trusted proxies, and read backwards up to the first
/// address that is not one: a client can write anything before that. If a proxy writes something
/// that is not an address, the result is unknown rather than the proxy itself, since the proxy may
/// run on a machine that the operator lists.
pub(crate) fn peer_address(head: &RequestHead, trusted: &[IpNet]) -> IpAddr {
    let peer = head.peer_addr.map_or(UNKNOWN, |peer| peer.ip().to_canonical());
    let is_trusted = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    let forwarded = head.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        let Some(before) = address(hop) else { return UNKNOWN };
        client = before.to_canonical();
    }
    client
}

/// Parses one hop of `X-Forwarded-For`; some proxies add the port.
fn address(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))
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
        network(request.head(), &trusted).to_string()
    }

    #[test]
    fn forwarded_for_is_believed_only_from_trusted_proxies() {
        assert_eq!(from("203.0.113.9", "198.51.100.7", &[]), "203.0.113.0/24");
        assert_eq!(from("203.0.113.9", "198.51.100.7", &["203.0.113.9/32"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "1.2.3.4, 198.51.100.7", &["203.0.113.9/32"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "198.51.100.7, 203.0.113.10", &["203.0.113.0/24"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "1.2.3.4, 198.51.100.7:4711", &["203.0.113.9/32"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "[2001:db8:1:2::3]:4711", &["203.0.113.9/32"]), "2001:db8:1::/48");
        assert_eq!(from("203.0.113.9", "nonsense", &["203.0.113.0/24"]), "0.0.0.0/24");
        assert_eq!(from("203.0.113.9", "198.51.100.7, nonsense", &["203.0.113.0/24"]), "0.0.0.0/24");
        assert_eq!(from("[::ffff:203.0.113.9]", "2001:db8:1:2::3", &["203.0.113.9/32"]), "2001:db8:1::/48");
    }
}
