//! Resolves names to addresses, always through DNS: the C library would take `0x7f.1` or
//! `2130706433` for addresses.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ProtocolConfig};
use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData};

use super::error::{Cause, StartError};
use crate::config::{Host, Target};

/// How many addresses are tried for one exchange, and how many SRV targets are resolved.
const MAX_ADDRESSES: usize = 8;

/// The resolver.
pub(super) struct Dns(TokioResolver);

impl Dns {
    /// Creates a resolver that asks the given servers, or the system's if there are none.
    /// `patience` is the timeout of one attempt.
    ///
    /// # Errors
    /// [`StartError`] if the resolver cannot be set up.
    pub(super) fn new(servers: &[SocketAddr], patience: Duration) -> Result<Self, StartError> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio().unwrap_or_else(|error| {
                // The default of resolv.conf(5).
                log::warn!("the system has no DNS servers configured, using 127.0.0.1: {error}");
                with_servers(&[(Ipv4Addr::LOCALHOST, 53).into()])
            })
        } else {
            with_servers(servers)
        };
        let options = builder.options_mut();
        options.timeout = patience;
        options.attempts = 2;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        builder.build().map(Self).map_err(|error| StartError(format!("dns_servers: {error}")))
    }

    /// Returns the addresses of the targets, in the same order.
    ///
    /// # Errors
    /// [`Cause::Dns`] if there are none because the resolver failed, [`Cause::NoAddress`] if there
    /// are simply none.
    pub(super) async fn addresses(&self, targets: &[Target]) -> Result<Vec<SocketAddr>, Cause> {
        let (mut addresses, mut failure) = (Vec::new(), Cause::NoAddress);
        for found in join_all(targets.iter().take(MAX_ADDRESSES).map(|target| self.addresses_of(target))).await {
            match found {
                Ok(found) => addresses.extend(found),
                Err(cause) => failure = cause,
            }
        }
        addresses.truncate(MAX_ADDRESSES);
        if addresses.is_empty() { Err(failure) } else { Ok(addresses) }
    }

    async fn addresses_of(&self, target: &Target) -> Result<Vec<SocketAddr>, Cause> {
        let with_port = |address| SocketAddr::new(address, target.port);
        match &target.host {
            Host::Ip(address) => Ok(vec![with_port(*address)]),
            Host::Name(name) => match self.0.lookup_ip(name.clone()).await {
                Ok(found) => Ok(found.iter().map(with_port).collect()),
                Err(error) if error.is_no_records_found() => Ok(Vec::new()),
                Err(_) => Err(Cause::Dns),
            },
        }
    }

    /// Returns the targets of the SRV records of `service` (such as `_matrix-fed._tcp`) at `host`,
    /// in the order in which to try them (RFC 2782). `None` if there are no records; an empty list
    /// if they say that the service does not exist.
    ///
    /// A failure counts as no records: the server found by the next step needs the same certificate
    /// anyway.
    pub(super) async fn services(&self, service: &str, host: &str) -> Option<Vec<Target>> {
        let mut name = Name::from_ascii(format!("{service}.{host}")).ok()?;
        name.set_fqdn(true);
        let found = self.0.srv_lookup(name).await.ok()?;
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(record) => Some(record.clone()),
            _ => None,
        });
        let records: Vec<SRV> = records.collect();
        (!records.is_empty()).then(|| in_order(records))
    }
}

fn with_servers(servers: &[SocketAddr]) -> hickory_resolver::ResolverBuilder<TokioRuntimeProvider> {
    let servers = servers.iter().map(|server| {
        let over = |protocol| {
            let mut connection = ConnectionConfig::new(protocol);
            connection.port = server.port();
            connection
        };
        NameServerConfig::new(server.ip(), true, vec![over(ProtocolConfig::Udp), over(ProtocolConfig::Tcp)])
    });
    let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(ResolverOpts::default())
}

/// Sorts by priority, and records of the same priority at random by weight: the smallest
/// `-ln(random) / weight` belongs to each record with a probability in proportion to its weight.
fn in_order(mut records: Vec<SRV>) -> Vec<Target> {
    records.retain(|record| !record.target.is_root());
    records.sort_by_cached_key(|record| {
        // Positive floats sort like their bits.
        let rank = -rand::random::<f64>().ln() / f64::from(record.weight);
        (record.priority, rank.to_bits())
    });
    records.into_iter().map(|SRV { target, port, .. }| Target { host: Host::Name(target), port }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(priority: u16, weight: u16, port: u16) -> SRV {
        SRV::new(priority, weight, port, Name::from_ascii("hs.example.org.").unwrap())
    }

    fn ports(records: &[SRV]) -> Vec<u16> {
        in_order(records.to_vec()).into_iter().map(|target| target.port).collect()
    }

    #[test]
    fn a_lower_priority_number_always_comes_first() {
        for _ in 0..100 {
            assert_eq!(ports(&[record(20, 65535, 3), record(0, 0, 1), record(10, 1, 2)]), [1, 2, 3]);
        }
    }

    #[test]
    fn records_come_first_in_proportion_to_their_weight() {
        let records = [record(0, 0, 3), record(0, 1, 2), record(0, 9, 1)];
        let first = (0..2000).filter(|_| ports(&records)[0] == 1).count();
        assert!((1650..1950).contains(&first), "{first} of 2000, expected about 1800");
        assert!((0..100).all(|_| ports(&records)[2] == 3));
    }

    #[test]
    fn a_root_target_is_ignored() {
        assert_eq!(in_order(vec![SRV::new(0, 0, 0, Name::root())]), []);
    }

    #[test]
    fn numbers_that_the_c_library_takes_for_addresses_are_names() {
        for text in ["0x7f.1", "2130706433", "0177.0.0.1", "127.1"] {
            assert!(matches!(Host::parse(text), Some(Host::Name(_))), "{text}");
        }
        assert_eq!(Host::parse("127.0.0.1"), Some(Host::Ip([127, 0, 0, 1].into())));
        assert_eq!(Host::parse("[::1]"), Some(Host::Ip("::1".parse().unwrap())));
        for text in ["a..b", ".a", &"a".repeat(64), &"a.".repeat(130)] {
            assert_eq!(Host::parse(text), None, "{text}");
        }
    }
}
