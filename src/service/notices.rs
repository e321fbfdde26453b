//! Notices: telling an address that it was bound or unbound.
//!
//! A notice is queued in the transaction of the bind or unbind, so that none is lost and a slow
//! mail server delays nobody. It is retried for a day: later, it would be of little use. An address
//! is notified when it is bound to a user, and not again while it stays bound to that user, however
//! often they bind it (see [`bindings::bind`]); so the link in the last notice always works.
//!
//! # Rate limits
//!
//! Only someone who has proved an address causes notices to it, and each proof took a message that
//! was charged. But one proof lasts a day, in which its user could bind and unbind without end. So
//! each address has a rate limit of its own for notices. A bind that exceeds it is refused, because
//! every bind must be notified; an unbind is not, because a user can always leave, and is then not
//! notified. The messages that strangers can cause are not charged to this limit, so they cannot
//! exhaust it. A text costs money, so it is also charged to the user, to its country and to the server's
//! daily limit, as texts with codes are, and waits in the outbox while these are exceeded. What users
//! cause leaves free what is kept for others; only texts about an erasure need not.
//!
//! # Alerts
//!
//! A user's addresses are also told what somebody does with the user's data who need not be them:
//! see [`standing`](super::standing). These alerts are sent whether or not notices are enabled. What
//! an address has confirmed is told once a day, for each that confirms. An address that is added is
//! always told: as with notices, a bind that exceeds the rate limit of that is refused. One that is removed is told too, and so
//! is the removed address itself, unless its reader has asked for that. They are retried for as long as an
//! erasure waits, also if they are refused for good: a mailbox that is full today takes them tomorrow.
//! An erasure does not delete them. If none arrives, it happens all the same, or nobody whose
//! addresses are gone could leave; the operator reads of it in the log.
//!
//! Not everybody who is told can undo it: see [`trusted`].
//!
//! The operator's erasure sends no notices.

use std::sync::Arc;

use ruma_common::UserId;
use url::Url;

use super::address_data::Objector;
use super::dispute_link::DisputeLink;
use super::erasure_link::ErasureLink;
use super::links::PublicLinks;
use super::messenger::Messenger;
use super::outbox::{Delivery, Event, Notice, Outcome};
use super::sealing::Sealer;
use super::standing::SETTLED;
use super::{Outbox, RateLimits};
use crate::clock::{Clock, Millis};
use crate::error::{Error, ErrorKind};
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::{
    Alert, AlertFacts, BoundFacts, Remover, UnboundFacts, alert_email, bound_email, unbound_email,
};
use crate::notify::sms;
use crate::notify::sms_texts::{alert_text, bound_text, unbound_text};
use crate::store::bindings::{self, Binding};
use crate::store::outbox::NewDelivery;
use crate::store::{Conn, Store, accounts, erasures, outbox};
use crate::texts::Language;

/// Prepares notices, and sends them.
pub(super) struct Notices {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) links: Arc<PublicLinks>,
    pub(super) messenger: Arc<Messenger>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) outbox: Arc<Outbox>,
    /// Whether any are sent.
    pub(super) enabled: bool,
    /// How long they are retried.
    pub(super) lifetime: Millis,
}

/// A notice to be queued if its bind or unbind changes anything.
#[derive(Default)]
pub(super) struct Prepared {
    /// `None` if the address is not to be notified.
    pub delivery: Option<NewDelivery>,
    /// Whether the address was charged.
    is_charged: bool,
}

impl Notices {
    /// Prepares the notice that an address is bound. [Settle](Self::settle) it after the
    /// transaction.
    ///
    /// # Errors
    /// 429 if the address has had too many notices, and 503.
    pub(super) async fn of_bind(
        &self,
        address: &Address,
        mxid: &UserId,
        at: Millis,
        language: Language,
    ) -> Result<Prepared, Error> {
        let (index, user) = (self.sealer.binding_index(address), self.sealer.binding_user_index(mxid));
        let bound = bindings::by_address(&mut self.store.read().await?, index.as_ref()).await?;
        // If it moves here from another user, it is told of that in any case.
        let is_charged = bound.map_or(self.enabled, |bound| bound.user_index != user.as_ref());
        if is_charged {
            self.rate_limits.charge_notice(address).await?;
        }
        // Prepared even if it is bound already: it may be unbound before this bind.
        let delivery = self.enabled.then(|| self.seal(address, mxid, at, language, Event::Bound));
        Ok(Prepared { delivery, is_charged })
    }

    /// Prepares the notice that an address is unbound. [Settle](Self::settle) it after the
    /// transaction.
    ///
    /// # Errors
    /// 503
    pub(super) async fn of_unbind(
        &self,
        address: &Address,
        mxid: &UserId,
        by: Remover,
        language: Language,
    ) -> Result<Prepared, Error> {
        let event = Event::Unbound(by);
        if !self.enabled && !event.is_alert() {
            return Ok(Prepared::default());
        }
        let is_charged = self.is_bound_to(address, mxid).await?;
        if is_charged {
            match self.rate_limits.charge_notice(address).await {
                Err(error) if error.kind() == ErrorKind::LimitExceeded => return Ok(Prepared::default()),
                charged => charged?,
            }
        }
        let delivery = self.seal(address, mxid, self.clock.now(), language, event);
        Ok(Prepared { delivery: Some(delivery), is_charged })
    }

