//! Emails with a link. Opening it proves that the email was read.

use url::Url;

use super::{Asker, TokenRequest, Unsent, Validation};
use crate::error::Error;
use crate::notify::emails::{ValidationFacts, validation_email};
use crate::service::dispute_link::DisputeLink;
use crate::service::messenger::unsent;

impl Validation {
    /// Sends the email of a session.
    pub(super) async fn send_link(
        &self,
        asker: Asker<'_>,
        sid: &str,
        request: &TokenRequest,
        is_wanted: bool,
    ) -> Result<(), Unsent> {
        // Homeservers can only have phone numbers validated.
        let Asker::User(caller) = asker else { return Err(Error::email_not_sent().into()) };
        let facts = ValidationFacts {
            mxid: caller.mxid.as_str(),
            homeserver: caller.mxid.server_name().as_str(),
            link: &self.validation_link(sid, request),
            lifetime: self.lifetime,
            cancel: &DisputeLink::Session(sid.to_owned()).url(&self.links, request.language),
            objecting: &self.links.manage_address(request.language),
        };
        let email = self
            .messenger
            .write(request.language, |words| validation_email(words, facts))
            .map_err(|_| Error::internal())?;
        let sent = self.messenger.mail_if(is_wanted, &request.address, email, request.language).await;
        sent.map_err(|error| {
            log::warn!("a validation email could not be sent: {error}");
            unsent(&error).into()
        })
    }

    /// Returns the link in the email; `lang` opens its page in the language of the email.
    fn validation_link(&self, sid: &str, request: &TokenRequest) -> Url {
        let mut link = self.links.to("_matrix/identity/v2/validate/email/submitToken");
        link.query_pairs_mut()
            .append_pair("token", &self.sealer.validation_token(sid))
            .append_pair("client_secret", request.client_secret.as_str())
            .append_pair("sid", sid)
            .append_pair("lang", request.language.tag());
        link
    }
}
