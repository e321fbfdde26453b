//! Names to addresses. Always by DNS, never by the C library, which would read `0x7f.1` or `2130706433` as addresses.

use std::cmp::Ordering;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ProtocolConfig};
use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData};

use super::error::StartError;
use crate::config::{Host, Target};

/// So many addresses are tried for one exchange, and so many targets of an SRV record looked up.
const MAX_ADDRESSES: usize = 8;

/// The resolver.
#[derive(Debug)]
pub(super) struct Dns {
    resolver: TokioResolver,
}

impl Dns {
    /// Asks the given servers, or the system's if there are none. One attempt may take `patience`.
    ///
    /// # Errors
    /// [`StartError::Library`] if the resolver cannot be set up.
    pub(super) fn new(servers: &[SocketAddr], patience: Duration) -> Result<Self, StartError> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio().unwrap_or_else(|error| {
                // As resolv.conf(5) has it: with no server named, the one on this machine is asked.
                log::warn!("no DNS servers in the system's settings, asking 127.0.0.1: {error}");
                with_servers(&[(Ipv4Addr::LOCALHOST, 53).into()])
            })
        } else {
            with_servers(servers)
        };
        let options = builder.options_mut();
        options.timeout = patience;
        options.attempts = 2;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        let resolver = builder.build().map_err(|error| StartError::Library(error.to_string()))?;
        Ok(Self { resolver })
    }

    /// The addresses of the targets, in their order.
    pub(super) async fn addresses(&self, targets: &[Target]) -> Vec<SocketAddr> {
        let found = join_all(targets.iter().take(MAX_ADDRESSES).map(|target| self.addresses_of(target))).await;
        found.into_iter().flatten().take(MAX_ADDRESSES).collect()
    }

    async fn addresses_of(&self, target: &Target) -> Vec<SocketAddr> {
        let with_port = |address| SocketAddr::new(address, target.port);
        match &target.host {
            Host::Ip(address) => vec![with_port(*address)],
            Host::Name(name) => match self.resolver.lookup_ip(name.clone()).await {
                Ok(found) => found.iter().map(with_port).collect(),
                Err(_) => Vec::new(),
            },
        }
    }

    /// The targets of the SRV records of `service` (such as `_matrix-fed._tcp`) at `host`, in the order in which they
    /// are to be tried (RFC 2782). `None` if there are no such records; none at all if they say that the service is
    /// decidedly not there.
    ///
    /// A failure counts as no records: whoever answers under the next guess needs the right certificate all the same.
    pub(super) async fn services(&self, service: &str, host: &str) -> Option<Vec<Target>> {
        let mut name = Name::from_ascii(format!("{service}.{host}")).ok()?;
        name.set_fqdn(true);
        let found = self.resolver.srv_lookup(name).await.ok()?;
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(record) => Some(record.clone()),
            _ => None,
        });
        let records: Vec<SRV> = records.collect();
        if records.is_empty() { None } else { Some(in_order(records)) }
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

/// Sorts by priority, and those of the same priority by a throw of weighted dice: the one with the least of
/// `-ln(random) / weight` comes first with a probability in proportion to its weight.
fn in_order(records: Vec<SRV>) -> Vec<Target> {
    let mut thrown: Vec<(f64, SRV)> = records
        .into_iter()
        .filter(|record| !record.target.is_root())
        .map(|record| (-rand::random::<f64>().ln() / f64::from(record.weight), record))
        .collect();
    thrown.sort_by(|(left_throw, left), (right_throw, right)| match left.priority.cmp(&right.priority) {
        Ordering::Equal => left_throw.total_cmp(right_throw),
        decided => decided,
    });
    thrown.into_iter().map(|(_, SRV { target, port, .. })| Target { host: Host::Name(target), port }).collect()
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
    fn weight_is_a_share_and_zero_comes_last() {
        let records = [record(0, 0, 3), record(0, 1, 2), record(0, 9, 1)];
        let first = (0..2000).filter(|_| ports(&records)[0] == 1).count();
        assert!((1650..1950).contains(&first), "{first} of 2000, 1800 were to be expected");
        assert!((0..100).all(|_| ports(&records)[2] == 3));
    }

    #[test]
    fn a_dot_as_target_is_no_target() {
        assert_eq!(in_order(vec![SRV::new(0, 0, 0, Name::root())]), []);
    }

    #[test]
    fn number_forms_that_the_c_library_would_take_are_names() {
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
