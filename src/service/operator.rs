//! What the operator does by hand, on the same rules as the API, and what a person may ask for.

use ruma_common::{OwnedRoomId, OwnedUserId, UserId};
use serde::Serialize;

use super::{ExportedDelivery, Subject, Vouch};
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::{self, accounts, bindings, consents, invites, outbox, sessions, visits};

/// Everything held about a person; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Export {
    /// The account, if the person ever registered.
    pub account: Option<ExportedAccount>,
    /// The addresses that are bound.
    pub bindings: Vec<Bound>,
    /// What is still to be delivered that is about the person, or caused by the person.
    pub deliveries: Vec<ExportedDelivery>,
}

/// A person's account.
#[derive(Debug, Serialize)]
pub struct ExportedAccount {
    /// The Matrix ID.
    pub user_id: OwnedUserId,
    /// When it registered first.
    pub registered_at: Millis,
    /// Its access tokens.
    pub access_tokens: Vec<ExportedToken>,
    /// What was accepted.
    pub consents: Vec<ExportedConsent>,
    /// The validation sessions of the last day.
    pub validation_sessions: Vec<ExportedSession>,
    /// Whom it has invited.
    pub invitations: Vec<ExportedInvite>,
}

/// An invitation that the person made.
#[derive(Debug, Serialize)]
pub struct ExportedInvite {
    /// `email` or `msisdn`; absent once the invitation is delivered, like the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<&'static str>,
    /// Who is invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where to.
    pub room_id: OwnedRoomId,
    /// When.
    pub invited_at: Millis,
}

/// An access token; the token itself is not known to the server.
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
    /// The language it was read in.
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
    /// The address to be proved.
    pub address: String,
    /// When it was begun or validated.
    pub modified_at: Millis,
    /// When it was validated.
    pub validated_at: Option<Millis>,
}

/// A bound address.
#[derive(Debug, Serialize)]
pub struct Bound {
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address.
    pub address: String,
    /// Whose it is.
    pub user_id: OwnedUserId,
    /// Since when.
    pub bound_at: Millis,
}

/// What was erased.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Bindings that were removed.
    pub bindings: usize,
    /// Validation sessions of the address that were removed.
    pub validation_sessions: usize,
    /// Invitations of the address that were removed.
    pub invitations: usize,
    /// Deliveries that were removed before they were made.
    pub deliveries: usize,
    /// Visits to the pages about the address that were ended.
    pub visits: usize,
    /// Whether an account was removed, with its tokens, sessions and invitations.
    pub account: bool,
}

