//! Settings that are allowed but probably unintended.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use url::Url;

use super::homeserver::without_brackets;
use super::{Config, Gateway, Lowered, MailTransport, SmtpSecurity};

const DAY: Duration = Duration::from_hours(24);

impl Config {
    /// Returns warnings that an operator should see although they are not errors, one line each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let (server, lookup) = (&self.server, &self.lookup);
        let is_public = !is_loopback(&server.public_url);
        let is_https = server.public_url.scheme() == "https";
        let has_proxy = !server.trusted_proxies.is_empty();
        let exposed = server.listen.iter().find(|address| !address.ip().is_loopback());
        let is_open = self.metrics.listen.iter().flatten().any(|address| !is_private(address.ip().to_canonical()));
        let smtp = match &self.mail.transport {
            MailTransport::Smtp(smtp) => Some(smtp),
            MailTransport::Directory(_) => None,
        };
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        let lists_loopback = |range: &ipnet::IpNet| loopback.iter().any(|address| range.contains(address));
        let has_kannel = self.sms.gateways.iter().any(|gateway| matches!(gateway, Gateway::Kannel(_)));
        let period = lookup.pepper_period.as_millis().max(1);
        let settings = [
            (
                is_public && !is_https,
                "[server] public_url: is http and not this machine; homeservers and clients expect https",
            ),
            (
                exposed.is_some() && server.tls.is_none() && !has_proxy,
                "[server] listen: is reachable from outside without TLS; set `tls_certificate` and `tls_key`, or \
                 `trusted_proxies` if there is a reverse proxy in front",
            ),
            (
                is_https && exposed.is_none() && server.tls.is_none() && !has_proxy,
                "[server] trusted_proxies: is empty, but public_url is https, so there must be a reverse proxy in front; \
                 until it is listed, all clients share the rate limits of its address",
            ),
            (
                is_https && smtp.is_none(),
                "[mail] host: is not set, but public_url is https; mails are written to files and do not reach anyone",
            ),
            (
                smtp.is_some_and(|smtp| smtp.security == SmtpSecurity::None && !is_loopback_host(&smtp.host.to_str())),
                "[mail] security: is \"none\" and the host is not this machine; mails and their links travel in clear text",
            ),
            (
                smtp.is_some_and(|smtp| smtp.security != SmtpSecurity::None && !smtp.verify_certificate),
                "[mail] verify_certificate: is false; anyone in between can read the mails, their links and the password",
            ),
            (
                has_kannel && !self.sms.has_sender(),
                "[sms.kannel] url: there is no `sender` in [sms]; Kannel refuses messages without one unless it has a \
                 `global-sender`",
            ),
            (
                !DAY.as_millis().is_multiple_of(period) && !period.is_multiple_of(DAY.as_millis()),
                "[lookup] pepper_period: neither divides 24h nor is a multiple of it, so the pepper changes at a different \
                 time every day",
            ),
            (
                lookup.plain,
                "[lookup] plain: clients may send addresses unhashed, which lets this server see who looks up whom",
            ),
            (
                self.homeservers.phone_checks_from.iter().any(lists_loopback) && !has_proxy && is_public,
                "[homeservers] phone_checks_from: includes this machine, but trusted_proxies is empty; if there is a reverse \
                 proxy here, every client uses its address and can make this server send text messages",
            ),
            (
                self.homeservers.v1_invites.values().flatten().any(lists_loopback) && !has_proxy && is_public,
                "[homeservers] v1_invites: includes this machine, but trusted_proxies is empty; if there is a reverse proxy \
                 here, every client uses its address and can invite in the names of these homeservers' users",
            ),
            (
                is_open,
                "[metrics] listen: may be reachable by anyone, and reveals, without TLS or a password, how \
                 this server is used; \
                 use an address of this machine or of your own network",
            ),
        ];
        let insecure =
            |gateway: &&Gateway| gateway.url().is_some_and(|url| url.scheme() == "http" && !is_loopback(&url));
        let gateways = self.sms.gateways.iter().filter(insecure).map(|gateway| {
            let section = gateway.kind().section();
            format!(
                "[{section}] url: is http and not this machine; numbers, codes and the password travel in clear text"
            )
        });
        let settings = settings.into_iter().filter(|(applies, _)| *applies).map(|(_, warning)| warning.to_owned());
        let lowered = self.budgets.lowered.iter().map(|Lowered { section, shared, capacity }| {
            format!(
                "[{section}] capacity: is lowered to {capacity}, a tenth of the capacity of [{shared}]; no \
                 account may use more of a limit that it shares, so raise that one as well"
            )
        });
        settings.chain(gateways).chain(lowered).collect()
    }
}

/// Returns whether only this machine, or machines in its own network, can connect to an address.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Returns whether a URL points to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

