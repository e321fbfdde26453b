//! The reasons why emails are not sent.

use std::fmt;
use std::io;

/// The reason why an email was not sent. It is logged and shown in the outbox, so it contains
/// neither addresses nor the server's words, but only its reply code.
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
    /// The server's reply is not SMTP, or does not match the command.
    OutOfStep,
    /// `mail.security` is `starttls`, which the server does not offer. An attacker may have removed
    /// the offer.
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
    /// The owner of the address does not want any email.
    Unwanted,
    /// The server refused a step of the dialogue.
    Refused(Step, Code),
    /// The file could not be written.
    File(io::ErrorKind),
}

/// The step that the server refused.
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
    /// A mail without TLS or without a login.
    Anonymous,
    /// `mail.sender`.
    Sender,
    /// The recipient.
    Recipient,
    /// The message.
    Message,
}

/// A reply code of three digits, with the enhanced status code (RFC 3463) if the server gives one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    pub(super) number: u16,
    /// Subject and detail; the class is the first digit of the number.
    status: Option<(u16, u16)>,
}

impl Code {
    /// Reads the enhanced status code from the start of the reply's text.
    pub(super) fn new(number: u16, text: &str) -> Self {
        let word = text.split_ascii_whitespace().next().unwrap_or_default();
        let mut parts = word.split('.').map(|part| part.parse::<u16>().ok().filter(|_| part.len() <= 3));
        let status = match [parts.next(), parts.next(), parts.next(), parts.next()] {
            [Some(Some(class)), Some(Some(subject)), Some(Some(detail)), None] if class == number / 100 => {
                Some((subject, detail))
            }
            _ => None,
        };
        Self { number, status }
    }

    /// Returns the first digit, which alone determines what to do (RFC 5321 section 4.2).
    pub(super) const fn severity(self) -> u16 {
        self.number / 100
    }

    /// Returns whether the same command would be refused again.
    pub(super) const fn is_permanent(self) -> bool {
        self.severity() == 5
    }

    /// Returns whether the server complains about the sender, although the command was about
    /// something else: Postfix refuses nothing before the recipient, and Exchange some senders only
    /// after the message (5.7.60 and 5.2.252, "not allowed to send as this sender").
    pub(super) const fn is_about_sender(self) -> bool {
        matches!(self.status, Some((1, 7 | 8) | (2, 252) | (7, 60)))
    }

    /// Returns whether the server refuses an address that is not ASCII (RFC 6531 section 3.5), or
    /// the parameter that announces it, although it offers SMTPUTF8.
    const fn refuses_smtputf8(self, step: Step) -> bool {
        let is_parameter = matches!(step, Step::Sender) && matches!(self.number, 501 | 504 | 555);
        self.is_permanent() && (is_parameter || matches!(self.status, Some((6, 7 | 9))))
    }

    /// Returns whether the server may be refusing us, rather than the recipient or the message: a
    /// matter of policy or of the protocol, such as "relay access denied".
    const fn may_be_about_us(self) -> bool {
        matches!(self.status, Some((5 | 7, _)))
    }
}

impl SendError {
    /// Names the refusal of a server that offered SMTPUTF8 and then turned it down.
    pub(super) fn with_smtputf8(self) -> Self {
        match self {
            Self::Refused(step, code) if code.refuses_smtputf8(step) => Self::NoSmtpUtf8,
            error => error,
        }
    }

    /// Returns whether the server will always refuse this email to this recipient, unless somebody
    /// changes something.
    #[must_use]
    pub const fn refuses_email(&self) -> bool {
        match self {
            Self::NoSmtpUtf8 | Self::NoMailbox | Self::Unwanted => true,
            Self::Refused(Step::Recipient | Step::Message, code) => code.is_permanent(),
            _ => false,
        }
    }

    /// Returns whether it is pointless to send the email again, since the operator is not at fault.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Refused(_, code) => self.refuses_email() && !code.may_be_about_us(),
            _ => self.refuses_email(),
        }
    }

    /// Returns whether every email will fail until the operator changes something.
    #[must_use]
    pub const fn needs_operator(&self) -> bool {
        match self {
            Self::NoStarttls | Self::Tls(_) | Self::NoLogin | Self::NoMechanism => true,
            Self::Refused(..) if self.refuses_email() => false,
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
            Self::Unwanted => "the recipient objects to emails",
            Self::Refused(step, code) => {
                let duration = if code.is_permanent() { "" } else { " for now" };
                let us = match step {
                    Step::Recipient if code.is_permanent() && code.may_be_about_us() => {
                        ", or this server or its sender (mail.hello_name, mail.user, mail.sender)"
                    }
                    _ => "",
                };
                return write!(f, "the mail server refuses {step}{us}{duration} ({code})");
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
            Self::Anonymous => "mail without TLS or a login (mail.security, mail.user)",
            Self::Sender => "the sender (mail.sender)",
            Self::Recipient => "the recipient",
            Self::Message => "the message",
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.number)?;
        match self.status {
            Some((subject, detail)) => write!(f, " {}.{subject}.{detail}", self.severity()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SendError {}
