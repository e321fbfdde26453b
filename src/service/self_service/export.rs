//! The export of everything stored about a user or an address.

use ruma_common::{OwnedServerName, OwnedUserId, UserId};
use serde::Serialize;

use super::SelfService;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::entries::{ExportedBinding, ExportedDelivery, ExportedInvite, ExportedSession, Party};
use crate::service::{Bound, Erased, Subject};
use crate::store::bindings::Binding;
use crate::store::invites::Invite;
use crate::store::sessions::Session;
use crate::store::{Conn, accounts, bindings, consents, invites, sessions};

/// Everything stored about a user; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Export {
    /// This server.
    pub server_name: OwnedServerName,
    /// The Matrix ID.
    pub user_id: OwnedUserId,
    /// When the export was made.
    pub exported_at: Millis,
    /// The account, if the user ever registered.
    pub account: Option<ExportedAccount>,
    /// The bound addresses.
    pub bindings: Vec<Bound>,
    /// The queued deliveries that are about the user or were caused by them.
    pub deliveries: Vec<ExportedDelivery>,
    /// The current web sessions.
    #[serde(rename = "visits")]
    pub web_sessions: Vec<ExportedWebSession>,
}

impl Export {
    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to_be_erased() == Erased::default()
    }

    /// Returns what an erasure would delete.
    #[must_use]
    pub fn to_be_erased(&self) -> Erased {
        let of_account = |count: fn(&ExportedAccount) -> usize| self.account.as_ref().map_or(0, count);
        Erased {
            bindings: self.bindings.len(),
            validation_sessions: of_account(|account| account.validation_sessions.len()),
            invitations: of_account(|account| account.invitations.len()),
            deliveries: self.deliveries.len(),
            web_sessions: self.web_sessions.len(),
            access_tokens: of_account(|account| account.access_tokens.len()),
            account: self.account.is_some(),
        }
    }
}

/// A web session.
#[derive(Debug, Serialize)]
pub struct ExportedWebSession {
    /// When its user proved who they are.
    pub proved_at: Millis,
}

/// An account.
#[derive(Debug, Serialize)]
pub struct ExportedAccount {
    /// The Matrix ID.
    pub user_id: OwnedUserId,
    /// When the user first registered.
    pub registered_at: Millis,
    /// The access tokens.
    pub access_tokens: Vec<ExportedToken>,
    /// The consents.
    pub consents: Vec<ExportedConsent>,
    /// The validation sessions.
    pub validation_sessions: Vec<ExportedSession>,
    /// The invitations that the user sent.
    pub invitations: Vec<ExportedInvite>,
}

/// An access token. The token itself is not stored.
#[derive(Debug, Serialize)]
pub struct ExportedToken {
    /// When it was issued.
    pub created_at: Millis,
    /// When it was last used, to the day.
    pub last_used_at: Millis,
}

/// A consent.
#[derive(Debug, Serialize)]
pub struct ExportedConsent {
    /// The policy's id.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// The language it was shown in.
    pub language: String,
    /// The URL that was accepted.
    pub url: String,
    /// SHA-256 of the document, in hexadecimal.
    pub sha256: String,
    /// When it was accepted.
    pub accepted_at: Millis,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Millis>,
}

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
    /// When its owner objected.
    pub objects_since: Option<Millis>,
    /// When its owner's current web sessions began, this one included.
    #[serde(rename = "visits")]
    pub web_sessions: Vec<Millis>,
}

impl SelfService {
    /// Returns everything stored about a user, at their own request. Since that reads much, it is
    /// rate-limited.
    ///
    /// # Errors
    /// 429, and 503 if the database is unavailable.
    pub async fn export_own(&self, mxid: &UserId) -> Result<Export, Error> {
        self.rate_limits.charge_export(mxid).await?;
        self.export(mxid).await
    }

