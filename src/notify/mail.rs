//! Sending emails: through an SMTP server or, if none is configured, to files in a directory.

mod compose;
mod error;
mod smtp;
#[cfg(test)]
mod tests;

use lettre::Address as Recipient;
use prometheus_client::metrics::counter::Counter;
use url::Url;

use self::compose::Composer;
pub use self::error::SendError;
use self::smtp::SmtpServer;
use super::directory::Directory;
use super::outcome::Outcome;
use crate::brand::Brand;
use crate::clock::Clock;
use crate::config;
use crate::identity::threepid::Address;
use crate::metrics::{Metrics, Series};

/// The content of an email.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The subject. It is reduced to one line.
    pub subject: String,
    /// The plain text, with lines ending in LF.
    pub text: String,
    /// The same content as HTML. If the brand has a logo, it is shown by `cid:logo`.
    pub html: String,
    /// The brand of the email.
    pub brand: Brand,
    /// Further information for mail programs.
    pub headers: Option<Headers>,
}

/// Information for mail programs about an email.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// The tag of the language it is written in (RFC 5646).
    pub language: String,
    /// The page on which its reader can object to all emails; a `POST` objects at once (RFC 8058).
    /// `None` for emails to which nobody should object by mistake.
    pub unsubscribe: Option<Url>,
}

/// Sends emails.
pub struct Mailer {
    composer: Composer,
    transport: Transport,
    outcomes: Series<Outcome, Counter>,
}

enum Transport {
    Directory(Directory),
    Smtp(Box<SmtpServer>),
}

impl Mailer {
    /// Reads the certificates, if any are configured. Does not contact the SMTP server, which may
    /// be unavailable when this server starts.
    ///
    /// # Errors
    /// Returns the setting and the problem, for the operator.
    pub fn new(mail: &config::Mail, clock: Clock, metrics: &Metrics) -> Result<Self, String> {
        let transport = match &mail.transport {
            config::MailTransport::Directory(path) => {
                Transport::Directory(Directory::new("mail.directory", path, "eml", clock.clone()))
            }
            config::MailTransport::Smtp(settings) => {
                Transport::Smtp(Box::new(SmtpServer::new(settings, &mail.sender.email)?))
            }
        };
        let outcomes = metrics.counters("mails", "Mails handed to the mail server");
        Ok(Self { composer: Composer { sender: mail.sender.clone(), clock }, transport, outcomes })
    }

    /// Creates the mail directory, if emails are written to one.
    ///
    /// # Errors
    /// Returns the directory and the problem, for the operator.
    pub fn make_directory(&self) -> Result<(), String> {
        match &self.transport {
            Transport::Directory(directory) => directory.make(),
            Transport::Smtp(_) => Ok(()),
        }
    }

    /// Sends an email to an address, byte for byte as the address was parsed.
    ///
    /// # Errors
    /// Returns a [`SendError`]. After [`SendError::TimedOut`] and [`SendError::Lost`] the server
    /// may have accepted the email, if only its reply was lost.
    pub async fn send(&self, to: &Address, email: Email) -> Result<(), SendError> {
        self.count(self.converse(to, email, true).await)
    }

    /// Performs the steps before an email: connects, logs in and names the sender.
    ///
    /// # Errors
    /// Returns a [`SendError`] if `send` would have failed at one of these steps.
    pub async fn probe(&self) -> Result<(), SendError> {
        match &self.transport {
            Transport::Directory(_) => Ok(()),
            Transport::Smtp(server) => server.probe().await,
        }
    }

    /// Acts like [`Self::send`] to an address that the SMTP server refuses, and takes as long:
    /// gives up once the server has said whether it accepts the recipient.
    ///
    /// # Errors
    /// Always: [`SendError::Unwanted`], or another error if `send` would have failed earlier.
    pub async fn withhold(&self, to: &Address, email: Email) -> Result<(), SendError> {
        self.count(self.converse(to, email, false).await)
    }

    fn count(&self, sent: Result<(), SendError>) -> Result<(), SendError> {
        self.outcomes.inc(sent.as_ref().map_or_else(Outcome::from, |()| Outcome::Sent));
        sent
    }

    async fn converse(&self, to: &Address, email: Email, is_wanted: bool) -> Result<(), SendError> {
        let to = recipient(to).ok_or(SendError::NoMailbox)?;
        let message = self.composer.compose(&to, email);
        match &self.transport {
            Transport::Directory(_) if !is_wanted => Err(SendError::Unwanted),
            Transport::Directory(directory) => {
                directory.write(message).await.map_err(|error| SendError::File(error.kind()))
            }
            Transport::Smtp(server) => server.send(&to, message, is_wanted).await,
        }
    }
}

/// Returns an address as written in SMTP and headers: the local part is quoted unless it is a
/// dot-string (RFC 5321 section 4.1.2). lettre's own check refuses local parts that exist, such as
/// those with the vowel signs of Thai or Hindi, so it is bypassed: an [`Address`] contains no
/// character that has a meaning in SMTP or in headers.
fn recipient(address: &Address) -> Option<Recipient> {
    let (local, domain) = address.as_str().split_once('@')?;
    let is_dot_string = local.split('.').all(|atom| !atom.is_empty());
    let local = if is_dot_string { local.to_owned() } else { format!("\"{local}\"") };
    Some(Recipient::new_dangerous(local, domain))
}
