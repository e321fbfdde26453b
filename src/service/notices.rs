//! Notices: telling an address that it was bound or unbound.
//!
//! A notice is queued in the transaction of the bind or unbind, so that none is lost and a slow
//! mail server delays nobody. It is retried for a day, after which it would be of little use. An
//! address is notified when it is bound to a user, and not again while it stays bound to that user,
//! however often they bind it (see [`crate::store::bindings::bind`]), so the link in the last
//! notice always works.
//!
//! # Rate limits
//!
//! Only somebody who has proved an address causes notices to it, and each proof took a message that
//! was charged. But one proof lasts a day, in which its user could bind and unbind without end. So
//! each address has a separate rate limit for notices. A bind that exceeds it is refused; an unbind
//! is not charged, since the bind before it was. Messages that strangers can cause are not charged
//! to this limit, so they cannot exhaust it. A text costs money, so it is also charged to the user,
//! to its country and to the server's daily limit, like texts with codes, and waits in the outbox
//! while these are exceeded. Texts caused by users leave free what is kept for others; only texts
//! about an erasure need not.
//!
//! The operator's erasure sends no notices. Notices that protect somebody are in [`alerts`].

mod alerts;

use std::sync::Arc;

use ruma_common::UserId;
use url::Url;

use self::alerts::alert;
pub(super) use self::alerts::trusted;
use super::dispute_link::DisputeLink;
use super::links::PublicLinks;
use super::messenger::Messenger;
use super::outbox::{Delivery, Event, Notice, Outcome};
use super::sealing::Sealer;
use super::standing::SETTLED;
use super::{Outbox, RateLimits};
use crate::clock::{Clock, Millis};
use crate::error::{Error, ErrorKind};
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::{AlertFacts, BoundFacts, Remover, UnboundFacts, alert_email, bound_email, unbound_email};
use crate::notify::sms;
use crate::notify::sms_texts::{alert_text, bound_text, unbound_text};
use crate::store::Conn;
use crate::store::outbox::NewDelivery;
use crate::texts::Language;

/// Prepares notices, and sends them.
pub(super) struct Notices {
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) links: Arc<PublicLinks>,
    pub(super) messenger: Arc<Messenger>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) outbox: Arc<Outbox>,
    /// True if any are sent.
    pub(super) enabled: bool,
    /// The time for which they are retried.
    pub(super) lifetime: Millis,
}

impl Notices {
    /// Returns the notice that an address was bound, to be queued and [charged](Self::charge_bind) if
    /// that changes anything; `None` if the address is not told.
    pub(super) fn of_bind(
        &self,
        address: &Address,
        mxid: &UserId,
        at: Millis,
        language: Language,
    ) -> Option<NewDelivery> {
        self.enabled.then(|| self.seal(address, mxid, at, language, Event::Bound))
    }

    /// Charges what an address is told about a bind, in the transaction that binds it. If it moves
    /// from one user to another, it is always told.
    ///
    /// # Errors
    /// 429 if the address has had too many notices, and 503.
    pub(super) async fn charge_bind(&self, conn: &mut Conn, address: &Address, moves: bool) -> Result<(), Error> {
        if self.enabled || moves { self.rate_limits.charge_notice(conn, address).await } else { Ok(()) }
    }

    /// Returns the message that an address was unbound, to be queued if that changes anything;
    /// `None` if the address is not told. It is not charged, since it happens only once for each
    /// time that the address was bound.
    pub(super) fn of_unbind(
        &self,
        address: &Address,
        mxid: &UserId,
        by: Remover,
        language: Language,
    ) -> Option<NewDelivery> {
        let event = Event::Unbound(by);
        (self.enabled || event.is_alert()).then(|| self.seal(address, mxid, self.clock.now(), language, event))
    }

    /// Returns the alert to an address that a user objects on its behalf.
    pub(super) fn of_objection(&self, address: &Address, mxid: &UserId, language: Language) -> NewDelivery {
        self.seal(address, mxid, self.clock.now(), language, Event::Objected)
    }

    fn seal(&self, address: &Address, mxid: &UserId, at: Millis, language: Language, event: Event) -> NewDelivery {
        self.outbox.seal(&Delivery::Notice(Notice {
            address: address.clone(),
            mxid: mxid.to_owned(),
            at,
            language: language.tag().to_owned(),
            event,
        }))
    }

