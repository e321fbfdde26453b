//! Sending mails: composed here, handed to an SMTP server or, where none is configured, written to a directory.

mod compose;
mod smtp;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

use lettre::Address as Recipient;

use self::compose::Composer;
use self::smtp::SmtpServer;
use super::StartError;
use super::directory::Directory;
use crate::brand::Brand;
use crate::clock::Clock;
use crate::config;
use crate::identity::threepid::Address;

/// What is written to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The subject. Whatever it holds becomes one line.
    pub subject: String,
    /// The plain text; its lines end in LF.
    pub text: String,
    /// The same as HTML. If the brand has a logo, `cid:logo` shows it.
    pub html: String,
}

/// Sends mails.
pub struct Mailer {
    composer: Composer,
    transport: Transport,
}

enum Transport {
    Directory(Directory),
    Smtp(Box<SmtpServer>),
}

impl Mailer {
    /// Reads the certificates, if any are configured. The SMTP server is not contacted: it may be away when this one
    /// starts.
    ///
    /// # Errors
    /// [`StartError`], which names the setting and the file.
    pub fn new(mail: &config::Mail, brand: &Brand, clock: Clock) -> Result<Self, StartError> {
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

    /// Makes the mail directory, if mails go to one.
    ///
    /// # Errors
    /// [`StartError`], which names the setting and the directory.
    pub fn make_directory(&self) -> Result<(), StartError> {
        match &self.transport {
            Transport::Directory(directory) => directory.make(),
            Transport::Smtp(_) => Ok(()),
        }
    }

    /// Sends one mail to one address, which is written to byte for byte as it was parsed.
    ///
    /// # Errors
    /// [`SendError`]. The mail was not accepted by anybody, except that after [`SendError::TimedOut`] and
    /// [`SendError::Unreachable`] it may have been, if the server's last word was lost.
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

/// Why a mail was not sent: coarse, because it is logged, and neither an address nor the server's words may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// There is no connection to the server, or it broke off.
    Unreachable,
    /// `mail.timeout` has passed.
    TimedOut,
    /// The connection cannot be protected as `mail.security` wants it.
    Tls,
    /// The server does not take `mail.user` and `mail.password`.
    Login,
    /// The recipient cannot be written to: the server refuses, or SMTP has no way to name such an address.
    Recipient,
    /// The server refuses the mail for another reason.
    Refused,
    /// The file cannot be written.
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
