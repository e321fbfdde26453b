//! Delivering emails to an SMTP server.
//!
//! This module has its own dialogue and connection pool, on top of lettre's connections. lettre's pool takes back a
//! connection in the middle of a dialogue when a deadline cancels it (the next email's commands would become part of
//! an email to somebody else), sends a `NOOP` for each email, and does not limit how many connections are open.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lettre::Address as Recipient;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection as Connection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::sync::Semaphore;

use super::SendError;
use crate::config::{Smtp, SmtpSecurity};
use crate::notify::unusable;

/// How long an idle connection can be reused. Servers close idle connections after a few minutes at most.
const MAX_IDLE: Duration = Duration::from_secs(30);
/// The reply to any command before the server closes the connection (RFC 5321 section 3.8).
const SHUTTING_DOWN: u16 = 421;

/// An SMTP server and the connections to it.
pub(super) struct SmtpServer {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<Credentials>,
    timeout: Duration,
    sender: Recipient,
    hello: ClientId,
    /// One permit per email being sent, which bounds the number of connections.
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

enum Protection {
    Tls(TlsParameters),
    Starttls(TlsParameters),
    None,
}

/// A connection that waits for the next email.
struct Idle {
    since: Instant,
    connection: Connection,
}

/// Why a command failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The connection broke, or the server is about to close it.
    Gone,
    /// The server rejected the command.
    Refused,
}

/// The dialogue failed before the server asked for the message.
struct NotBegun {
    error: SendError,
    /// Whether a new connection may succeed.
    stale: bool,
}

impl SmtpServer {
    pub(super) fn new(settings: &Smtp, sender: &Recipient) -> Result<Self, String> {
        let problem = |setting, problem| Err(format!("{setting}: {problem}"));
        if !AsRef::<str>::as_ref(sender).is_ascii() {
            return problem("mail.sender", "the address must be ASCII; write an international domain as xn--…");
        }
        if ServerName::try_from(&*settings.host).is_err() {
            return problem("mail.host", "is neither a host name nor an IP address");
        }
        if settings.connections == 0 {
            return problem("mail.connections", "at least 1 is needed to send anything");
        }
        let protected = settings.security != SmtpSecurity::None;
        if settings.credentials.is_some() && !protected && !is_loopback(&settings.host) {
            return problem(
                "mail.security",
                "`none` would send user and password readable over the network; use `tls` or `starttls`, \
                 or remove mail.user and mail.password",
            );
        }
        let protection = match settings.security {
            SmtpSecurity::Tls => Protection::Tls(tls_parameters(settings)?),
            SmtpSecurity::Starttls => Protection::Starttls(tls_parameters(settings)?),
            SmtpSecurity::None => Protection::None,
        };
        let credentials = settings.credentials.as_ref();
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            protection,
            credentials: credentials.map(|login| Credentials::new(login.user.clone(), login.password.to_string())),
            timeout: settings.timeout,
            sender: sender.clone(),
            hello: ClientId::Domain(sender.domain().to_owned()),
            permits: Semaphore::new(settings.connections as usize),
            idle: Mutex::default(),
        })
    }

    /// Delivers one message. All of its lines end in CR LF, including the last one.
    pub(super) async fn send(&self, to: &Recipient, message: String) -> Result<(), SendError> {
        let conversation = self.converse(to, wire_format(&message));
        tokio::time::timeout(self.timeout, conversation).await.unwrap_or(Err(SendError::TimedOut))
    }

    /// Runs the dialogue. Only a connection whose dialogue succeeded is kept for reuse. Any other is closed, so that
    /// the server drops whatever it has received of the message.
    async fn converse(&self, to: &Recipient, text: String) -> Result<(), SendError> {
        let _permit = self.permits.acquire().await.map_err(|_| SendError::Unreachable)?;
        let mut connection = self.announce(to).await?;
        // No retries from here on: the server may have accepted the message even if its reply is lost.
        say(&mut connection, text, 250).await?;
        self.idle().push(Idle { since: Instant::now(), connection });
        Ok(())
    }

    /// Returns a connection on which the server waits for the message. An idle connection that the server has closed
    /// or that does not respond is replaced.
    async fn announce(&self, to: &Recipient) -> Result<Connection, SendError> {
        if let Some(mut connection) = self.take_idle()
            && let Ok(begun) = tokio::time::timeout(self.timeout / 2, self.begin(&mut connection, to)).await
        {
            match begun {
                Ok(()) => return Ok(connection),
                Err(NotBegun { stale: true, .. }) => {}
                Err(NotBegun { error, .. }) => return Err(error),
            }
        }
        let mut connection = self.connect().await?;
        self.begin(&mut connection, to).await.map_err(|failure| failure.error)?;
        Ok(connection)
    }

    async fn begin(&self, connection: &mut Connection, to: &Recipient) -> Result<(), NotBegun> {
        let mut parameters = Vec::new();
        if !AsRef::<str>::as_ref(to).is_ascii() {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(NotBegun { error: SendError::Recipient, stale: false });
            }
            parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
        }
        let mail = Mail::new(Some(self.sender.clone()), parameters);
        // A server that no longer wants this connection rejects the first command, in one way or another.
        say(connection, mail, 250).await.map_err(|trouble| NotBegun { error: trouble.into(), stale: true })?;
        let rcpt = Rcpt::new(to.clone(), Vec::new());
        say(connection, rcpt, 250).await.map_err(|trouble| match trouble {
            Trouble::Gone => NotBegun { error: SendError::Unreachable, stale: true },
            Trouble::Refused => NotBegun { error: SendError::Recipient, stale: false },
        })?;
        say(connection, Data, 354)
            .await
            .map_err(|trouble| NotBegun { error: trouble.into(), stale: trouble == Trouble::Gone })
    }

    async fn connect(&self) -> Result<Connection, SendError> {
        let tls = if let Protection::Tls(parameters) = &self.protection { Some(parameters.clone()) } else { None };
        // At most half of the time for each network address of the host, so that there is time for the next one.
        let patience = Some(self.timeout / 2);
        let connected = Connection::connect_tokio1((&*self.host, self.port), patience, &self.hello, tls, None).await;
        let mut connection = connected.map_err(|error| connect_error(&error))?;
        if let Protection::Starttls(parameters) = &self.protection {
            // If the server does not offer STARTTLS (an attacker may have removed the offer), nothing else is sent.
            connection.starttls(parameters.clone(), &self.hello).await.map_err(|_| SendError::Tls)?;
        }
        if let Some(credentials) = &self.credentials {
            let login = connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await;
            trouble(login, 235).map_err(|trouble| match trouble {
                Trouble::Gone => SendError::Unreachable,
                Trouble::Refused => SendError::Login,
            })?;
        }
        Ok(connection)
    }

    /// Returns the connection that was used last, and closes those that have been idle for too long.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        let fresh = idle.iter().position(|parked| parked.since.elapsed() < MAX_IDLE).unwrap_or(idle.len());
        for mut parked in idle.drain(..fresh) {
            tokio::spawn(async move { tokio::time::timeout(MAX_IDLE, parked.connection.abort()).await });
        }
        idle.pop().map(|parked| parked.connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a command in one write, and accepts only the expected reply. After any other, replies and commands may be out
/// of step, for example because an attacker injected data before TLS.
async fn say(connection: &mut Connection, words: impl Display, answer: u16) -> Result<(), Trouble> {
    trouble(connection.command(words).await, answer)
}

fn trouble(reply: Result<Response, SmtpError>, answer: u16) -> Result<(), Trouble> {
    match reply {
        Ok(response) if u16::from(response.code()) == answer => Ok(()),
        Ok(_) => Err(Trouble::Gone),
        Err(error) => Err(match error.status().map(u16::from) {
            None | Some(SHUTTING_DOWN) => Trouble::Gone,
            Some(_) => Trouble::Refused,
        }),
    }
}

impl From<Trouble> for SendError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Gone => Self::Unreachable,
            Trouble::Refused => Self::Refused,
        }
    }
}

