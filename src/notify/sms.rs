//! Sending texts to phones.

use std::fmt;
use std::io;
use std::time::Duration;

use super::StartError;
use super::directory::Directory;
use crate::clock::Clock;
use crate::config;
use crate::identity::threepid::{Address, Medium};

/// Sends text messages: through the gateway that the rules of `[sms]` choose for a number, or to files where no gateway
/// is configured.
pub struct Texter {
    directory: Directory,
    timeout: Duration,
}

impl Texter {
    /// Reads the certificates, if any are configured. No gateway is contacted: it may be away when the server starts.
    ///
    /// # Errors
    /// [`StartError`], which names the setting.
    #[expect(clippy::unnecessary_wraps, reason = "gateways have files that may be absent")]
    pub fn new(sms: &config::Sms, clock: Clock) -> Result<Self, StartError> {
        let directory = Directory::new("sms.directory", &sms.directory, "txt", clock);
        Ok(Self { directory, timeout: sms.timeout })
    }

    /// Makes the directory, if texts go to one.
    ///
    /// # Errors
    /// [`StartError`], which names the setting and the directory.
    pub fn make_directory(&self) -> Result<(), StartError> {
        self.directory.make()
    }

    /// Whether the operator lets messages go to this number's country. Nothing goes to what is no phone number.
    #[must_use]
    pub fn reaches(&self, to: &Address) -> bool {
        to.medium() == Medium::Msisdn
    }

    /// How long sending one may take at most.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.timeout
    }

    /// Sends one text to one number.
    ///
    /// # Errors
    /// [`SendError`]. The text was not accepted by anybody, except that after [`SendError::TimedOut`] and
    /// [`SendError::Unreachable`] it may have been, if the gateway's answer was lost.
    pub async fn send(&self, to: &Address, text: &str) -> Result<(), SendError> {
        if !self.reaches(to) {
            return Err(SendError::Rejected);
        }
        let file = format!("To: +{}\n\n{text}\n", to.as_str());
        self.directory.write(file).await.map_err(|error| SendError::File(error.kind()))
    }
}

/// Why a text was not sent: coarse, because it is logged, and neither a number nor the gateway's words may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The operator or the gateway does not serve this number or its country.
    Rejected,
    /// There is no connection to the gateway, or it broke off.
    Unreachable,
    /// `sms.timeout` has passed.
    TimedOut,
    /// The gateway cannot prove its name.
    Tls,
    /// The gateway does not take the credentials.
    Login,
    /// The gateway refuses the text for another reason.
    Refused,
    /// The file cannot be written.
    File(io::ErrorKind),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected => f.write_str("texts to this number are not served"),
            Self::Unreachable => f.write_str("the SMS gateway cannot be reached"),
            Self::TimedOut => f.write_str("the SMS gateway took too long"),
            Self::Tls => f.write_str("the connection to the SMS gateway cannot be secured"),
            Self::Login => f.write_str("the SMS gateway refuses the login"),
            Self::Refused => f.write_str("the SMS gateway refuses the text"),
            Self::File(kind) => write!(f, "the text cannot be written to its file: {kind}"),
        }
    }
}

impl std::error::Error for SendError {}