    /// Sends a notice.
    pub(super) async fn send(&self, notice: &Notice) -> Outcome {
        let lifetime = if notice.event.is_alert() { SETTLED } else { self.lifetime };
        // It is dropped permanently, so time that may turn out to be wrong does not count.
        if self.clock.settled() - notice.at >= lifetime {
            return Outcome::Refused { last_error: "too old to be useful".to_owned() };
        }
        match notice.address.medium() {
            Medium::Email => self.mail(notice).await,
            Medium::Msisdn => self.text(notice).await,
        }
    }

    async fn mail(&self, notice: &Notice) -> Outcome {
        let language = self.language_of(notice);
        let (mxid, homeserver) = (notice.mxid.as_str(), notice.mxid.server_name().as_str());
        let email = self.messenger.write(language, |words| match notice.event {
            Event::Bound => {
                let (undo, objecting) = (&self.undo_link(notice, language), &self.links.manage_address(language));
                bound_email(words, BoundFacts { mxid, homeserver, since: notice.at, undo, objecting })
            }
            Event::Unbound(by) => {
                let own_page = &self.links.to("you");
                unbound_email(words, UnboundFacts { mxid, homeserver, since: notice.at, by, own_page })
            }
            event => {
                let link = self.alert_link(notice, language);
                let what = alert(event, link.as_ref());
                alert_email(
                    words,
                    AlertFacts { mxid, homeserver, at: notice.at, what, own_page: &self.links.to("you") },
                )
            }
        });
        let Ok(email) = email else { return Outcome::later("the email cannot be written") };
        let sent = if notice.event.is_alert() {
            self.messenger.mail_on_own_data(&notice.address, email, language).await
        } else {
            self.messenger.mail(&notice.address, email, language).await
        };
        match sent {
            Ok(()) => Outcome::Delivered,
            Err(error) if error.is_final() && !notice.event.is_alert() => {
                Outcome::Refused { last_error: error.to_string() }
            }
            // The server may reject a recipient only temporarily (greylisting), and the operator
            // may correct a setting.
            Err(error) => Outcome::later(&error),
        }
    }

    async fn text(&self, notice: &Notice) -> Outcome {
        let (limits, to) = (&self.rate_limits, &notice.address);
        let charged = if notice.event.is_about_erasure() {
            limits.charge_erasure_text(&notice.mxid, to).await
        } else {
            limits.charge_notice_text(&notice.mxid, to).await
        };
        let charged = match charged {
            Ok(charged) => charged,
            Err(error) if error.kind() == ErrorKind::LimitExceeded => {
                return Outcome::later("the budget for texts is used up");
            }
            Err(error) => return Outcome::later(&error),
        };
        let language = self.language_of(notice);
        let mxid = notice.mxid.as_str();
        let text = self.messenger.write(language, |words| match notice.event {
            Event::Bound => bound_text(words, mxid, &self.undo_link(notice, language)),
            Event::Unbound(_) => unbound_text(words, mxid),
            event => alert_text(words, mxid, alert(event, self.alert_link(notice, language).as_ref())),
        });
        let Err(error) = self.messenger.sms_sender.send(to, &text).await else {
            return Outcome::Delivered;
        };
        if !error.may_have_sent()
            && let Err(error) = limits.refund_charged(charged).await
        {
            log::warn!("the charge for a text that was not sent could not be refunded: {error}");
        }
        match error {
            sms::SendError::Rejected if !notice.event.is_alert() => Outcome::Refused { last_error: error.to_string() },
            error => Outcome::later(&error),
        }
    }

    fn undo_link(&self, notice: &Notice, language: Language) -> Url {
        DisputeLink::of_binding(&self.sealer, &notice.address, &notice.mxid, notice.at).url(&self.links, language)
    }

    /// Returns the language with this tag, or the default one.
    pub(super) fn language(&self, tag: &str) -> Language {
        self.messenger.language(tag)
    }

    pub(super) fn default_language(&self) -> Language {
        self.messenger.default_language()
    }

    /// Returns the language to write in: the operator may have removed that of the notice.
    fn language_of(&self, notice: &Notice) -> Language {
        self.language(&notice.language)
    }
}
