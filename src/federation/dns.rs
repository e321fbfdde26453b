//! Resolving names to addresses, always through DNS: the C library would accept `0x7f.1` or
//! `2130706433` as addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, Stream, StreamExt};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ProtocolConfig};
use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::lookup_ip::LookupIp;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use tokio::time::timeout;

use super::error::{Cause, StartError};
use super::racing::Found;
use crate::config::{Host, Target};

/// The maximum number of SRV targets that are resolved.
const MAX_TARGETS: usize = 8;
/// The maximum number of addresses of each family that are tried for one target, so that others get
/// their turn.
const MAX_ADDRESSES: usize = 4;
/// The maximum number of aliases of an SRV owner that are followed.
const MAX_ALIASES: usize = 8;

/// The resolvers. hickory asks several servers at once but lets the first error decide, so there is
/// one resolver for each.
pub(super) struct Dns {
    servers: Vec<Resolvers>,
    patience: Duration,
}

/// The resolvers of one server. Addresses of each family are looked up separately, so that one can
/// be used while the query for the other is still unanswered.
struct Resolvers {
    v4: TokioResolver,
    v6: TokioResolver,
}

impl Dns {
    /// Creates a resolver that asks the given servers, or the system's if there are none.
    /// `patience` is the timeout of one attempt.
    ///
    /// # Errors
    /// [`StartError`] if the resolver cannot be set up.
    pub(super) fn new(servers: &[SocketAddr], patience: Duration) -> Result<Self, StartError> {
        let (servers, mut options) = if servers.is_empty() { of_system() } else { listed(servers) };
        options.timeout = patience;
        options.attempts = 2;
        // Some servers answer a query with EDNS with an error. Answers that do not fit without it
        // come over TCP.
        options.edns0 = false;
        let resolver = |server: &NameServerConfig, ip_strategy| {
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![server.clone()]);
            let mut options = options.clone();
            options.ip_strategy = ip_strategy;
            let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
            builder.with_options(options).build().map_err(|error| StartError(format!("dns_servers: {error}")))
        };
        let resolvers = |server| {
            let v4 = resolver(server, LookupIpStrategy::Ipv4Only)?;
            Ok(Resolvers { v4, v6: resolver(server, LookupIpStrategy::Ipv6Only)? })
        };
        Ok(Self { servers: servers.iter().map(resolvers).collect::<Result<_, _>>()?, patience })
    }

    /// Looks up the addresses of the targets, all at once.
    pub(super) fn addresses<'a>(&'a self, targets: &'a [Target]) -> impl Stream<Item = Found> + Unpin + 'a {
        let targets = targets.iter().take(MAX_TARGETS).enumerate();
        let lookups =
            targets.flat_map(|(nth, target)| [false, true].map(|is_v4| self.addresses_of(nth, target, is_v4).boxed()));
        lookups.collect::<FuturesUnordered<_>>()
    }

    async fn addresses_of(&self, nth: usize, target: &Target, is_v4: bool) -> Found {
        let resolver = |server: &'_ Resolvers| if is_v4 { server.v4.clone() } else { server.v6.clone() };
        let found: Vec<IpAddr> = match &target.host {
            Host::Ip(address) => vec![*address],
            Host::Name(name) => match self.ask(|server| look_up(resolver(server), name.clone())).await {
                Ok(found) => found.iter().collect(),
                Err(error) if error.is_no_records_found() => Vec::new(),
                Err(_) => return Err(Cause::Dns),
            },
        };
        let of_family = found.into_iter().filter(|address| address.is_ipv4() == is_v4).take(MAX_ADDRESSES);
        let ranked = of_family.enumerate().map(|(n, address)| ((nth, n, is_v4), SocketAddr::new(address, target.port)));
        Ok(ranked.collect())
    }

    /// Returns the targets of the SRV records of the first of these services (such as
    /// `_matrix-fed._tcp`) that has any at `host`, in the order in which to try them (RFC 2782).
    /// `None` if there are no records; an empty list if they say that the service does not exist.
    ///
    /// A failure counts as no records, and so does a query that is not answered in time: the server
    /// found by the next step needs the same certificate anyway.
    pub(super) async fn first_service(&self, services: [&str; 2], host: &str) -> Option<Vec<Target>> {
        let found = services.map(|service| timeout(self.patience, self.services(service, host)));
        join_all(found).await.into_iter().find_map(|found| found.ok().flatten())
    }

    /// Asks all servers, and returns the first answer that has records or says that there are none.
    async fn ask<T, F: Future<Output = Result<T, NetError>>>(
        &self,
        query: impl Fn(&Resolvers) -> F,
    ) -> Result<T, NetError> {
        let mut queries: FuturesUnordered<_> = self.servers.iter().map(query).collect();
        let mut failure = NetError::NoConnections;
        while let Some(answer) = queries.next().await {
            match answer {
                Err(error) if !error.is_no_records_found() => failure = error,
                answer => return answer,
            }
        }
        Err(failure)
    }

    async fn services(&self, service: &str, host: &str) -> Option<Vec<Target>> {
        let mut name = Name::from_ascii(format!("{service}.{host}")).ok()?;
        name.set_fqdn(true);
        // hickory mistakes the target of an SRV record for that of an alias, so it cannot follow
        // aliases here.
        for _ in 0..MAX_ALIASES {
            if let Some(targets) = self.services_at(name.clone()).await {
                return Some(targets);
            }
            name = self.alias(name).await?;
        }
        None
    }

    async fn alias(&self, name: Name) -> Option<Name> {
        let found = self.ask(|server| records(server.v4.clone(), name.clone(), RecordType::CNAME)).await.ok()?;
        found.answers().iter().find_map(|record| match &record.data {
            RData::CNAME(alias) if record.name == name => Some(alias.0.clone()),
            _ => None,
        })
    }

    async fn services_at(&self, name: Name) -> Option<Vec<Target>> {
        let found = self.ask(|server| records(server.v4.clone(), name.clone(), RecordType::SRV)).await.ok()?;
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(record) => Some(record.clone()),
            _ => None,
        });
        let records: Vec<SRV> = records.collect();
        (!records.is_empty()).then(|| in_order(records))
    }
}

async fn look_up(resolver: TokioResolver, name: Name) -> Result<LookupIp, NetError> {
    resolver.lookup_ip(name).await
}

async fn records(resolver: TokioResolver, name: Name, kind: RecordType) -> Result<Lookup, NetError> {
    resolver.lookup(name, kind).await
}

/// Returns the system's servers and settings.
fn of_system() -> (Vec<NameServerConfig>, ResolverOpts) {
    match read_system_conf() {
        Ok((config, options)) if !config.name_servers().is_empty() => (config.name_servers().to_vec(), options),
        _ => {
            // This is the default of resolv.conf(5).
            log::warn!("the system has no DNS servers configured, using 127.0.0.1");
            listed(&[(Ipv4Addr::LOCALHOST, 53).into()])
        }
    }
}

fn listed(servers: &[SocketAddr]) -> (Vec<NameServerConfig>, ResolverOpts) {
    let servers = servers.iter().map(|server| {
        let over = |protocol| {
            let mut connection = ConnectionConfig::new(protocol);
            connection.port = server.port();
            connection
        };
        NameServerConfig::new(server.ip(), true, vec![over(ProtocolConfig::Udp), over(ProtocolConfig::Tcp)])
    });
    (servers.collect(), ResolverOpts::default())
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
