//! Emails and text messages to people.

use std::sync::Arc;

use ruma_common::OwnedServerName;

use crate::brand::Brand;
use crate::error::Error;
use crate::identity::threepid::{Address, Medium};
use crate::notify::Words;
use crate::notify::mail::{Mailer, SendError};
use crate::notify::sms::SmsSender;
use crate::texts::{Language, Texts};

/// Writes messages in this server's name, and sends them.
pub(super) struct Messenger {
    pub(super) texts: Arc<Texts>,
    pub(super) mailer: Mailer,
    pub(super) sms_sender: SmsSender,
    brand: Arc<Brand>,
    server_name: OwnedServerName,
}

impl Messenger {
    pub(super) const fn new(
        server_name: OwnedServerName,
        brand: Arc<Brand>,
        texts: Arc<Texts>,
        mailer: Mailer,
        sms_sender: SmsSender,
    ) -> Self {
        Self { texts, mailer, sms_sender, brand, server_name }
    }

    /// Checks that messages can be sent to an address.
    ///
    /// # Errors
    /// 400 `M_DESTINATION_REJECTED` for a number in a country to which no texts are sent.
    pub(super) fn check_reach(&self, to: &Address) -> Result<(), Error> {
        let is_reached = to.medium() == Medium::Email || self.sms_sender.reaches(to);
        if is_reached { Ok(()) } else { Err(Error::destination_rejected()) }
    }

    /// Returns what the templates of messages need in one language.
    pub(super) fn words(&self, language: Language) -> Words<'_> {
        Words { brand: &self.brand, texts: &self.texts, language, server: self.server_name.as_str() }
    }
}

/// Returns the answer to a request whose email was not sent. Only a failure that may pass asks to try again.
pub(super) fn unsent(error: &SendError) -> Error {
    match error {
        SendError::NoSmtpUtf8 => Error::email_not_supported(),
        error if error.refuses_email() => Error::email_refused(),
        error if error.needs_operator() => Error::mail_out_of_order(),
        _ => Error::email_not_sent(),
    }
}
