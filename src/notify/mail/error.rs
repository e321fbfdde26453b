//! Why emails are not sent.

use std::fmt;
use std::io;

/// Why an email was not sent. It is logged and shown in the outbox, so it contains neither addresses nor the server's
/// words, only its reply code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// `mail.host` has no network address.
    UnknownHost,
    /// No connection to the server could be established.
    Connect(io::ErrorKind),
    /// The connection broke, or the server closed it.
    Lost,
    /// Sending took longer than `mail.timeout`.
    TimedOut,
    /// The server's reply is not SMTP, or does not belong to the command.
    OutOfStep,
    /// `mail.security` is `starttls`, which the server does not offer. An attacker may have removed the offer.
    NoStarttls,
    /// TLS failed, for this reason.
    Tls(String),
    /// `mail.user` is set, but the server offers no login.
    NoLogin,
    /// The server offers no way of logging in that this client knows.
    NoMechanism,
    /// The local part of the address is not ASCII, and the server has no SMTPUTF8 (RFC 6531).
    NoSmtpUtf8,
    /// The address is not an email address.
    NoMailbox,
    /// The server refused a step of the dialogue.
    Refused(Step, Code),
    /// The file could not be written.
    File(io::ErrorKind),
}

/// What the server refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The connection, when it began or at any later time.
    Connection,
    /// The name that this client gave (`EHLO`).
    Hello,
    /// TLS, although it was offered.
    Starttls,
    /// `mail.user` and `mail.password`.
    Login,
    /// `mail.sender`.
    Sender,
    /// The recipient.
    Recipient,
    /// The message.
    Message,
}

/// A reply code of three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub(super) u16);

impl Code {
    /// Returns the first digit, which alone says what to do (RFC 5321 section 4.2).
    pub(super) const fn severity(self) -> u16 {
        self.0 / 100
    }

    /// Whether the same command would be refused again.
    pub(super) const fn is_permanent(self) -> bool {
        self.severity() == 5
    }
}

impl SendError {
    /// Whether the same email to the same recipient will always fail.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::NoSmtpUtf8 | Self::NoMailbox => true,
            Self::Refused(Step::Recipient | Step::Message, code) => code.is_permanent(),
            _ => false,
        }
    }

    /// Whether every email will fail until the operator changes something.
    #[must_use]
    pub const fn needs_operator(&self) -> bool {
        match self {
            Self::NoStarttls | Self::Tls(_) | Self::NoLogin | Self::NoMechanism => true,
            Self::Refused(Step::Recipient | Step::Message, _) => false,
            Self::Refused(_, code) => code.is_permanent(),
            _ => false,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownHost => "the mail server's name cannot be found in DNS",
            Self::Connect(kind) => return write!(f, "the mail server cannot be reached: {kind}"),
            Self::Lost => "the mail server closed the connection",
            Self::TimedOut => "the mail server took too long",
            Self::OutOfStep => "the mail server does not reply as SMTP requires",
            Self::NoStarttls => "the mail server does not offer STARTTLS",
            Self::Tls(reason) => {
                return write!(f, "the mail server's connection cannot be secured by TLS: {reason}");
            }
            Self::NoLogin => "the mail server offers no login (AUTH)",
            Self::NoMechanism => "the mail server offers neither AUTH PLAIN nor AUTH LOGIN",
            Self::NoSmtpUtf8 => "the mail server does not support addresses that are not ASCII (SMTPUTF8)",
            Self::NoMailbox => "the recipient is not an email address",
            Self::Refused(step, code) => {
                let duration = if code.is_permanent() { "" } else { " for now" };
                return write!(f, "the mail server refuses {step}{duration} ({code})");
            }
            Self::File(kind) => return write!(f, "the mail cannot be written to its file: {kind}"),
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "the connection",
            Self::Hello => "this server's name (mail.hello_name)",
            Self::Starttls => "STARTTLS",
            Self::Login => "the login (mail.user, mail.password)",
            Self::Sender => "the sender (mail.sender)",
            Self::Recipient => "the recipient",
            Self::Message => "the message",
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl std::error::Error for SendError {}