fn connect_error(error: &SmtpError) -> SendError {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let mut inner = causes.filter_map(|cause| cause.downcast_ref::<io::Error>()?.get_ref());
    if inner.any(<dyn Error + Send + Sync>::is::<rustls::Error>) { SendError::Tls } else { SendError::Unreachable }
}

/// Doubles dots at the start of lines and adds the final dot (RFC 5321 section 4.5.2).
fn wire_format(message: &str) -> String {
    let mut text = message.replace("\r\n.", "\r\n..");
    text.push_str(".\r\n");
    text
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Trusts the system's certificate authorities and those in `mail.ca_file`.
fn tls_parameters(settings: &Smtp) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(settings.host.clone())
        .dangerous_accept_invalid_certs(!settings.verify_certificate)
        .dangerous_accept_invalid_hostnames(!settings.verify_certificate);
    if let Some(path) = &settings.ca_file {
        for certificate in read_certificates(path).map_err(|error| unusable("mail.ca_file", path, error))? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|_| match &settings.ca_file {
        Some(path) => unusable("mail.ca_file", path, "contains something that is not a certificate"),
        None => "mail.security: TLS cannot be set up".to_owned(),
    })
}

fn read_certificates(path: &Path) -> io::Result<Vec<Certificate>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&std::fs::read(path)?).collect();
    let certificates = certificates.map_err(|_| io::Error::other("is not PEM"))?;
    if certificates.is_empty() {
        return Err(io::Error::other("contains no certificate"));
    }
    certificates.iter().map(|der| Certificate::from_der(der.to_vec()).map_err(io::Error::other)).collect()
}
