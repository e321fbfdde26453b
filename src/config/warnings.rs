//! What is allowed and probably not meant.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use url::{Host, Url};

use super::{Config, Gateway, MailTransport, Smtp, SmtpSecurity};

const DAY: Duration = Duration::from_hours(24);

impl Config {
    /// What an operator should know although it is no mistake, a line each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.exposure_warnings();
        if let MailTransport::Smtp(smtp) = &self.mail.transport {
            warnings.extend(smtp.warnings());
        }
        warnings.extend(self.sms.gateways.iter().filter_map(Gateway::warning));
        let has_kannel = self.sms.gateways.iter().any(|gateway| matches!(gateway, Gateway::Kannel(_)));
        if has_kannel && self.sms.sender.is_none() && self.sms.senders.is_empty() {
            warnings.push(
                "[sms.kannel] url: there is no [sms] sender; Kannel refuses texts without one unless it has a `global-sender`"
                    .to_owned(),
            );
        }
        if !divides_the_day(self.lookup.pepper_period) {
            warnings.push(
                "[lookup] pepper_period: is neither a part nor a multiple of 24h, so the pepper changes at another time every day"
                    .to_owned(),
            );
        }
        if self.lookup.plain {
            warnings.push(
                "[lookup] plain: clients may send addresses unhashed, and this server then reads whom people look for"
                    .to_owned(),
            );
        }
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        let ranges = &self.homeservers.phone_checks_from;
        let is_loopback_listed = ranges.iter().any(|range| loopback.iter().any(|address| range.contains(address)));
        if is_loopback_listed && self.server.trusted_proxies.is_empty() && !is_loopback(&self.server.public_url) {
            warnings.push(
                "[homeservers] phone_checks_from: has this machine, and trusted_proxies has nobody; if a reverse proxy runs here, \
                 everybody comes from it and can make this server send texts"
                    .to_owned(),
            );
        }
        warnings
    }

    fn exposure_warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let server = &self.server;
        if server.public_url.scheme() == "http" && !is_loopback(&server.public_url) {
            warnings.push(
                "[server] public_url: is http and not this machine; homeservers and clients expect https".to_owned(),
            );
        }
        let exposed = server.listen.iter().find(|address| !address.ip().is_loopback());
        if let Some(address) = exposed.filter(|_| server.tls.is_none() && server.trusted_proxies.is_empty()) {
            warnings.push(format!(
                "[server] listen: {address} is reachable from outside without TLS; set `tls_certificate` and `tls_key`, \
                 or `trusted_proxies` if a reverse proxy stands in front"
            ));
        }
        warnings
    }
}

impl Smtp {
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.security == SmtpSecurity::None && !is_loopback_host(&self.host) {
            warnings.push(
                "[mail] security: is \"none\" and the host is not this machine; mails, their links and the password travel in the clear"
                    .to_owned(),
            );
        } else if self.security != SmtpSecurity::None && !self.verify_certificate {
            warnings.push(
                "[mail] verify_certificate: is false; whoever stands in between can read the mails, their links and the password"
                    .to_owned(),
            );
        }
        warnings
    }
}

impl Gateway {
    fn warning(&self) -> Option<String> {
        let url = match self {
            Self::Kannel(kannel) => Some(kannel.url.clone()),
            Self::Webhook(webhook) => Url::parse(&webhook.url.render(|_| String::new())).ok(),
            Self::Twilio(_) | Self::OpenMarket(_) => None,
        };
        url.filter(|url| url.scheme() == "http" && !is_loopback(url)).map(|_| {
            let section = self.kind().section();
            format!("[{section}] url: is http and not this machine; numbers, texts with their codes and the password travel in the clear")
        })
    }
}

fn divides_the_day(period: Duration) -> bool {
    let (period, day) = (period.as_millis(), DAY.as_millis());
    period != 0 && (day.is_multiple_of(period) || period.is_multiple_of(day))
}

pub(super) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

