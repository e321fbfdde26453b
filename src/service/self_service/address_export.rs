//! The export of everything stored about an address.

use ruma_common::OwnedUserId;
use serde::Serialize;

use super::SelfService;
use super::export::exported_session;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::Subject;
use crate::service::audit::{Act, Entry, Origin};
use crate::service::entries::{ExportedBinding, ExportedDelivery, ExportedInvite, ExportedSession, Party};
use crate::store::bindings::Binding;
use crate::store::invites::Invite;
use crate::store::{self, Conn, accounts, bindings, invites, sessions};

/// Everything stored about an address, and nothing about any other address of the same user; times
/// in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct AddressExport {
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address.
    pub address: String,
    /// The user it is bound to.
    pub binding: Option<ExportedBinding>,
    /// The validation sessions.
    #[serde(rename = "confirmations")]
    pub validation_sessions: Vec<ExportedSession>,
    /// The pending invitations.
    pub invitations: Vec<ExportedInvite>,
    /// The queued deliveries.
    pub deliveries: Vec<ExportedDelivery>,
    /// The time when its owner objected.
    pub objects_since: Option<Millis>,
    /// The times when its owner's current web sessions began, including this one.
    #[serde(rename = "visits")]
    pub web_sessions: Vec<Millis>,
}

impl SelfService {
    /// Returns everything stored about an address, for its owner.
    ///
    /// # Errors
    /// 429 if they have opened the page too often, and 503 if the database is unavailable.
    pub async fn export_address(&self, address: &Address) -> Result<AddressExport, Error> {
        let sealer = &self.sealer;
        self.rate_limits.charge_address_view(address).await?;
        let mut conn = self.store.read().await?;
        let made_after = self.clock.now() - self.retention.invite;
        let bound = bindings::by_address(&mut conn, sealer.binding_index(address).as_ref()).await?;
        let sessions = sessions::of_address(&mut conn, sealer.session_address_index(address).as_ref()).await?;
        let index = sealer.invite_address_index(address);
        let invites = invites::of_address(&mut conn, index.as_ref(), made_after).await?;
        let mut validation_sessions = Vec::new();
        for row in sessions {
            let party = Party::User { user_id: self.asker(&mut conn, row.account_id).await? };
            validation_sessions.push(exported_session(&row, party));
        }
        let binding = |row: Binding| {
            let to = sealer.open_bound_mxid(&row.address_index, &row.mxid)?.into();
            Ok::<_, Error>(ExportedBinding { to, bound_at: row.bound_at })
        };
        let invitation = |row: &Invite| {
            let invite = sealer.open_invite(row)?;
            Ok(ExportedInvite { party: invite.sender.into(), room_id: invite.room_id, invited_at: row.created_at })
        };
        Ok(AddressExport {
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            binding: bound.map(binding).transpose()?,
            validation_sessions,
            invitations: invites.iter().map(invitation).collect::<Result<_, Error>>()?,
            deliveries: self.outbox.of_address(&mut conn, address).await?,
            objects_since: self.objections.since(address).await?,
            web_sessions: self.web_sessions.begun_by(&Subject::Address(address.clone())).await?,
        })
    }

    /// Works like [`Self::export_address`], for a file to keep.
    ///
    /// # Errors
    /// The same as for [`Self::export_address`].
    pub async fn download_address(&self, address: &Address) -> Result<AddressExport, Error> {
        let export = self.export_address(address).await?;
        let (audit, address) = (self.audit.clone(), address.clone());
        let noted = self.store.write_one(async move |conn| {
            audit.note(conn, Entry::new(Act::Export, Origin::Page).address(&address)).await
        });
        noted.await.map_err(|error: store::Error| error)?;
        Ok(export)
    }

    /// Returns the user who asked for a validation session, unless a homeserver did.
    async fn asker(&self, conn: &mut Conn, account: Option<i64>) -> Result<Option<OwnedUserId>, Error> {
        let Some(id) = account else { return Ok(None) };
        accounts::by_id(conn, id).await?.map(|account| self.sealer.open_account(&account)).transpose()
    }
}