    /// Returns everything stored about a user, for a page of theirs.
    ///
    /// # Errors
    /// 429 if they have opened such pages too often, and 503 if the database is unavailable.
    pub async fn view(&self, mxid: &UserId) -> Result<Export, Error> {
        self.rate_limits.charge_view(&self.sealer.web_session_user_index(mxid)).await?;
        self.export(mxid).await
    }

    /// Returns everything stored about a user.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn export(&self, mxid: &UserId) -> Result<Export, Error> {
        let mut conn = self.store.read_much().await?;
        let rows = bindings::of_user(&mut conn, self.sealer.binding_user_index(mxid).as_ref()).await?;
        let web_sessions = self.web_sessions.begun_by(&Subject::User(mxid.to_owned())).await?;
        Ok(Export {
            server_name: self.server_name.clone(),
            user_id: mxid.to_owned(),
            exported_at: self.clock.now(),
            account: self.exported_account(&mut conn, mxid).await?,
            bindings: rows.iter().map(|row| Bound::open(&self.sealer, row)).collect::<Result<_, _>>()?,
            deliveries: self.outbox.of_user(&mut conn, mxid).await?,
            web_sessions: web_sessions.into_iter().map(|proved_at| ExportedWebSession { proved_at }).collect(),
        })
    }

    async fn exported_account(&self, conn: &mut Conn, mxid: &UserId) -> Result<Option<ExportedAccount>, Error> {
        let Some(account) = accounts::by_user(conn, self.sealer.account_index(mxid).as_ref()).await? else {
            return Ok(None);
        };
        let tokens = accounts::tokens_of(conn, account.id).await?;
        let consents = consents::of_account(conn, account.id).await?;
        let sessions = sessions::of_account(conn, account.id).await?;
        let invites = invites::of_account(conn, account.id).await?;
        let session = |row: &Session| Ok(exported_session(row, self.sealer.open_session_address(row)?.into()));
        let invitation = |row: &Invite| {
            let party = self.sealer.open_invited(row)?.map_or(Party::Deleted {}, Party::from);
            let room_id = self.sealer.open_invite(row)?.room_id;
            Ok(ExportedInvite { party, room_id, invited_at: row.created_at })
        };
        Ok(Some(ExportedAccount {
            user_id: self.sealer.open_account(&account)?,
            registered_at: account.created_at,
            access_tokens: tokens.into_iter().map(ExportedToken::from).collect(),
            consents: consents.into_iter().map(ExportedConsent::from).collect(),
            validation_sessions: sessions.iter().map(session).collect::<Result<_, Error>>()?,
            invitations: invites.iter().map(invitation).collect::<Result<_, Error>>()?,
        }))
    }

    /// Returns everything stored about an address, for its owner.
    ///
    /// # Errors
    /// 429 if they have opened the page too often, and 503 if the database is unavailable.
    pub async fn export_address(&self, address: &Address) -> Result<AddressExport, Error> {
        let sealer = &self.sealer;
        self.rate_limits.charge_view(&sealer.web_session_address_index(address)).await?;
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

    /// Returns the user who asked for a validation session, unless a homeserver did.
    async fn asker(&self, conn: &mut Conn, account: Option<i64>) -> Result<Option<OwnedUserId>, Error> {
        let Some(id) = account else { return Ok(None) };
        accounts::by_id(conn, id).await?.map(|account| self.sealer.open_account(&account)).transpose()
    }
}

fn exported_session(row: &Session, party: Party) -> ExportedSession {
    ExportedSession { party, modified_at: row.modified_at, validated_at: row.validated_at }
}

impl From<accounts::TokenTimes> for ExportedToken {
    fn from(token: accounts::TokenTimes) -> Self {
        Self { created_at: token.created_at, last_used_at: token.used_at }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}

impl From<consents::Consent> for ExportedConsent {
    fn from(consent: consents::Consent) -> Self {
        Self {
            policy: consent.policy,
            version: consent.version,
            language: consent.language,
            url: consent.url,
            sha256: hex(&consent.sha256),
            accepted_at: consent.accepted_at,
            withdrawn_at: consent.withdrawn_at,
        }
    }
}
