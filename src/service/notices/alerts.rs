//! Alerts: telling a user's addresses about actions on the user's data that may not be the user's
//! own; see [`standing`](crate::service::standing).
//!
//! Alerts are sent whether or not notices are enabled. Actions confirmed by an address are reported
//! once a day for each address that confirms. An address that is added is always reported: as with
//! notices, a bind that exceeds the rate limit for additions is refused. A removed address is
//! notified too, unless its reader removed it with a link of the last hour. The others are also
//! notified, unless the user, who has confirmed one of them, removed it.
//!
//! Alerts are retried for as long as an erasure waits, even after a permanent refusal: a mailbox
//! that is full today may accept them tomorrow. An erasure does not delete them. If none arrives,
//! the erasure still happens, since otherwise nobody whose addresses are gone could leave; the
//! operator finds it in the log.
//!
//! Not every address that is told can undo the action: see [`trusted`].

use ruma_common::UserId;
use url::Url;

use super::Notices;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::notify::emails::{Alert, Remover};
use crate::service::address_data::Objector;
use crate::service::dispute_link::DisputeLink;
use crate::service::erasure_link::ErasureLink;
use crate::service::outbox::{Event, Notice};
use crate::service::standing::SETTLED;
use crate::store::bindings::{self, Binding};
use crate::store::outbox::NewDelivery;
use crate::store::{Conn, accounts, outbox};
use crate::texts::Language;

impl Notices {
    /// Returns the alerts that tell bound addresses about an action on the data of their user, to
    /// be queued in the transaction of the action. `event` takes the binding of the address that is
    /// told.
    pub(in crate::service) fn alerts(
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

    /// Returns the alerts that tell the other addresses of a user that one was added, and the new
    /// one that an erasure has been requested.
    pub(in crate::service) fn of_addition(
        &self,
        address: &Address,
        added: Binding,
        others: &[Binding],
        erasure: Option<(Millis, Millis)>,
        mxid: &UserId,
        language: Language,
    ) -> Result<Vec<NewDelivery>, Error> {
        let new = self.sealer.binding_index(address).lasting();
        let can_undo = trusted(others, added.bound_at);
        let event = |row: &Binding| Event::Added { added: new, can_undo: can_undo(row) };
        let mut alerts = self.alerts(event, mxid, added.bound_at, others, language)?;
        if let Some((requested_at, due_at)) = erasure {
            // Somebody with a token could bind an address just to stop it.
            let event = |_: &Binding| Event::Erasing { due_at, can_stop: false };
            alerts.extend(self.alerts(event, mxid, requested_at, &[added], language)?);
        }
        Ok(alerts)
    }

    /// Records that a user has lost an address without having confirmed one, so that for three days
    /// they are not treated as a user without addresses, and returns the alerts that tell their
    /// other addresses. Call it after the removal. No limit can suppress them: a removed address
    /// was added before, which is limited.
    pub(in crate::service) async fn of_loss(
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

    /// Queues the alerts about a binding that was deleted with the other data of its address, and
    /// returns its id.
    pub(in crate::service) async fn queue_loss(
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
            if let Some(remover) = by.remover() {
                let event = |_: &Binding| Event::Unbound(remover);
                alerts.extend(self.alerts(event, &mxid, self.clock.now(), &[row], language)?);
            }
            outbox::queue_all(conn, alerts).await?;
        }
        Ok(Some(id))
    }

    /// Returns the alerts about a binding that was replaced by one to another user.
    pub(in crate::service) async fn of_move(
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

    /// Returns the link that undoes the action of an alert, if it can be undone.
    pub(super) fn alert_link(&self, notice: &Notice, language: Language) -> Option<Url> {
        let user_index = self.sealer.binding_user_index(&notice.mxid).lasting();
        let reader = self.sealer.binding_index(&notice.address).lasting();
        match notice.event {
            Event::Erasing { can_stop: true, .. } => {
                Some(ErasureLink { user_index, reader, requested_at: notice.at }.url(&self.links, language))
            }
            Event::Objected => Some(self.links.manage_address(language)),
            Event::Added { added, can_undo: true } => {
                let link = DisputeLink::Addition { user_index, reader, added, added_at: notice.at };
                Some(link.url(&self.links, language))
            }
            _ => None,
        }
    }
}

/// Returns the addresses of a user that can undo an action at this time: those that have settled
/// or, if none has, the oldest. Others may have been bound only to undo actions of the user.
pub(in crate::service) fn trusted(rows: &[Binding], at: Millis) -> impl Fn(&Binding) -> bool {
    let is_settled = move |row: &Binding| at - row.bound_at >= SETTLED;
    let oldest = rows.iter().min_by_key(|row| row.bound_at).map(|row| row.address_index.clone());
    move |row| is_settled(row) || oldest.as_ref() == Some(&row.address_index)
}

/// Returns the content of an alert, with its link.
pub(super) const fn alert(event: Event, link: Option<&Url>) -> Alert<'_> {
    match (event, link) {
        (Event::Objected, Some(manage)) => Alert::Objected { manage },
        (Event::Removed, _) => Alert::Removed,
        (Event::Exported, _) => Alert::Exported,
        (Event::Erased, _) => Alert::Erased,
        (Event::Erasing { due_at, .. }, stop) => Alert::Erasing { due_at, stop },
        (Event::Added { .. }, undo) => Alert::Added { undo },
        _ => Alert::Opened,
    }
}