    /// Returns the notice that an address is removed on behalf of another one. It is not charged: that
    /// happens once for each time that the address was bound.
    pub(super) fn of_removal(&self, address: &Address, mxid: &UserId, language: Language) -> Option<NewDelivery> {
        let event = Event::Unbound(Remover::User);
        self.enabled.then(|| self.seal(address, mxid, self.clock.now(), language, event))
    }

    /// Refunds a notice that was charged but not queued.
    pub(super) fn settle(&self, address: &Address, notice: &Prepared, is_queued: bool) {
        if notice.is_charged && !is_queued {
            self.rate_limits.refund_notice(address);
        }
    }

    /// Returns the alerts that tell bound addresses what was done with the data of their user, to be
    /// queued in the transaction that does it. `event` takes the binding of the address that is told.
    pub(super) fn alerts(
        &self,
        event: impl Fn(&Binding) -> Event,
        mxid: &UserId,
        at: Millis,
        to: &[Binding],
        language: Language,
    ) -> Result<Vec<NewDelivery>, Error> {
        let alert = |row: &Binding| {
            let address = self.sealer.open_bound_address(&row.address_index, &row.address)?;
            Ok(self.seal(&address, mxid, at, language, event(row)))
        };
        to.iter().map(alert).collect()
    }

    /// Returns the alerts that tell the other addresses of a user that one was added, and the new one
    /// that an erasure is requested.
    pub(super) async fn of_addition(
        &self,
        conn: &mut Conn,
        address: &Address,
        added: Binding,
        mxid: &UserId,
        language: Language,
    ) -> Result<Vec<NewDelivery>, Error> {
        let mut others = bindings::of_user(conn, &added.user_index).await?;
        others.retain(|other| other.address_index != added.address_index);
        let new = self.sealer.binding_index(address).0;
        let can_undo = trusted(&others, added.bound_at);
        let event = |row: &Binding| Event::Added { added: new, can_undo: can_undo(row) };
        let mut alerts = self.alerts(event, mxid, added.bound_at, &others, language)?;
        if let Some(erasure) = erasures::of_user(conn, self.sealer.erasure_index(mxid).as_ref()).await? {
            // Whoever holds a token could bind an address to stop it.
            let event = |_: &Binding| Event::Erasing { due_at: erasure.due_at, can_stop: false };
            alerts.extend(self.alerts(event, mxid, erasure.requested_at, &[added], language)?);
        }
        Ok(alerts)
    }

    /// Notes that a user has lost an address, so that for three days they are not taken for somebody
    /// who has none, and returns the alerts that tell their other addresses. Call it after the
    /// removal. No limit can keep them back: what is removed was added before, which is limited.
    pub(super) async fn of_loss(
        &self,
        conn: &mut Conn,
        mxid: &UserId,
        language: Language,
    ) -> Result<Vec<NewDelivery>, Error> {
        let now = self.clock.now();
        accounts::note_unbound(conn, self.sealer.account_index(mxid).as_ref(), now).await?;
        let others = bindings::of_user(conn, self.sealer.binding_user_index(mxid).as_ref()).await?;
        self.alerts(|_| Event::Removed, mxid, now, &others, language)
    }

    /// Queues the alerts about a binding that was deleted with what else is stored about its address,
    /// and returns its id.
    pub(super) async fn queue_loss(
        &self,
        conn: &mut Conn,
        unbound: Option<(i64, Binding)>,
        by: Objector,
        language: Language,
    ) -> Result<Option<i64>, Error> {
        let Some((id, row)) = unbound else { return Ok(None) };
        if by != Objector::Operator {
            let mxid = self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
            let mut alerts = self.of_loss(conn, &mxid, language).await?;
            if by == Objector::Session {
                let event = |_: &Binding| Event::Unbound(Remover::Owner);
                alerts.extend(self.alerts(event, &mxid, self.clock.now(), &[row], language)?);
            }
            outbox::queue_all(conn, alerts).await?;
        }
        Ok(Some(id))
    }

    /// Returns the alerts about a binding that was replaced by one to another user.
    pub(super) async fn of_move(
        &self,
        conn: &mut Conn,
        previous: Binding,
        language: Language,
    ) -> Result<Vec<NewDelivery>, Error> {
        let mxid = self.sealer.open_bound_mxid(&previous.address_index, &previous.mxid)?;
        let mut alerts = self.of_loss(conn, &mxid, language).await?;
        let event = |_: &Binding| Event::Unbound(Remover::Another);
        alerts.extend(self.alerts(event, &mxid, self.clock.now(), &[previous], language)?);
        Ok(alerts)
    }