/// Returns whether a host name or an IP address, with or without brackets, refers to this machine.
pub(super) fn is_loopback_host(host: &str) -> bool {
    if let Ok(ip) = without_brackets(host).parse::<IpAddr>() {
        return ip.is_loopback();
    }
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;

    use super::super::{Smtp, TlsFiles};
    use super::*;

    fn warnings(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        config.warnings().join("\n")
    }

    fn smtp(host: &str, security: SmtpSecurity, verify_certificate: bool) -> MailTransport {
        MailTransport::Smtp(Smtp {
            host: host.to_owned().try_into().unwrap(),
            port: 25,
            security,
            credentials: None,
            verify_certificate,
            ca_file: None,
            timeout: Duration::from_secs(1),
            hello_name: None,
            connections: 1,
        })
    }

    #[test]
    fn the_defaults_cause_no_warning() {
        assert_eq!(warnings(|_| ()), "");
    }

    #[test]
    fn plain_http_causes_a_warning_except_on_this_machine() {
        for quiet in ["http://localhost:8090", "http://id.localhost", "http://[::1]:8090"] {
            assert_eq!(warnings(|config| config.server.public_url = quiet.parse().unwrap()), "", "{quiet}");
        }
        let loud = warnings(|config| config.server.public_url = "http://id.example.org".parse().unwrap());
        assert!(loud.starts_with("[server] public_url"), "{loud}");
    }

    #[test]
    fn a_public_server_causes_a_warning_if_its_mails_are_files_or_its_proxy_is_not_trusted() {
        let with = |transport: MailTransport, proxies: &[&str], listen: &str, tls: bool| {
            warnings(|config| {
                config.server.public_url = "https://id.example.org".parse().unwrap();
                config.server.listen = vec![listen.parse().unwrap()];
                config.server.trusted_proxies = proxies.iter().map(|range| range.parse().unwrap()).collect();
                config.server.tls = tls.then(|| TlsFiles { certificate: "c".into(), key: "k".into() });
                config.mail.transport = transport;
            })
        };
        let sent = || smtp("127.0.0.1", SmtpSecurity::None, true);
        let files = || MailTransport::Directory("data/mail".into());
        assert_eq!(with(sent(), &["127.0.0.1/32"], "127.0.0.1:8090", false), "");
        assert_eq!(with(sent(), &[], "[::]:443", true), "");
        assert_eq!(with(sent(), &[], "127.0.0.1:443", true), "");
        assert!(with(files(), &["127.0.0.1/32"], "127.0.0.1:8090", false).starts_with("[mail] host: is not set"));
        let unknown = with(sent(), &[], "127.0.0.1:8090", false);
        assert!(unknown.starts_with("[server] trusted_proxies: is empty"), "{unknown}");
        assert_eq!(with(files(), &[], "[::1]:8090", false).lines().count(), 2);
    }

    #[test]
    fn a_reachable_address_causes_a_warning_without_tls_or_a_trusted_proxy() {
        let loud = warnings(|config| config.server.listen = vec!["[::]:8090".parse().unwrap()]);
        assert!(loud.starts_with("[server] listen: "), "{loud}");
        let behind_a_proxy = warnings(|config| {
            config.server.listen = vec!["[::]:8090".parse().unwrap()];
            config.server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        });
        assert_eq!(behind_a_proxy, "");
    }

    #[test]
    fn metrics_that_anyone_may_reach_cause_a_warning() {
        let with = |listen: &str| warnings(|config| config.metrics.listen = Some(vec![listen.parse().unwrap()]));
        for quiet in ["127.0.0.1:9464", "[::1]:9464", "10.1.2.3:9464", "[fd00::1]:9464", "[::ffff:192.168.1.1]:9464"] {
            assert_eq!(with(quiet), "", "{quiet}");
        }
        for loud in ["0.0.0.0:9464", "[::]:9464", "203.0.113.1:9464", "[2001:db8::1]:9464"] {
            assert!(with(loud).starts_with("[metrics] listen: may be reachable by anyone"), "{loud}");
        }
    }

    #[test]
    fn a_pepper_that_changes_at_odd_hours_causes_a_warning() {
        for hours in [1, 2, 8, 12, 24, 48, 168] {
            assert_eq!(warnings(|config| config.lookup.pepper_period = Duration::from_hours(hours)), "", "{hours}");
        }
        for hours in [5, 7, 25, 36] {
            let loud = warnings(|config| config.lookup.pepper_period = Duration::from_hours(hours));
            assert!(loud.starts_with("[lookup] pepper_period"), "{hours}");
        }
    }

    #[test]
    fn plain_lookups_cause_a_warning() {
        assert!(warnings(|config| config.lookup.plain = true).starts_with("[lookup] plain"));
    }

    #[test]
    fn permissions_of_homeservers_on_this_machine_cause_a_warning_unless_it_is_alone_or_its_proxy_is_trusted() {
        let with = |public_url: &str, proxies: &[&str]| {
            warnings(|config| {
                config.mail.transport = smtp("127.0.0.1", SmtpSecurity::None, true);
                config.server.public_url = public_url.parse().unwrap();
                config.server.trusted_proxies = proxies.iter().map(|range| range.parse().unwrap()).collect();
                let here: IpNet = "127.0.0.1/32".parse().unwrap();
                config.homeservers.phone_checks_from = vec![here];
                config.homeservers.v1_invites = [("example.org".try_into().unwrap(), vec![here])].into();
            })
        };
        for key in ["phone_checks_from", "v1_invites"] {
            assert!(with("https://id.example.org", &[]).contains(&format!("[homeservers] {key}")));
        }
        assert_eq!(with("https://id.example.org", &["127.0.0.1/32"]), "");
        assert_eq!(with("http://localhost:8090", &[]), "");
    }

    #[test]
    fn unprotected_mail_causes_a_warning_except_on_this_machine() {
        let with = |transport| warnings(|config| config.mail.transport = transport);
        assert_eq!(with(smtp("127.0.0.1", SmtpSecurity::None, true)), "");
        assert_eq!(with(smtp("::1", SmtpSecurity::None, true)), "");
        assert_eq!(with(smtp("smtp.example.org", SmtpSecurity::Tls, true)), "");
        assert!(with(smtp("smtp.example.org", SmtpSecurity::None, true)).starts_with("[mail] security"));
        assert!(with(smtp("smtp.example.org", SmtpSecurity::Tls, false)).starts_with("[mail] verify_certificate"));
    }
}
