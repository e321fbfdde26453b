//! Sending text messages: through the gateways of `[sms]`, or to files.

mod areas;
mod http;
mod kannel;
mod openmarket;
mod pace;
#[cfg(test)]
mod tests;
mod twilio;
mod webhook;

use std::fmt;
use std::io;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use reqwest::Client;
use tokio::time::{Instant, sleep};

use self::areas::Areas;
use self::pace::Pace;
use super::directory::Directory;
use super::outcome::Outcome;
use crate::clock::Clock;
use crate::config::{self, Gateway, GatewayKind, Route, Sender};
use crate::crypto::trust::TlsFault;
use crate::identity::threepid::{Address, Medium};
use crate::metrics::{Metrics, Series};

/// Sends text messages through the gateway that the rules of `[sms]` choose for a number, or to
/// files if no gateway is configured.
pub struct SmsSender {
    rules: Areas<Route>,
    otherwise: Route,
    senders: Areas<Sender>,
    sender: Option<Sender>,
    directory: Directory,
    gateways: Vec<Gateway>,
    client: Client,
    timeout: Duration,
    pace: Pace,
    outcomes: Series<Outcome, Counter>,
}

/// A text message.
struct Text<'a> {
    /// E.164 without `+`.
    digits: &'a str,
    sender: Option<&'a Sender>,
    content: &'a str,
}

impl Text<'_> {
    /// E.164 with `+`.
    fn number(&self) -> String {
        format!("+{}", self.digits)
    }
}

impl SmsSender {
    /// Reads the certificates, if any are configured. Does not contact any gateway, which may be
    /// unavailable when this server starts.
    ///
    /// # Errors
    /// Returns the setting and the problem, for the operator.
    pub fn new(sms: &config::Sms, clock: Clock, metrics: &Metrics) -> Result<Self, String> {
        Ok(Self {
            rules: Areas::new(&sms.rules),
            otherwise: sms.otherwise(),
            senders: Areas::new(&sms.senders),
            sender: sms.sender.clone(),
            directory: Directory::new("sms.directory", &sms.directory, "txt", clock),
            gateways: sms.gateways.clone(),
            client: http::client(sms)?,
            timeout: sms.timeout,
            pace: Pace::default(),
            outcomes: metrics.counters("texts", "Text messages handed to a gateway"),
        })
    }

    /// Creates the directory, if texts are written to one.
    ///
    /// # Errors
    /// Returns the directory and the problem, for the operator.
    pub fn make_directory(&self) -> Result<(), String> {
        let is_used = self.otherwise == Route::Directory || self.rules.contains(&Route::Directory);
        if is_used { self.directory.make() } else { Ok(()) }
    }

    /// Returns whether the rules allow texts to this number. They allow none to anything except a
    /// phone number.
    pub fn reaches(&self, to: &Address) -> bool {
        self.route(to) != Route::Reject
    }

    /// Returns the longest time that sending a text can take.
    pub fn patience(&self) -> Duration {
        self.timeout
    }

    /// Sends a text to a number.
    ///
    /// # Errors
    /// Returns a [`SendError`]. After [`SendError::TimedOut`] and [`SendError::Unreachable`] the
    /// gateway may have accepted the text, if only its reply was lost.
    pub async fn send(&self, to: &Address, text: &str) -> Result<(), SendError> {
        self.count(self.try_to_send(to, text).await)
    }

    async fn try_to_send(&self, to: &Address, text: &str) -> Result<(), SendError> {
        let sender = self.senders.find(to).or(self.sender.as_ref());
        let text = Text { digits: to.as_str(), sender, content: text };
        match self.route(to) {
            Route::Reject => Err(SendError::Rejected),
            Route::Directory => self.write(&text).await,
            Route::Gateway(kind) => {
                let begun = Instant::now();
                let verdict = self.hand_over(kind, &text).await;
                self.pace.note(begun.elapsed());
                verdict
            }
        }
    }

    /// Takes as long as [`Self::send`] without sending, for a number whose owner wants no texts: as
    /// long as one of the last texts took.
    ///
    /// # Errors
    /// Always: [`SendError::Refused`], or [`SendError::Rejected`] if `send` would have returned
    /// that.
    pub async fn withhold(&self, to: &Address) -> Result<(), SendError> {
        match self.route(to) {
            Route::Reject => return self.count(Err(SendError::Rejected)),
            Route::Directory => {}
            Route::Gateway(_) => sleep(self.pace.any()).await,
        }
        self.count(Err(SendError::Refused))
    }

    fn count(&self, sent: Result<(), SendError>) -> Result<(), SendError> {
        self.outcomes.inc(sent.as_ref().map_or_else(Outcome::from, |()| Outcome::Sent));
        sent
    }

    fn route(&self, to: &Address) -> Route {
        if to.medium() == Medium::Msisdn {
            self.rules.find(to).copied().unwrap_or(self.otherwise)
        } else {
            Route::Reject
        }
    }

    async fn write(&self, text: &Text<'_>) -> Result<(), SendError> {
        let sender = text.sender.map(|sender| format!("From: {sender}\n")).unwrap_or_default();
        let file = format!("To: {}\n{sender}\n{}\n", text.number(), text.content);
        self.directory.write(file).await.map_err(|error| SendError::File(error.kind()))
    }

    async fn hand_over(&self, kind: GatewayKind, text: &Text<'_>) -> Result<(), SendError> {
        // The configuration refuses rules for gateways that are not configured.
        let gateway = self.gateways.iter().find(|gateway| gateway.kind() == kind).ok_or(SendError::Refused)?;
        let client = &self.client;
        match gateway {
            Gateway::Twilio(this) => twilio::verdict(&http::exchange(twilio::request(client, this, text)).await?),
            Gateway::OpenMarket(this) => {
                openmarket::verdict(&http::exchange(openmarket::request(client, this, text)).await?)
            }
            Gateway::Kannel(this) => kannel::verdict(&http::exchange(kannel::request(client, this, text)).await?),
            Gateway::Webhook(this) => {
                webhook::verdict(this, &http::exchange(webhook::request(client, this, text)).await?)
            }
        }
    }
}

/// The reason why a text was not sent. It is coarse because it is logged, and logs contain neither
/// numbers nor the gateway's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The operator or the gateway does not allow texts to this number.
    Rejected,
    /// The connection to the gateway could not be established, or it broke.
    Unreachable,
    /// Sending took longer than `sms.timeout`.
    TimedOut,
    /// The connection to the gateway could not be secured.
    Tls(TlsFault),
    /// The gateway rejected the credentials.
    Login,
    /// The gateway rejected the text for another reason.
    Refused,
    /// The file could not be written.
    File(io::ErrorKind),
}

impl SendError {
    /// Returns whether the text may have been sent, and charged, in spite of the error.
    pub const fn may_have_sent(self) -> bool {
        matches!(self, Self::TimedOut | Self::Unreachable)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected => f.write_str("texts to this number are not allowed"),
            Self::Unreachable => f.write_str("the SMS gateway cannot be reached"),
            Self::TimedOut => f.write_str("the SMS gateway took too long"),
            Self::Tls(fault) => write!(f, "the SMS gateway's connection cannot be secured by TLS: {fault}"),
            Self::Login => f.write_str("the SMS gateway refuses the login"),
            Self::Refused => f.write_str("the SMS gateway refuses the text"),
            Self::File(kind) => write!(f, "the text cannot be written to its file: {kind}"),
        }
    }
}

impl std::error::Error for SendError {}
