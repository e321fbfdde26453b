//! Parsers for strings. Errors say what is expected and never repeat the string, which may be a
//! secret.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use env_filter::Filter;
use ipnet::IpNet;
use lettre::message::Mailbox;
use ruma_common::OwnedServerName;
use rustls::pki_types::ServerName;
use unic_langid::LanguageIdentifier;
use url::{Host, Url};

use super::secret::Secret;
use crate::identity::session::HostPattern;

/// A value, or what is expected instead.
pub(super) type Parsed<T> = Result<T, String>;

fn or<T>(value: Option<T>, expected: &str) -> Parsed<T> {
    value.ok_or_else(|| expected.to_owned())
}

/// Parses one line of text.
pub(super) fn line(text: &str) -> Parsed<String> {
    let usable = !text.trim().is_empty() && !text.contains(char::is_control);
    or(usable.then(|| text.to_owned()), "expected one line of text that is not empty and has no control characters")
}

pub(super) fn secret(text: &str) -> Parsed<Secret> {
    line(text).map(|text| Secret::from(text.as_str()))
}

/// Returns a parser for a whole number with a unit, from `least` to `most`, which are in the same
/// format.
pub(super) fn duration(least: &str, most: &str) -> impl Fn(&str) -> Parsed<Duration> {
    let expected =
        format!("expected a duration such as \"500ms\", \"30s\", \"10m\", \"24h\" or \"7d\", from {least} to {most}");
    let range = any_duration(least)..=any_duration(most);
    move |text| any_duration(text).filter(|value| range.contains(&Some(*value))).ok_or_else(|| expected.clone())
}

fn any_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3_600).map(Duration::from_secs),
        "d" => number.checked_mul(86_400).map(Duration::from_secs),
        _ => None,
    }
}