    async fn is_bound_to(&self, address: &Address, mxid: &UserId) -> Result<bool, Error> {
        let (address, user) = (self.sealer.binding_index(address), self.sealer.binding_user_index(mxid));
        Ok(bindings::is_bound(&mut self.store.read().await?, address.as_ref(), user.as_ref()).await?)
    }

    fn seal(&self, address: &Address, mxid: &UserId, at: Millis, language: Language, event: Event) -> NewDelivery {
        self.outbox.seal(&Delivery::Notice(Notice {
            address: address.clone(),
            mxid: mxid.to_owned(),
            at,
            language: self.messenger.texts.tag(language).to_owned(),
            event,
        }))
    }

    /// Sends a notice.
    pub(super) async fn send(&self, notice: &Notice) -> Outcome {
        let lifetime = if notice.event.is_alert() { SETTLED } else { self.lifetime };
        // It is dropped for good, so time that may turn out to be wrong does not count.
        if self.clock.settled() - notice.at >= lifetime {
            return Outcome::Refused { last_error: "too old to be of use".to_owned() };
        }
        match notice.address.medium() {
            Medium::Email => self.mail(notice).await,
            Medium::Msisdn => self.text(notice).await,
        }
    }

    async fn mail(&self, notice: &Notice) -> Outcome {
        let language = self.language_of(notice);
        let words = self.messenger.words(language);
        let (mxid, homeserver) = (notice.mxid.as_str(), notice.mxid.server_name().as_str());
        let email = match notice.event {
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
        };
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
            // The server may reject a recipient for now only (greylisting), and the operator may
            // correct a setting.
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
        let (words, mxid) = (self.messenger.words(language), notice.mxid.as_str());
        let text = match notice.event {
            Event::Bound => bound_text(words, mxid, &self.undo_link(notice, language)),
            Event::Unbound(_) => unbound_text(words, mxid),
            event => alert_text(words, mxid, alert(event, self.alert_link(notice, language).as_ref())),
        };
        let Err(error) = self.messenger.sms_sender.send(to, &text).await else {
            return Outcome::Delivered;
        };
        if !error.may_have_sent()
            && let Err(error) = limits.refund_charged(charged).await
        {
            log::warn!("a text that was not sent stays charged: {error}");
        }
        match error {
            sms::SendError::Rejected if !notice.event.is_alert() => Outcome::Refused { last_error: error.to_string() },
            error => Outcome::later(&error),
        }
    }

    fn undo_link(&self, notice: &Notice, language: Language) -> Url {
        DisputeLink::of_binding(&self.sealer, &notice.address, &notice.mxid, notice.at).url(&self.links, language)
    }

    /// Returns the link that undoes what an alert tells of, if that can be undone.
    fn alert_link(&self, notice: &Notice, language: Language) -> Option<Url> {
        let user_index = self.sealer.binding_user_index(&notice.mxid).0;
        let reader = self.sealer.binding_index(&notice.address).0;
        match notice.event {
            Event::Erasing { can_stop: true, .. } => {
                Some(ErasureLink { user_index, reader, requested_at: notice.at }.url(&self.links, language))
            }
            Event::Added { added, can_undo: true } => {
                let link = DisputeLink::Addition { user_index, reader, added, added_at: notice.at };
                Some(link.url(&self.links, language))
            }
            _ => None,
        }
    }

    /// Returns the language with this tag, or the default one.
    pub(super) fn language(&self, tag: &str) -> Language {
        self.messenger.texts.nearest(tag).unwrap_or(self.default_language())
    }

    /// Returns the tag of a language.
    pub(super) fn tag(&self, language: Language) -> String {
        self.messenger.texts.tag(language).to_owned()
    }

    pub(super) fn default_language(&self) -> Language {
        self.messenger.texts.default_language()
    }

    /// Returns the language to write in: the operator may have removed that of the notice.
    fn language_of(&self, notice: &Notice) -> Language {
        self.language(&notice.language)
    }
}

/// Returns which of a user's addresses can undo what is done at this time: those that have settled
/// or, if none has, the oldest. Others may have been bound only to undo what the user does.
pub(super) fn trusted(rows: &[Binding], at: Millis) -> impl Fn(&Binding) -> bool {
    let is_settled = move |row: &Binding| at - row.bound_at >= SETTLED;
    let oldest = rows.iter().min_by_key(|row| row.bound_at).map(|row| row.address_index.clone());
    move |row| is_settled(row) || oldest.as_ref() == Some(&row.address_index)
}

/// Returns what an alert tells, with the link in it.
const fn alert(event: Event, link: Option<&Url>) -> Alert<'_> {
    match (event, link) {
        (Event::Removed, _) => Alert::Removed,
        (Event::Exported, _) => Alert::Exported,
        (Event::Erased, _) => Alert::Erased,
        (Event::Erasing { due_at, .. }, stop) => Alert::Erasing { due_at, stop },
        (Event::Added { .. }, undo) => Alert::Added { undo },
        _ => Alert::Opened,
    }
}
