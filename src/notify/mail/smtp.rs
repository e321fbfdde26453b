//! Delivering emails to an SMTP server.
//!
//! No library handles this dialogue: lettre, async-smtp, mail-send and io-smtp refuse replies that
//! RFC 5321 allows (a bare `250`), or `AUTH LOGIN` with unexpected prompts. And the pools take back
//! a connection in the middle of a dialogue when a deadline cancels it, so that the next email's
//! commands become part of an email to somebody else.

mod auth;
mod connection;
mod hello;
mod reply;
mod tls;

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::Address as Recipient;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use self::connection::Connection;
use self::reply::Trouble;
use super::error::{SendError, Step};
use crate::config::{Smtp, SmtpCredentials, SmtpSecurity};

/// The time for which an idle connection can be reused. Servers close idle connections after a few
/// minutes at most.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// An SMTP server and the connections to it.
pub(super) struct SmtpServer {
    host: ServerName<'static>,
    port: u16,
    protection: Protection,
    credentials: Option<SmtpCredentials>,
    timeout: Duration,
    sender: Recipient,
    /// The name to give, or `None` to give the network address of each connection.
    hello: Option<String>,
    /// One permit per email being sent, which bounds the number of connections.
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

enum Protection {
    Tls(TlsConnector),
    Starttls(TlsConnector),
    None,
}

/// A connection that waits for the next email.
struct Idle {
    since: Instant,
    connection: Connection,
}

/// The dialogue failed before the server asked for the message.
struct NotBegun {
    error: SendError,
    /// True if a new connection may succeed.
    stale: bool,
}

impl SmtpServer {
    /// # Errors
    /// Returns the setting and the problem if `mail.ca_file` cannot be used.
    pub(super) fn new(settings: &Smtp, sender: &Recipient) -> Result<Self, String> {
        let protection = match settings.security {
            SmtpSecurity::Tls => Protection::Tls(tls::connector(settings)?),
            SmtpSecurity::Starttls => Protection::Starttls(tls::connector(settings)?),
            SmtpSecurity::None => Protection::None,
        };
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            protection,
            credentials: settings.credentials.clone(),
            timeout: settings.timeout,
            sender: sender.clone(),
            hello: settings.hello_name.clone().or_else(hello::own_name),
            permits: Semaphore::new(settings.connections as usize),
            idle: Mutex::default(),
        })
    }

    /// Delivers one message. All of its lines end in CR LF, including the last one. An unwanted
    /// message is given up as if the server had refused the recipient.
    pub(super) async fn send(&self, to: &Recipient, message: String, is_wanted: bool) -> Result<(), SendError> {
        let deadline = Instant::now() + self.timeout;
        let text = is_wanted.then(|| wire_format(&message));
        let conversation = self.converse(to, text, deadline);
        let sent = timeout_at(deadline, conversation).await.unwrap_or(Err(SendError::TimedOut));
        if is_ascii(to) { sent } else { sent.map_err(SendError::with_smtputf8) }
    }

    /// Connects, logs in and names the sender, as for a message that is then not sent.
    pub(super) async fn probe(&self) -> Result<(), SendError> {
        let deadline = Instant::now() + self.timeout;
        let dialogue = async {
            let mut connection = self.connect(deadline).await?;
            let sender = connection.say(&format!("MAIL FROM:<{}>", self.sender), 2).await;
            connection.quit().await;
            sender.map(drop).map_err(|trouble| trouble.at(Step::Sender))
        };
        timeout_at(deadline, dialogue).await.unwrap_or(Err(SendError::TimedOut))
    }

    /// Runs the dialogue. Only a connection whose dialogue succeeded is kept for reuse. Any other
    /// is closed, so that the server drops whatever it has received of the message.
    async fn converse(&self, to: &Recipient, text: Option<String>, deadline: Instant) -> Result<(), SendError> {
        let _permit = self.permits.acquire().await.map_err(|_| SendError::Lost)?;
        let mut connection = self.announce(to, text.is_some(), deadline).await?;
        let text = text.unwrap_or_default();
        // No retries from here on: the server may have accepted the message even if its reply is
        // lost.
        if let Err(trouble) = connection.transmit(&text).await.and_then(|reply| reply.expect(2)) {
            if !trouble.ends_connection() {
                connection.quit().await;
            }
            return Err(trouble.at(Step::Message));
        }
        self.idle().push(Idle { since: Instant::now(), connection });
        Ok(())
    }

    /// Returns a connection on which the server waits for the message. An idle connection that the
    /// server has closed or that does not respond is replaced.
    async fn announce(&self, to: &Recipient, is_wanted: bool, deadline: Instant) -> Result<Connection, SendError> {
        if let Some(mut connection) = self.take_idle()
            && let Ok(begun) = timeout(self.timeout / 2, self.begin(&mut connection, to, is_wanted)).await
        {
            match begun {
                Ok(()) => return Ok(connection),
                Err(NotBegun { stale: true, .. }) => {}
                Err(NotBegun { error, .. }) => {
                    connection.quit().await;
                    return Err(error);
                }
            }
        }
        let mut connection = self.connect(deadline).await?;
        match self.begin(&mut connection, to, is_wanted).await {
            Ok(()) => Ok(connection),
            Err(failure) => {
                if !failure.stale {
                    connection.quit().await;
                }
                Err(failure.error)
            }
        }
    }

    async fn begin(&self, connection: &mut Connection, to: &Recipient, is_wanted: bool) -> Result<(), NotBegun> {
        let mut mail = format!("MAIL FROM:<{}>", self.sender);
        if !is_ascii(to) {
            if !connection.offers("SMTPUTF8") {
                return Err(NotBegun { error: SendError::NoSmtpUtf8, stale: false });
            }
            mail.push_str(" SMTPUTF8");
            // Servers with SMTPUTF8 must offer 8BITMIME (RFC 6531 section 3.1), but some do not.
            if connection.offers("8BITMIME") {
                mail.push_str(" BODY=8BITMIME");
            }
        }
        // A server that no longer wants this connection rejects the first command, in one way or
        // another.
        let failed =
            |step| move |trouble: Trouble| NotBegun { error: trouble.at(step), stale: trouble.ends_connection() };
        let sender = connection.say(&mail, 2).await;
        sender.map_err(failed(Step::Sender)).map_err(|failure| NotBegun { stale: true, ..failure })?;
        connection.say(&format!("RCPT TO:<{to}>"), 2).await.map_err(failed(Step::Recipient))?;
        if !is_wanted {
            return Err(NotBegun { error: SendError::Unwanted, stale: false });
        }
        connection.say("DATA", 3).await.map_err(failed(Step::Message))?;
        Ok(())
    }

    async fn connect(&self, deadline: Instant) -> Result<Connection, SendError> {
        let stream = self.reach().await?;
        let hello = self.hello.clone().unwrap_or_else(|| hello::literal(stream.local_addr().ok()));
        let mut connection = Connection::new(stream);
        if let Protection::Tls(tls) = &self.protection {
            connection = connection.secure(tls, &self.host).await?;
        }
        connection.greeting().await?;
        connection.hello(&hello).await?;
        if let Protection::Starttls(tls) = &self.protection {
            // If the server does not offer STARTTLS (an attacker may have removed the offer),
            // nothing else is sent.
            if !connection.offers("STARTTLS") {
                return Err(SendError::NoStarttls);
            }
            connection.say("STARTTLS", 2).await.map_err(|trouble| trouble.at(Step::Starttls))?;
            connection = connection.secure(tls, &self.host).await?;
            connection.hello(&hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            auth::log_in(&mut connection, credentials, deadline).await?;
        }
        Ok(connection)
    }

    /// Connects to the first of the host's network addresses that accepts the connection.
    async fn reach(&self) -> Result<TcpStream, SendError> {
        let host = self.host.to_str();
        let addresses = lookup_host((&*host, self.port)).await.map_err(|_| SendError::UnknownHost)?;
        let mut failure = SendError::UnknownHost;
        for address in addresses {
            // Each address gets at most half of the time, so that some is left for the next one.
            match timeout(self.timeout / 2, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Commands are short, and each waits for its reply.
                    stream.set_nodelay(true).map_err(|error| SendError::Connect(error.kind()))?;
                    return Ok(stream);
                }
                Ok(Err(error)) => failure = SendError::Connect(error.kind()),
                Err(_) => failure = SendError::Connect(io::ErrorKind::TimedOut),
            }
        }
        Err(failure)
    }

    /// Returns the connection that was used last, and closes those that have been idle for too
    /// long.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        let fresh = idle.iter().position(|parked| parked.since.elapsed() < MAX_IDLE).unwrap_or(idle.len());
        for parked in idle.drain(..fresh) {
            tokio::spawn(timeout(MAX_IDLE, parked.connection.quit()));
        }
        idle.pop().map(|parked| parked.connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_ascii(to: &Recipient) -> bool {
    AsRef::<str>::as_ref(to).is_ascii()
}

/// Doubles dots at the start of lines and adds the final dot (RFC 5321 section 4.5.2).
fn wire_format(message: &str) -> String {
    let mut text = message.replace("\r\n.", "\r\n..");
    text.push_str(".\r\n");
    text
}
