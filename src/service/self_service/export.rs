//! The export of everything stored about a user.

use ruma_common::{OwnedRoomId, OwnedServerName, OwnedUserId, UserId};
use serde::Serialize;

use super::SelfService;
use crate::clock::Millis;
use crate::error::Error;
use crate::service::{Bound, Erased, ExportedDelivery, Subject};
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

/// An invitation that the user sent.
#[derive(Debug, Serialize)]
pub struct ExportedInvite {
    /// `email` or `msisdn`; absent once the invitation is delivered, like the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<&'static str>,
    /// The invited address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The room.
    pub room_id: OwnedRoomId,
    /// When it was sent.
    pub invited_at: Millis,
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

/// A validation session.
#[derive(Debug, Serialize)]
pub struct ExportedSession {
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address to be validated.
    pub address: String,
    /// When it was begun or validated.
    pub modified_at: Millis,
    /// When it was validated.
    pub validated_at: Option<Millis>,
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
        Ok(Some(ExportedAccount {
            user_id: self.sealer.open_account(&account)?,
            registered_at: account.created_at,
            access_tokens: tokens.into_iter().map(ExportedToken::from).collect(),
            consents: consents.into_iter().map(ExportedConsent::from).collect(),
            validation_sessions: sessions.iter().map(|row| self.exported_session(row)).collect::<Result<_, _>>()?,
            invitations: invites.iter().map(|row| self.exported_invite(row)).collect::<Result<_, _>>()?,
        }))
    }

    fn exported_session(&self, session: &sessions::Session) -> Result<ExportedSession, Error> {
        let address = self.sealer.open_session_address(session)?;
        Ok(ExportedSession {
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            modified_at: session.modified_at,
            validated_at: session.validated_at,
        })
    }

    fn exported_invite(&self, row: &invites::Invite) -> Result<ExportedInvite, Error> {
        let address = self.sealer.open_invited(row)?;
        Ok(ExportedInvite {
            medium: address.as_ref().map(|address| address.medium().as_str()),
            address: address.map(|address| address.as_str().to_owned()),
            room_id: self.sealer.open_invite(row)?.room_id,
            invited_at: row.created_at,
        })
    }
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