/// Parses a base URL. Trailing slashes of its path are dropped, except for the single slash of an
/// empty path.
pub(super) fn public_url(text: &str) -> Parsed<Url> {
    let example = "such as \"https://id.example.org\"";
    let mut url = Url::parse(text).map_err(|_| format!("expected a URL {example}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("expected an http or https URL {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("expected a URL without user and password, {example}"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("expected a URL that ends with its path, without ? and #, {example}"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

pub(super) fn listen(text: &str) -> Parsed<SocketAddr> {
    or(text.parse().ok(), "expected an IP address and a port, such as \"127.0.0.1:8090\" or \"[::]:8090\"")
}

/// Parses the address of a resolver, whose port is 53 by default.
pub(super) fn dns_server(text: &str) -> Parsed<SocketAddr> {
    let address = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, 53)));
    or(address.ok(), "expected an IP address, with a port or without, such as \"9.9.9.9\" or \"[2620:fe::fe]:53\"")
}

/// Parses a range of addresses and clears the bits beyond its prefix. A single address is a range
/// of one.
pub(super) fn range(text: &str) -> Parsed<IpNet> {
    let net = IpNet::from_str(text).ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    or(net.map(|net| net.trunc()), "expected a range or an address, such as \"10.0.0.0/8\", \"fd00::/8\" or \"::1\"")
}

pub(super) fn server_name(text: &str) -> Parsed<OwnedServerName> {
    or(text.try_into().ok(), "expected a Matrix server name, such as \"example.org\" or \"example.org:8448\"")
}

/// Parses the host name or IP address of a server that is reached over TLS.
pub(super) fn host(text: &str) -> Parsed<ServerName<'static>> {
    or(
        ServerName::try_from(text).ok().map(|host| host.to_owned()),
        "expected a host without scheme and port, such as \"smtp.example.org\"",
    )
}

/// Parses the argument of `EHLO`: a domain name, or an address literal (RFC 5321 section 4.1.3).
pub(super) fn hello_name(text: &str) -> Parsed<String> {
    let is_valid = match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(ip) => match ip.strip_prefix("IPv6:") {
            Some(ip) => ip.parse::<Ipv6Addr>().is_ok(),
            None => ip.parse::<Ipv4Addr>().is_ok(),
        },
        None => matches!(ServerName::try_from(text), Ok(ServerName::DnsName(_))),
    };
    or(
        is_valid.then(|| text.to_owned()),
        "expected a domain name or an address literal, such as \"id.example.org\" or \"[192.0.2.1]\"",
    )
}

/// Parses a host as URLs contain it: in lower case, with international names in Punycode.
pub(super) fn url_host(text: &str) -> Parsed<String> {
    or(
        Host::parse(text).ok().map(|host| host.to_string()),
        "expected a host without scheme, port and path, such as \"app.example.org\"",
    )
}

/// Parses a host, or `*.` and a domain, which stands for every host below it.
pub(super) fn host_pattern(text: &str) -> Parsed<HostPattern> {
    let (domain, is_below) = text.strip_prefix("*.").map_or((text, false), |domain| (domain, true));
    let host = Host::parse(domain).ok().filter(|host| match host {
        Host::Domain(domain) => !domain.contains('*'),
        Host::Ipv4(_) | Host::Ipv6(_) => !is_below,
    });
    or(
        host.map(|host| HostPattern { host: host.to_string(), is_below }),
        "expected a host without scheme, port and path, such as \"app.example.org\", or \"*.example.org\"",
    )
}

pub(super) fn language(text: &str) -> Parsed<LanguageIdentifier> {
    or(text.parse().ok(), "expected a language tag, such as \"en\" or \"pt-BR\"")
}

/// Parses an e-mail address with an optional name. lettre would silently take the first of several.
pub(super) fn mailbox(text: &str) -> Parsed<Mailbox> {
    let mailbox = Mailbox::from_str(text).ok().filter(|mailbox| {
        let end = text.trim_end().trim_end_matches('>').trim_end();
        end.ends_with(mailbox.email.as_ref() as &str) && !text.contains(char::is_control)
    });
    or(mailbox, "expected one e-mail address, such as \"Example <id@example.org>\"")
}

/// Parses the URL of a web page.
pub(super) fn web_page(text: &str) -> Parsed<String> {
    let is_web_page = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    or(is_web_page.then(|| text.to_owned()), "expected an http or https URL")
}

/// Parses a filter in the syntax of `env_logger`. A single word may be a level or a module; a level
/// must follow `=`.
pub(super) fn log_filter(text: &str) -> Parsed<Filter> {
    let directives = text.split('/').next().unwrap_or_default().split(',');
    let levels_are_known = directives
        .filter_map(|directive| directive.split_once('='))
        .all(|(_, level)| log::LevelFilter::from_str(level.trim()).is_ok());
    let is_usable = levels_are_known && line(text).is_ok();
    or(
        is_usable.then(|| env_filter::Builder::new().parse(text).build()),
        "expected levels (off, error, warn, info, debug, trace), such as \"info\" or \"info,vouch=debug\"",
    )
}

/// Parses a path that need not exist.
pub(super) fn path(text: &str) -> Parsed<PathBuf> {
    let usable = !text.is_empty() && !text.contains('\0');
    or(usable.then(|| PathBuf::from(text)), "expected a path")
}

/// Parses the path of an existing file.
pub(super) fn file(text: &str) -> Parsed<PathBuf> {
    existing(text, "a file", Path::is_file)
}

/// Parses the path of an existing directory.
pub(super) fn directory(text: &str) -> Parsed<PathBuf> {
    existing(text, "a directory", Path::is_dir)
}

fn existing(text: &str, kind: &str, is_kind: fn(&Path) -> bool) -> Parsed<PathBuf> {
    let path = path(text)?;
    match fs::metadata(&path) {
        Ok(_) if is_kind(&path) => Ok(path),
        Ok(_) => Err(format!("expected {kind}, but the path is something else")),
        Err(error) => Err(format!("expected {kind}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_parse<T>(parse: impl Fn(&str) -> Parsed<T>, texts: &[&str]) {
        for text in texts {
            assert!(parse(text).is_ok(), "{text:?}");
        }
    }

    fn none_parse<T>(parse: impl Fn(&str) -> Parsed<T>, texts: &[&str]) {
        for text in texts {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn durations_have_a_unit_and_a_range() {
        let parse = duration("100ms", "365d");
        for (text, millis) in
            [("500ms", 500), ("30s", 30_000), ("10m", 600_000), ("24h", 86_400_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        none_parse(
            &parse,
            &[
                "",
                "4",
                "s",
                "4 s",
                "-4s",
                "1.5h",
                "1h30m",
                "4S",
                "99ms",
                "366d",
                "99999999999999999999d",
                "18446744073709551615d",
            ],
        );
        assert!(parse("1y").unwrap_err().ends_with("from 100ms to 365d"));
    }

    #[test]
    fn a_public_url_is_a_base_url() {
        for (text, url) in [
            ("https://id.example.org", "https://id.example.org/"),
            ("https://id.example.org/", "https://id.example.org/"),
            ("https://example.org/id/", "https://example.org/id"),
            ("http://EXAMPLE.org:80/a/b//", "http://example.org/a/b"),
        ] {
            assert_eq!(public_url(text).unwrap().as_str(), url);
        }
        none_parse(
            public_url,
            &[
                "",
                "example.org",
                "example.org:8090",
                "ftp://example.org",
                "https://",
                "https://a@example.org",
                "https://:b@example.org",
                "https://example.org?",
                "https://example.org/?a",
                "https://example.org/#",
                "https://example.org:99999",
            ],
        );
    }

    #[test]
    fn addresses_and_ranges() {
        all_parse(listen, &["127.0.0.1:0", "[::]:8090"]);
        none_parse(listen, &["", "8090", ":8090", "localhost:8090", "127.0.0.1", "127.0.0.1:65536", "::1:80:"]);
        assert_eq!(dns_server("9.9.9.9").unwrap().to_string(), "9.9.9.9:53");
        assert_eq!(dns_server("[::1]:5353").unwrap().to_string(), "[::1]:5353");
        none_parse(dns_server, &["", "dns.example.org"]);
        for (text, net) in
            [("10.1.2.3", "10.1.2.3/32"), ("::1", "::1/128"), ("10.1.2.3/8", "10.0.0.0/8"), ("fd00::/8", "fd00::/8")]
        {
            assert_eq!(range(text).unwrap().to_string(), net);
        }
        none_parse(range, &["", "10.0.0.0/33", "::/129", "10.0.0", "example.org"]);
    }

    #[test]
    fn names_of_servers_and_hosts() {
        all_parse(server_name, &["example.org", "example.org:8448", "1.2.3.4", "[::1]:8448"]);
        none_parse(server_name, &["", "https://example.org", "ex ample", "*.example.org", "::1", "example.org:99999"]);
        all_parse(host, &["smtp.example.org", "localhost", "10.0.0.1", "::1", "my_host"]);
        none_parse(host, &["", "smtp.example.org:25", "smtp://example.org", "a b", "a/b"]);
        all_parse(
            hello_name,
            &["id.example.org", "localhost", "xn--bcher-kva.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"],
        );
        none_parse(
            hello_name,
            &[
                "",
                "a b",
                "bücher.example",
                "192.0.2.1",
                "::1",
                "[::1]",
                "[IPv6:1.2.3.4]",
                "[a]",
                "[]",
                "a\r\nMAIL",
                "a:25",
            ],
        );
        assert_eq!(url_host("App.BÜCHER.example").unwrap(), "app.xn--bcher-kva.example");
        none_parse(url_host, &["", "https://app.example.org", "app.example.org/", "app.example.org:443"]);
    }

    #[test]
    fn host_patterns() {
        all_parse(host_pattern, &["app.example", "*.example", "127.0.0.1", "[::1]", "BÜCHER.example"]);
        none_parse(host_pattern, &["", "*", "*.", "*.*.example", "a.*.example", "*.127.0.0.1", "https://*.example"]);
        assert_eq!(host_pattern("*.BÜCHER.example").unwrap().host, "xn--bcher-kva.example");
    }

    #[test]
    fn mailboxes_pages_and_languages() {
        all_parse(
            mailbox,
            &["vouch@localhost", "Vouch <vouch@localhost>", "\"A, B\" <a@example.org>", "Büro <a@example.org>"],
        );
        none_parse(
            mailbox,
            &["", "Vouch", "vouch@", "a@example.org, b@example.org", "A <a@example.org> b", "A\r\nB <a@example.org>"],
        );
        all_parse(web_page, &["https://example.org/imprint"]);
        none_parse(web_page, &["", "/imprint", "help@example.org", "javascript:alert(1)"]);
        all_parse(language, &["en", "pt-BR", "zh-Hant"]);
        none_parse(language, &["", "english language", "e", "1"]);
        none_parse(line, &["", "  ", "a\nb", "a\0"]);
    }

    #[test]
    fn log_filters_contain_levels() {
        all_parse(log_filter, &["info", "off", "info,vouch=debug", "vouch::store=trace", "debug/word"]);
        none_parse(log_filter, &["", "vouch=loud", "info,vouch="]);
    }

    #[test]
    fn files_and_directories_must_exist() {
        all_parse(file, &["Cargo.toml"]);
        none_parse(file, &["", "src", "no/such", "a\0b"]);
        all_parse(directory, &["src"]);
        none_parse(directory, &["", "Cargo.toml", "no/such"]);
    }
}