fn is_loopback_host(host: &str) -> bool {
    if let Ok(ip) = host.parse::<std::net::IpAddr>() {
        return ip.is_loopback();
    }
    match Host::parse(host) {
        Ok(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Ok(Host::Ipv4(ip)) => ip.is_loopback(),
        Ok(Host::Ipv6(ip)) => ip.is_loopback(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        config.warnings().join("\n")
    }

    fn smtp(host: &str, security: SmtpSecurity, verify_certificate: bool) -> MailTransport {
        MailTransport::Smtp(Smtp {
            host: host.to_owned(),
            port: 25,
            security,
            credentials: None,
            verify_certificate,
            ca_file: None,
            timeout: Duration::from_secs(1),
            connections: 1,
        })
    }

    #[test]
    fn the_defaults_give_no_warning() {
        assert_eq!(warnings(|_| ()), "");
    }

    #[test]
    fn plain_http_is_warned_of_unless_it_stays_on_this_machine() {
        for quiet in ["http://localhost:8090", "http://id.localhost", "http://[::1]:8090", "https://id.example.org"] {
            assert_eq!(warnings(|config| config.server.public_url = quiet.parse().unwrap()), "", "{quiet}");
        }
        let loud = warnings(|config| config.server.public_url = "http://id.example.org".parse().unwrap());
        assert!(loud.starts_with("[server] public_url"), "{loud}");
    }

    #[test]
    fn listening_to_the_world_is_warned_of_without_tls_and_proxy() {
        let loud = warnings(|config| config.server.listen = vec!["[::]:8090".parse().unwrap()]);
        assert!(loud.starts_with("[server] listen: [::]:8090"), "{loud}");
        let behind_a_proxy = warnings(|config| {
            config.server.listen = vec!["[::]:8090".parse().unwrap()];
            config.server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        });
        assert_eq!(behind_a_proxy, "");
    }

    #[test]
    fn a_pepper_that_changes_at_odd_hours_is_warned_of() {
        for hours in [1, 2, 8, 12, 24, 48, 720] {
            assert_eq!(warnings(|config| config.lookup.pepper_period = Duration::from_hours(hours)), "", "{hours}");
        }
        for hours in [5, 7, 25, 36] {
            let loud = warnings(|config| config.lookup.pepper_period = Duration::from_hours(hours));
            assert!(loud.starts_with("[lookup] pepper_period"), "{hours}");
        }
    }

    #[test]
    fn plain_look_ups_are_warned_of() {
        assert!(warnings(|config| config.lookup.plain = true).starts_with("[lookup] plain"));
    }

    #[test]
    fn phone_checks_from_this_machine_are_warned_of_unless_it_is_alone_or_its_proxy_is_known() {
        let with = |public_url: &str, proxies: &[&str]| {
            warnings(|config| {
                config.server.public_url = public_url.parse().unwrap();
                config.server.trusted_proxies = proxies.iter().map(|range| range.parse().unwrap()).collect();
                config.homeservers.phone_checks_from = vec!["127.0.0.1/32".parse().unwrap()];
            })
        };
        assert!(with("https://id.example.org", &[]).starts_with("[homeservers] phone_checks_from"));
        assert_eq!(with("https://id.example.org", &["127.0.0.1/32"]), "");
        assert_eq!(with("http://localhost:8090", &[]), "");
    }

    #[test]
    fn mail_in_the_clear_or_unverified_is_warned_of_unless_it_stays_on_this_machine() {
        let with = |transport| warnings(|config| config.mail.transport = transport);
        assert_eq!(with(smtp("127.0.0.1", SmtpSecurity::None, true)), "");
        assert_eq!(with(smtp("::1", SmtpSecurity::None, true)), "");
        assert_eq!(with(smtp("smtp.example.org", SmtpSecurity::Tls, true)), "");
        assert!(with(smtp("smtp.example.org", SmtpSecurity::None, true)).starts_with("[mail] security"));
        assert!(with(smtp("smtp.example.org", SmtpSecurity::Tls, false)).starts_with("[mail] verify_certificate"));
    }
}
