//! The outbox as the operator sees it, and those to whom its deliveries belong.

use ruma_common::{OwnedUserId, UserId};
use serde::Serialize;

use super::Vouch;
use crate::clock::Millis;
use crate::error::Error;
use crate::store::{Conn, outbox};

/// What is still to be delivered; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Queued {
    /// By which it is retried or dropped.
    pub id: i64,
    /// What kind of delivery.
    pub kind: String,
    /// Where it goes; `None` if it does not open.
    pub destination: Option<String>,
    /// When it was queued.
    pub queued_at: Millis,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next, unless it is under way.
    pub next_at: Millis,
    /// Whether a node is trying it now.
    pub under_way: bool,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Whom it is about, if that was asked for.
    #[serde(flatten)]
    pub about: Option<Revealed>,
}

/// Whom a delivery is about.
#[derive(Debug, Serialize)]
pub struct Revealed {
    /// The user.
    pub user_id: OwnedUserId,
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address.
    pub address: String,
}

/// A delivery, as a person may see it who caused it or whom it is about.
#[derive(Debug, Serialize)]
pub struct ExportedDelivery {
    /// What kind of delivery.
    pub kind: String,
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address it is about.
    pub address: String,
    /// When it was queued.
    pub queued_at: Millis,
    /// How often it was tried.
    pub attempts: i64,
}

impl Vouch {
    /// What is still to be delivered, the oldest first; whom it is about only if it is to be revealed.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn queued(&self, reveal: bool) -> Result<Vec<Queued>, Error> {
        let rows = outbox::all(&mut self.store.read_much().await?).await?;
        let now = self.clock.now();
        Ok(rows.into_iter().map(|row| self.list_delivery(row, reveal, now)).collect())
    }

    /// Lets a delivery be tried at once, or all of them; returns how many.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn hurry_delivery(&self, id: Option<i64>) -> Result<usize, Error> {
        let hurried = self.store.write_one(async move |conn| match id {
            Some(id) => outbox::hurry(conn, id).await.map(usize::from),
            None => outbox::hurry_all(conn).await,
        });
        Ok(hurried.await?)
    }

    /// Gives a delivery up, or all of them; returns how many.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn drop_delivery(&self, id: Option<i64>) -> Result<usize, Error> {
        let dropped = self.store.write_one(async move |conn| match id {
            Some(id) => outbox::remove(conn, id).await.map(usize::from),
            None => outbox::remove_all(conn).await,
        });
        Ok(dropped.await?)
    }

    /// The deliveries that are about a user or caused by him.
    pub(super) async fn deliveries_of(&self, conn: &mut Conn, mxid: &UserId) -> Result<Vec<ExportedDelivery>, Error> {
        let rows = outbox::of_user(conn, self.sealer.outbox_user_index(mxid).as_ref()).await?;
        rows.into_iter().map(|row| self.exported_delivery(row)).collect()
    }

    fn exported_delivery(&self, row: outbox::Delivery) -> Result<ExportedDelivery, Error> {
        let delivery = self.open_delivery(&row)?;
        let address = delivery.about().address;
        Ok(ExportedDelivery {
            kind: row.kind,
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            queued_at: row.created_at,
            attempts: row.attempts,
        })
    }

    fn list_delivery(&self, row: outbox::Delivery, reveal: bool, now: Millis) -> Queued {
        let delivery = self.open_delivery(&row).ok();
        let about = delivery.as_ref().map(super::outbox::Delivery::about);
        Queued {
            id: row.id,
            kind: row.kind,
            destination: about.as_ref().map(|about| about.destination.to_owned()),
            queued_at: row.created_at,
            attempts: row.attempts,
            next_at: row.next_at,
            under_way: row.held_until > now,
            trouble: row.trouble,
            about: about.filter(|_| reveal).map(|about| Revealed {
                user_id: about.user.to_owned(),
                medium: about.address.medium().as_str(),
                address: about.address.as_str().to_owned(),
            }),
        }
    }
}
