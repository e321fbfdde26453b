//! Sending emails and text messages to people.

use std::sync::Arc;

use ruma_common::OwnedServerName;

use super::address_link::Purpose;
use super::links::PublicLinks;
use crate::clock::Clock;
use crate::content::Published;
use crate::error::Error;
use crate::identity::threepid::{Address, Medium};
use crate::notify::Words;
use crate::notify::mail::{Email, Headers, Mailer, SendError};
use crate::notify::sms::{self, SmsSender};
use crate::texts::Language;

/// Writes messages on behalf of this server, and sends them.
pub(super) struct Messenger {
    pub(super) content: Arc<Published>,
    pub(super) sms_sender: SmsSender,
    pub(super) mailer: Mailer,
    pub(super) links: Arc<PublicLinks>,
    pub(super) clock: Clock,
    pub(super) server_name: OwnedServerName,
}

impl Messenger {
    /// Sends an email, with a link by which its reader can object to all of them.
    pub(super) async fn mail(&self, to: &Address, email: Email, language: Language) -> Result<(), SendError> {
        self.mailer.send(to, self.with_headers(to, email, language)).await
    }

    /// Works like [`Self::mail`], but without that link: these emails protect their reader, and an
    /// objection would unbind the address and invalidate the links in them.
    pub(super) async fn mail_on_own_data(
        &self,
        to: &Address,
        email: Email,
        language: Language,
    ) -> Result<(), SendError> {
        let headers = Headers { language: language.tag().to_owned(), unsubscribe: None };
        self.mailer.send(to, Email { headers: Some(headers), ..email }).await
    }

    /// Works like [`Self::mail`] if its reader wants it; otherwise it only takes as long as if the
    /// mail server refused the address.
    pub(super) async fn mail_if(
        &self,
        is_wanted: bool,
        to: &Address,
        email: Email,
        language: Language,
    ) -> Result<(), SendError> {
        if is_wanted {
            self.mail(to, email, language).await
        } else {
            self.mailer.withhold(to, self.with_headers(to, email, language)).await
        }
    }

    fn with_headers(&self, to: &Address, email: Email, language: Language) -> Email {
        let unsubscribe = self.links.of_address(Purpose::Object, to, self.clock.now(), language);
        let headers = Headers { language: language.tag().to_owned(), unsubscribe: Some(unsubscribe) };
        Email { headers: Some(headers), ..email }
    }

    /// Sends a text if its reader wants it; otherwise it only takes as long as if the gateway
    /// refused it.
    pub(super) async fn text_if(&self, is_wanted: bool, to: &Address, text: &str) -> Result<(), sms::SendError> {
        if is_wanted { self.sms_sender.send(to, text).await } else { self.sms_sender.withhold(to).await }
    }

    /// Checks that messages can be sent to an address.
    ///
    /// # Errors
    /// 400 `M_DESTINATION_REJECTED` for a number in a country to which no texts are sent.
    pub(super) fn check_reach(&self, to: &Address) -> Result<(), Error> {
        let is_reached = to.medium() == Medium::Email || self.sms_sender.reaches(to);
        if is_reached { Ok(()) } else { Err(Error::destination_rejected()) }
    }

    /// Writes a message in one language.
    pub(super) fn write<T>(&self, language: Language, message: impl FnOnce(Words<'_>) -> T) -> T {
        let content = self.content.load();
        message(Words { brand: &content.brand, texts: &content.texts, language, server: self.server_name.as_str() })
    }

    /// Returns the language with this tag or the one nearest to it, or else the default one.
    pub(super) fn language(&self, tag: &str) -> Language {
        let content = self.content.load();
        content.texts.nearest(tag).unwrap_or(content.texts.default_language())
    }

    /// Returns the language for readers whose language is not known.
    pub(super) fn default_language(&self) -> Language {
        self.content.load().texts.default_language()
    }
}

/// Returns the answer to a request whose email was not sent. It suggests trying again only after a
/// failure that may be temporary.
pub(super) fn unsent(error: &SendError) -> Error {
    match error {
        SendError::NoSmtpUtf8 => Error::email_not_supported(),
        error if error.refuses_email() => Error::email_refused(),
        error if error.needs_operator() => Error::mail_out_of_order(),
        _ => Error::email_not_sent(),
    }
}
