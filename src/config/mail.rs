//! `[mail]` and `[validation]`: how mails are sent and how addresses are validated.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use rustls::pki_types::ServerName;

use super::parse::{self, Parsed};
use super::reader::{Reader, Section};
use super::secret::Secret;
use super::warnings::is_loopback_host;
use crate::identity::session::HostPattern;

/// `[mail]`
#[derive(Clone, Debug)]
pub struct Mail {
    /// `sender`. Default `Vouch <vouch@localhost>`.
    pub sender: Mailbox,
    /// An SMTP server if `host` is set, otherwise `.eml` files.
    pub transport: MailTransport,
}

/// The way in which mails are delivered.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// `directory`: one `.eml` file per mail. Default `data/mail`.
    Directory(PathBuf),
    /// An SMTP server.
    Smtp(Smtp),
}

/// An SMTP server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// `host`
    pub host: ServerName<'static>,
    /// `port`. Default 465 for `tls`, 587 for `starttls`, 25 for `none`.
    pub port: u16,
    /// `security`: `tls`, `starttls` or `none`. Default `starttls`.
    pub security: SmtpSecurity,
    /// `user` and `password`; both or neither. Default none.
    pub credentials: Option<SmtpCredentials>,
    /// `verify_certificate`. Default true.
    pub verify_certificate: bool,
    /// `ca_file`: PEM certificates trusted in addition to the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// `timeout`: for delivering one mail. Default 4 s.
    pub timeout: Duration,
    /// `hello_name`: the name given to the server. Default: this machine's name if it is a domain
    /// name, otherwise the network address of each connection.
    pub hello_name: Option<String>,
    /// `connections`: the maximum number of concurrent connections. Default 10.
    pub connections: u32,
}

impl Mail {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("mail");
        let sender = section.text("sender", "Vouch <vouch@localhost>", parse::mailbox);
        let directory = section.text("directory", "data/mail", parse::path);
        let transport = match Smtp::read(&mut section) {
            Some(smtp) => MailTransport::Smtp(smtp),
            None => MailTransport::Directory(directory),
        };
        let is_ascii = AsRef::<str>::as_ref(&sender.email).is_ascii();
        if matches!(transport, MailTransport::Smtp(_)) && !is_ascii {
            section.wrong("sender", "the address must be ASCII: write an international domain as xn--…");
        }
        Self { sender, transport }
    }
}

impl Smtp {
    fn read(section: &mut Section<'_>) -> Option<Self> {
        let host = section.optional("host", parse::host);
        let security = section.text("security", "starttls", SmtpSecurity::parse);
        let (port, credentials) = (section.number("port", security.port(), 1..=65_535), SmtpCredentials::read(section));
        let verify_certificate = section.flag("verify_certificate", true);
        let ca_file = section.optional("ca_file", parse::file);
        let timeout = section.text("timeout", "4s", parse::duration("100ms", "10m"));
        let hello_name = section.optional("hello_name", parse::hello_name);
        let connections = section.number("connections", 10, 1..=1_000);
        let host = host?;
        if credentials.is_some() && security == SmtpSecurity::None && !is_loopback_host(&host.to_str()) {
            let problem = "\"none\" would send the password in clear text: use \"tls\" or \"starttls\", or remove \
                           `user` and `password`";
            section.wrong("security", problem);
        }
        Some(Self { host, port, security, credentials, verify_certificate, ca_file, timeout, hello_name, connections })
    }
}

/// The protection of the SMTP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, required.
    Starttls,
    /// No TLS.
    None,
}

impl SmtpSecurity {
    fn parse(text: &str) -> Parsed<Self> {
        match text {
            "tls" => Ok(Self::Tls),
            "starttls" => Ok(Self::Starttls),
            "none" => Ok(Self::None),
            _ => Err("expected \"tls\", \"starttls\" or \"none\"".to_owned()),
        }
    }

    const fn port(self) -> u32 {
        match self {
            Self::Tls => 465,
            Self::Starttls => 587,
            Self::None => 25,
        }
    }
}

/// The credentials for the SMTP server.
#[derive(Clone, Debug)]
pub struct SmtpCredentials {
    /// `user`
    pub user: String,
    /// `password`
    pub password: Secret,
}

impl SmtpCredentials {
    fn read(section: &mut Section<'_>) -> Option<Self> {
        let user = section.optional("user", parse::line);
        let password = section.optional("password", parse::secret);
        section.together(&["user", "password"], &[]);
        Some(Self { user: user?, password: password? })
    }
}

/// `[validation]`
#[derive(Clone, Debug)]
pub struct Validation {
    /// `next_link_hosts`: hosts that a `next_link` may point to. Default none, which allows any.
    pub next_link_hosts: Option<Vec<HostPattern>>,
    /// `button`: whether a validation link proves the address only when its reader presses a
    /// button. Default false.
    pub button: bool,
    /// `web_otp_domain`: the host of the web page where people enter codes. Default: the host of
    /// `public_url`.
    pub web_otp_domain: Option<String>,
}

impl Validation {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("validation");
        Self {
            next_link_hosts: section.optional_list("next_link_hosts", parse::host_pattern),
            button: section.flag("button", false),
            web_otp_domain: section.optional("web_otp_domain", parse::url_host),
        }
    }
}