impl Vouch {
    /// Who has an address.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn binding_of(&self, address: &Address) -> Result<Option<Bound>, Error> {
        let index = self.binding_index(address);
        let row = bindings::by_address(&mut self.store.read().await?, index.as_ref()).await?;
        row.map(|row| self.bound(&row)).transpose()
    }

    /// Everything held about a user.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn export(&self, mxid: &UserId) -> Result<Export, Error> {
        let mut conn = self.store.read_much().await?;
        let index = self.binding_user_index(mxid);
        let rows = bindings::of_user(&mut conn, index.as_ref()).await?;
        let bindings = rows.iter().map(|row| self.bound(row)).collect::<Result<_, _>>()?;
        let deliveries = self.deliveries_of(&mut conn, mxid).await?;
        let Some(account) = accounts::by_user(&mut conn, self.account_index(mxid).as_ref()).await? else {
            return Ok(Export { account: None, bindings, deliveries });
        };
        let tokens = accounts::tokens_of(&mut conn, account.id).await?;
        let consents = consents::of_account(&mut conn, account.id).await?;
        let sessions = sessions::of_account(&mut conn, account.id).await?;
        let invites = invites::of_account(&mut conn, account.id).await?;
        let account = ExportedAccount {
            user_id: self.open_account(&account)?,
            registered_at: account.created_at,
            access_tokens: tokens.into_iter().map(ExportedToken::from).collect(),
            consents: consents.into_iter().map(ExportedConsent::from).collect(),
            validation_sessions: sessions.iter().map(|session| self.exported(session)).collect::<Result<_, _>>()?,
            invitations: invites.iter().map(|invite| self.exported_invite(invite)).collect::<Result<_, _>>()?,
        };
        Ok(Export { account: Some(account), bindings, deliveries })
    }

    /// Erases everything held about a user. Consents stay for their last retention, tied to no one.
    ///
    /// # Errors
    /// 503 if the database is away; then nothing is erased.
    pub async fn erase_user(&self, mxid: &UserId) -> Result<Erased, Error> {
        let (account_index, user_index) = (self.account_index(mxid), self.binding_user_index(mxid));
        let queued = self.outbox_user_index(mxid);
        let now = self.clock.now();
        let erased = self.store.write(async move |conn| {
            let bindings = bindings::unbind_all(conn, user_index.as_ref()).await?;
            let deliveries = outbox::remove_by_user(conn, queued.as_ref()).await?;
            let account = accounts::by_user(conn, account_index.as_ref()).await?;
            if let Some(account) = &account {
                consents::account_gone(conn, account.id, now).await?;
                accounts::remove(conn, account.id).await?;
            }
            Ok::<_, store::Error>(Erased { bindings, deliveries, account: account.is_some(), ..Erased::default() })
        });
        let erased = erased.await?;
        self.bearers.forget();
        self.store.settle().await?;
        Ok(erased)
    }

    /// Erases everything held about an address: its binding, the sessions that were to prove it, the invitations that
    /// wait for it, what is to be delivered about it, and the visits of its owner. An objection stays: without it the address could be invited
    /// again. It is a fingerprint that only this server's key can make, and is withdrawn if its owner wants that.
    ///
    /// # Errors
    /// 503 if the database is away; then nothing is erased.
    pub async fn erase_address(&self, address: &Address) -> Result<Erased, Error> {
        let (bound, validated) = (self.binding_index(address), self.session_address_index(address));
        let (invited, queued) = (self.invite_address_index(address), self.outbox_address_index(address));
        let visited = self.visit_subject_index(&Subject::Address(address.clone()));
        let erased = self.store.write(async move |conn| {
            invites::hold_address(conn, invited.as_ref()).await?;
            let binding = bindings::unbind_address(conn, bound.as_ref()).await?;
            let validation_sessions = sessions::remove_by_address(conn, validated.as_ref()).await?;
            let invitations = invites::remove_by_address(conn, invited.as_ref()).await?;
            let deliveries = outbox::remove_by_address(conn, queued.as_ref()).await?;
            let visits = visits::end_all_of(conn, visited.as_ref()).await?;
            let erased = Erased {
                bindings: usize::from(binding.is_some()),
                validation_sessions,
                invitations,
                deliveries,
                visits,
                account: false,
            };
            Ok::<_, store::Error>((erased, binding))
        });
        let (erased, binding) = erased.await?;
        if let Some(id) = binding {
            self.forget_binding(address, id);
        }
        self.store.settle().await?;
        Ok(erased)
    }

    fn bound(&self, row: &bindings::Binding) -> Result<Bound, Error> {
        let address = self.open_address(&row.address_index, &row.address)?;
        Ok(Bound {
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            user_id: self.open_bound_mxid(&row.address_index, &row.mxid)?,
            bound_at: row.bound_at,
        })
    }

    fn exported(&self, session: &sessions::Session) -> Result<ExportedSession, Error> {
        let address = self.open_session_address(session)?;
        Ok(ExportedSession {
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            modified_at: session.modified_at,
            validated_at: session.validated_at,
        })
    }

    fn exported_invite(&self, row: &invites::Invite) -> Result<ExportedInvite, Error> {
        let address = self.open_invited(row)?;
        Ok(ExportedInvite {
            medium: address.as_ref().map(|address| address.medium().as_str()),
            address: address.map(|address| address.as_str().to_owned()),
            room_id: self.open_invite(row)?.room_id,
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
