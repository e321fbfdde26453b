//! Sending emails: through an SMTP server or, if none is configured, to files in a directory.

mod compose;
mod smtp;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

use lettre::Address as Recipient;

use self::compose::Composer;
use self::smtp::SmtpServer;
use super::directory::Directory;
use crate::brand::Brand;
use crate::clock::Clock;
use crate::config;
use crate::identity::threepid::Address;

/// The content of an email.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The subject. It is reduced to one line.
    pub subject: String,
    /// The plain text, with lines ending in LF.
    pub text: String,
    /// The same content as HTML. If the brand has a logo, `cid:logo` shows it.
    pub html: String,
}

/// Sends emails.
pub struct Mailer {
    composer: Composer,
    transport: Transport,
}

enum Transport {
    Directory(Directory),
    Smtp(Box<SmtpServer>),
}

impl Mailer {
    /// Reads the certificates, if any are configured. Does not contact the SMTP server, which may be unavailable when
    /// this server starts.
    ///
    /// # Errors
    /// Returns the setting and the problem, for the operator.
    pub fn new(mail: &config::Mail, brand: &Brand, clock: Clock) -> Result<Self, String> {
        let transport = match &mail.transport {
            config::MailTransport::Directory(path) => {
                Transport::Directory(Directory::new("mail.directory", path, "eml", clock.clone()))
            }
            config::MailTransport::Smtp(settings) => {
                Transport::Smtp(Box::new(SmtpServer::new(settings, &mail.sender.email)?))
            }
        };
        Ok(Self { composer: Composer::new(&mail.sender, brand.mail_logo(), clock), transport })
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
    /// Returns a [`SendError`]. After [`SendError::TimedOut`] and [`SendError::Unreachable`] the server may have
    /// accepted the email, if only its reply was lost.
    pub async fn send(&self, to: &Address, email: Email) -> Result<(), SendError> {
        let to: Recipient = to.as_str().parse().map_err(|_| SendError::Recipient)?;
        let message = self.composer.compose(&to, email)?;
        match &self.transport {
            Transport::Directory(directory) => {
                directory.write(message).await.map_err(|error| SendError::File(error.kind()))
            }
            Transport::Smtp(server) => server.send(&to, message).await,
        }
    }
}

/// Why an email was not sent. Coarse, because it is logged, and logs contain neither addresses nor the server's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The connection to the server could not be established, or it broke.
    Unreachable,
    /// Sending took longer than `mail.timeout`.
    TimedOut,
    /// The connection cannot be secured as `mail.security` requires.
    Tls,
    /// The server rejected `mail.user` and `mail.password`.
    Login,
    /// The server rejected the recipient, or SMTP cannot express the address.
    Recipient,
    /// The server rejected the email for another reason.
    Refused,
    /// The file could not be written.
    File(io::ErrorKind),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the mail server cannot be reached"),
            Self::TimedOut => f.write_str("the mail server took too long"),
            Self::Tls => f.write_str("the connection to the mail server cannot be secured"),
            Self::Login => f.write_str("the mail server refuses the login"),
            Self::Recipient => f.write_str("the mail server cannot write to the recipient"),
            Self::Refused => f.write_str("the mail server refuses the mail"),
            Self::File(kind) => write!(f, "the mail cannot be written to its file: {kind}"),
        }
    }
}

impl std::error::Error for SendError {}
