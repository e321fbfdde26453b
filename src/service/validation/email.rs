//! A mail with a link: whoever opens it has read it.

use url::Url;

use super::{Asker, TokenRequest, Unsent};
use crate::clock::{Millis, SECOND};
use crate::config::MailTransport;
use crate::error::Error;
use crate::notify::emails::{ValidationFacts, validation_email};
use crate::service::Vouch;
use crate::service::dispute_link::DisputeLink;

impl Vouch {
    /// Sends the mail of a session.
    pub(super) async fn send_link(&self, asker: Asker<'_>, sid: &str, request: &TokenRequest) -> Result<(), Unsent> {
        // Homeservers have phone numbers checked and nothing else.
        let Asker::User(caller) = asker else { return Err(Error::email_not_sent().into()) };
        let facts = ValidationFacts {
            mxid: caller.mxid.as_str(),
            homeserver: caller.mxid.server_name().as_str(),
            link: &self.validation_link(sid, request),
            lifetime: self.config.retention.validation_session,
            cancel: &DisputeLink::Session(sid.to_owned()).url(&self.links, request.language),
            objecting: &self.links.manage_address(request.language),
        };
        let email = validation_email(self.messenger.words(request.language), facts).map_err(|_| Error::internal())?;
        self.messenger.mailer.send(&request.address, email).await.map_err(|error| {
            log::warn!("a validation mail was not sent: {error}");
            Error::email_not_sent().into()
        })
    }

    /// The link in the mail; `lang` is for the page it leads to, which is then in the language of the mail.
    fn validation_link(&self, sid: &str, request: &TokenRequest) -> Url {
        let mut link = self.links.to("_matrix/identity/v2/validate/email/submitToken");
        link.query_pairs_mut()
            .append_pair("token", &self.sealer.validation_token(sid))
            .append_pair("client_secret", request.client_secret.as_str())
            .append_pair("sid", sid)
            .append_pair("lang", self.texts.tag(request.language));
        link
    }

    pub(super) fn mail_patience(&self) -> Millis {
        match &self.config.mail.transport {
            MailTransport::Smtp(smtp) => Millis::try_from(smtp.timeout.as_millis()).unwrap_or(Millis::MAX / 4),
            MailTransport::Directory(_) => SECOND,
        }
    }
}
