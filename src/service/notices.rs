//! Telling an address that it leads to somebody, or no longer does.
//!
//! A notice is queued in the transaction of the bind or unbind, so that none is lost and a slow mail server delays nobody. It is tried for
//! a day: later, it would be no news. An address is told when it begins to lead to a user, and not again while it does, whatever that user
//! binds anew (see [`bindings::bind`]); so the link in the last notice always works.
//!
//! **Budget.** Only who has proved an address causes notices to it, and each proof was a message that was paid for. But one proof lasts a day,
//! in which its user could bind and unbind without end. So notices have a bucket of their own for each address: a bind that finds it full is
//! refused, for none may go untold; an unbind is not, for a user can always leave, and is then not told. Strangers, who may cause other
//! messages to an address, cannot fill this one. A text costs money besides, so each is charged to its country and to the server's daily
//! ceiling as those with codes are, and waits in the outbox if these are full.
//!
//! The operator's erasure tells nobody: then nothing is held that could be told.

use ruma_common::UserId;

use super::Vouch;
use super::dispute_link::DisputeLink;
use super::outbox::{Delivery, Event, Notice, Outcome};
use crate::clock::Millis;
use crate::error::{Error, ErrorKind};
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::{BoundFacts, Remover, UnboundFacts, bound_email, unbound_email};
use crate::notify::sms;
use crate::notify::sms_texts::{bound_text, unbound_text};
use crate::store::bindings;
use crate::store::outbox::NewDelivery;
use crate::texts::Language;

impl Vouch {
    /// The notice that an address is bound, to be queued if it is; none if they are turned off.
    ///
    /// # Errors
    /// 429 if the address is told too much, and 503.
    pub(super) async fn bind_notice(
        &self,
        address: &Address,
        mxid: &UserId,
        at: Millis,
        language: Language,
    ) -> Result<Option<NewDelivery>, Error> {
        if !self.config.notices.enabled {
            return Ok(None);
        }
        // It is made in any case: what is bound now may be unbound before this bind.
        if !self.leads_to(address, mxid).await? {
            self.rate_limits.charge_notice(address).await?;
        }
        Ok(Some(self.notice(address, mxid, at, language, Event::Bound)))
    }

    /// The notice that an address is unbound, to be queued if it is; none if they are turned off or the address is told too much.
    ///
    /// # Errors
    /// 503
    pub(super) async fn unbind_notice(
        &self,
        address: &Address,
        mxid: &UserId,
        by: Remover,
        language: Language,
    ) -> Result<Option<NewDelivery>, Error> {
        if !self.config.notices.enabled {
            return Ok(None);
        }
        if self.leads_to(address, mxid).await? {
            match self.rate_limits.charge_notice(address).await {
                Err(error) if error.kind() == ErrorKind::LimitExceeded => return Ok(None),
                spent => spent?,
            }
        }
        Ok(Some(self.notice(address, mxid, self.clock.now(), language, Event::Unbound(by))))
    }

    async fn leads_to(&self, address: &Address, mxid: &UserId) -> Result<bool, Error> {
        let index = self.sealer.binding_index(address);
        let row = bindings::by_address(&mut self.store.read().await?, index.as_ref()).await?;
        Ok(row.is_some_and(|row| row.user_index == self.sealer.binding_user_index(mxid).as_ref()))
    }

    fn notice(&self, address: &Address, mxid: &UserId, at: Millis, language: Language, event: Event) -> NewDelivery {
        self.outbox.seal(&Delivery::Notice(Notice {
            address: address.clone(),
            mxid: mxid.to_owned(),
            at,
            language: self.texts.tag(language).to_owned(),
            event,
        }))
    }

    /// Tells the address.
    pub(super) async fn deliver_notice(&self, notice: &Notice) -> Outcome {
        if self.clock.now() - notice.at >= self.config.retention.notice() {
            return Outcome::Refused { last_error: "no news any more".to_owned() };
        }
        match notice.address.medium() {
            Medium::Email => self.mail_notice(notice).await,
            Medium::Msisdn => self.text_notice(notice).await,
        }
    }

    async fn mail_notice(&self, notice: &Notice) -> Outcome {
        let language = self.language_of(notice);
        let (mxid, homeserver) = (notice.mxid.as_str(), notice.mxid.server_name().as_str());
        let email = match notice.event {
            Event::Bound => {
                let undo = DisputeLink::of_binding(&self.sealer, &notice.address, &notice.mxid, notice.at)
                    .url(&self.links, language);
                let objecting = &self.links.manage_address(language);
                let facts = BoundFacts { mxid, homeserver, since: notice.at, undo: &undo, objecting };
                bound_email(self.messenger.words(language), facts)
            }
            Event::Unbound(by) => {
                unbound_email(self.messenger.words(language), UnboundFacts { mxid, homeserver, since: notice.at, by })
            }
        };
        let Ok(email) = email else { return later("no email") };
        match self.messenger.mailer.send(&notice.address, email).await {
            Ok(()) => Outcome::Delivered,
            // A recipient who is refused may be greylisted.
            Err(error) => later(&error),
        }
    }

    async fn text_notice(&self, notice: &Notice) -> Outcome {
        if let Err(error) = self.rate_limits.charge_text(&notice.address).await {
            let is_full = error.kind() == ErrorKind::LimitExceeded;
            return later(if is_full { "the budget of texts is full" } else { error.errcode() });
        }
        let (language, mxid) = (self.language_of(notice), notice.mxid.as_str());
        let text = match notice.event {
            Event::Bound => {
                let undo = DisputeLink::of_binding(&self.sealer, &notice.address, &notice.mxid, notice.at)
                    .url(&self.links, language);
                bound_text(self.messenger.words(language), mxid, &undo)
            }
            Event::Unbound(_) => unbound_text(self.messenger.words(language), mxid),
        };
        let Err(error) = self.messenger.sms_sender.send(&notice.address, &text).await else {
            return Outcome::Delivered;
        };
        if !error.may_have_sent() {
            self.rate_limits.refund_text(&notice.address);
        }
        match error {
            sms::SendError::Rejected => Outcome::Refused { last_error: error.to_string() },
            error => later(&error),
        }
    }

    /// The operator may have removed a language meanwhile.
    fn language_of(&self, notice: &Notice) -> Language {
        self.texts.nearest(&notice.language).unwrap_or(self.texts.default_language())
    }
}

fn later(error: &(impl ToString + ?Sized)) -> Outcome {
    Outcome::Later { last_error: error.to_string(), retry_after: None }
}
