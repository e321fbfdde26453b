//! The export of everything stored about a user.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ruma_common::{OwnedServerName, OwnedUserId, UserId};
use serde::Serialize;

use super::SelfService;
use crate::clock::{Clock, Millis};
use crate::error::Error;
use crate::identity::rate_limit::kind::Counted;
use crate::identity::threepid::Address;
use crate::service::audit::{Act, Entry};
use crate::service::entries::{ExportedDelivery, ExportedInvite, ExportedSession, Party};
use crate::service::outbox::Event;
use crate::service::sealing::Sealer;
use crate::service::standing::{APART, Addresses, FRESH, Sight, confirmer, is_recent};
use crate::service::{Actor, Erased, Subject};
use crate::store::bindings::Binding;
use crate::store::erasures::Erasure;
use crate::store::invites::Invite;
use crate::store::proofs::{Bearer, Standing};
use crate::store::sessions::Session;
use crate::store::{Conn, accounts, bindings, consents, erasures, invites, outbox, proofs, sessions};
use crate::texts::Language;

/// Everything stored about a user; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Export {
    /// This server.
    pub server_name: OwnedServerName,
    /// The Matrix ID.
    pub user_id: OwnedUserId,
    /// The time when the export was made.
    pub exported_at: Millis,
    /// The account, if the user ever registered.
    pub account: Option<ExportedAccount>,
    /// The reasons why addresses are masked: what is missing for a full export, in which this is
    /// empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// True if every address is confirmed, so that everything can be erased at once.
    #[serde(skip)]
    pub can_erase: bool,
    /// The erasure that the user has requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erasure: Option<PendingErasure>,
    /// The bound addresses.
    pub bindings: Vec<ExportedAddress>,
    /// The queued deliveries that are about the user or were caused by them.
    pub deliveries: Vec<ExportedDelivery>,
    /// The current web sessions.
    #[serde(rename = "visits")]
    pub web_sessions: Vec<ExportedWebSession>,
}

impl Export {
    /// Returns whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to_be_erased() == Erased::default()
    }

    /// Returns the data that an erasure would delete.
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

/// A requirement for seeing or erasing everything that somebody does not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// A fresh proof of who they are.
    Proof,
    /// A confirmation by a link to one of their addresses.
    Confirmation,
    /// A confirmation by an address that has been bound for longer: all except the one that
    /// confirmed are masked.
    OlderConfirmation,
}

/// An erasure that is carried out later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PendingErasure {
    /// The time when it was requested.
    pub requested_at: Millis,
    /// The time when it is carried out.
    pub due_at: Millis,
}

/// An address that is bound to the user.
#[derive(Debug, Serialize)]
pub struct ExportedAddress {
    /// The id by which the user names it.
    pub id: String,
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address, or its mask.
    pub address: String,
    /// True if it is not masked, so that it can be unbound.
    #[serde(skip)]
    pub is_shown: bool,
    /// The user.
    pub user_id: OwnedUserId,
    /// The time when it was bound.
    pub bound_at: Millis,
}

/// A web session.
#[derive(Debug, Serialize)]
pub struct ExportedWebSession {
    /// The time when its user proved who they are.
    pub proved_at: Millis,
}

/// An account.
#[derive(Debug, Serialize)]
pub struct ExportedAccount {
    /// The Matrix ID.
    pub user_id: OwnedUserId,
    /// The time when the user first registered.
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
    /// The time when it was issued.
    pub created_at: Millis,
    /// The time when it was last used, to the day.
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
    /// The time when it was accepted.
    pub accepted_at: Millis,
    /// The time when it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Millis>,
}

impl SelfService {
    /// Returns everything stored about a user, at their own request, which uses their fresh proof
    /// and tells their addresses. Since that reads much, it is rate-limited.
    ///
    /// # Errors
    /// 403 without a fresh proof, or without a confirmation if an address is bound or was removed
    /// in the last days; 429; and 503 if the database is unavailable.
    pub async fn export_own(&self, actor: &Actor, language: Language) -> Result<Export, Error> {
        let needs = self.needs(actor).await?;
        if needs.contains(&Need::Confirmation) {
            return Err(Error::confirmation_required());
        }
        if needs.contains(&Need::Proof) {
            return Err(Error::proof_required());
        }
        self.note_export(actor, language).await?;
        let mut export = self.collect(&actor.mxid, Some(&actor.bearer)).await?;
        export.needs.retain(|need| *need != Need::Proof);
        Ok(export)
    }

    /// Uses the fresh proof, charges the export, and tells the user's addresses about it, once a
    /// day for each address that has confirmed one.
    async fn note_export(&self, actor: &Actor, language: Language) -> Result<(), Error> {
        let (now, user) = (self.clock.now(), self.sealer.binding_user_index(&actor.mxid));
        let (sealer, notices, rate_limits) = (self.sealer.clone(), self.notices.clone(), self.rate_limits.clone());
        let (actor, audit) = (actor.clone(), self.audit.clone());
        let done = self.store.write(async move |conn| {
            let Actor { mxid, bearer } = &actor;
            if !proofs::use_proof(conn, bearer, now - FRESH, now + APART).await? {
                return Err(Error::proof_required());
            }
            rate_limits.charge_export(conn, &actor).await?;
            audit.note(conn, Entry::new(Act::Export, bearer).user(mxid)).await?;
            let rows = bindings::of_user(conn, user.as_ref()).await?;
            // Without an address, there is nobody to tell.
            let Some(by) = confirmer(conn, &sealer, bearer, &rows).await? else { return Ok(()) };
            if rate_limits.may_alert(conn, Counted::ExportAlert, &by).await? {
                outbox::queue_all(conn, notices.alerts(|_| Event::Exported, mxid, now, &rows, language)?).await?;
            }
            Ok(())
        });
        done.await?;
        self.outbox.wake();
        Ok(())
    }

    /// Returns everything stored about a user for their own view, with addresses masked unless they
    /// have confirmed one.
    ///
    /// # Errors
    /// 429 if they have looked too often, and 503 if the database is unavailable.
    pub async fn view(&self, actor: &Actor) -> Result<Export, Error> {
        self.rate_limits.charge_view(actor).await?;
        self.collect(&actor.mxid, Some(&actor.bearer)).await
    }

    /// Returns everything stored about a user, for the operator.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn export(&self, mxid: &UserId) -> Result<Export, Error> {
        self.collect(mxid, None).await
    }

    /// Returns the unmet requirements for seeing or erasing everything.
    pub(super) async fn needs(&self, actor: &Actor) -> Result<Vec<Need>, Error> {
        let mut conn = self.store.read().await?;
        let (_, addresses) = Addresses::of(&mut conn, &self.sealer, &self.clock, &actor.mxid).await?;
        let standing = proofs::standing(&mut conn, &actor.bearer).await?;
        Ok(needs(&self.sealer, &standing, &addresses, &self.clock).0)
    }

    /// Returns the bound address that a user names by its id, or all of them, to be unbound. They
    /// must be confirmed: otherwise somebody else could unbind them, and then nothing would be left
    /// to confirm an erasure or to be told about it.
    ///
    /// # Errors
    /// 403 if one of them is not confirmed, and 503 if the database is unavailable.
    pub async fn unbindable(&self, actor: &Actor, id: Option<&str>) -> Result<Vec<Address>, Error> {
        let mut conn = self.store.read().await?;
        let (rows, addresses) = Addresses::of(&mut conn, &self.sealer, &self.clock, &actor.mxid).await?;
        let standing = proofs::standing(&mut conn, &actor.bearer).await?;
        let sight = Sight::of(&self.sealer, &standing, &addresses, &self.clock);
        let chosen =
            rows.iter().zip(addresses.bound).filter(|(row, _)| id.is_none_or(|id| address_id(&self.sealer, row) == id));
        let chosen: Vec<_> = chosen.map(|(_, (address, _))| address).collect();
        if chosen.iter().all(|address| sight.shows(address)) { Ok(chosen) } else { Err(Error::confirmation_required()) }
    }

    async fn collect(&self, mxid: &UserId, bearer: Option<&Bearer>) -> Result<Export, Error> {
        let mut conn = self.store.read_much().await?;
        let (rows, addresses) = Addresses::of(&mut conn, &self.sealer, &self.clock, mxid).await?;
        let (needs, sight) = match bearer {
            None => (Vec::new(), Sight::Everything),
            Some(bearer) => {
                let standing = proofs::standing(&mut conn, bearer).await?;
                needs(&self.sealer, &standing, &addresses, &self.clock)
            }
        };
        let exported_address = |(row, (address, bound_at)): (&Binding, &(Address, Millis))| ExportedAddress {
            id: address_id(&self.sealer, row),
            medium: address.medium().as_str(),
            address: sight.address(address),
            is_shown: sight.shows(address),
            user_id: mxid.to_owned(),
            bound_at: *bound_at,
        };
        let erasure = erasures::of_user(&mut conn, self.sealer.erasure_index(mxid).as_ref()).await?;
        let web_sessions = self.web_sessions.begun_by(&Subject::User(mxid.to_owned())).await?;
        Ok(Export {
            server_name: self.server_name.clone(),
            user_id: mxid.to_owned(),
            exported_at: self.clock.now(),
            needs,
            can_erase: sight.suffices(&addresses),
            erasure: erasure.map(PendingErasure::from),
            account: self.exported_account(&mut conn, mxid, &sight).await?,
            bindings: rows.iter().zip(&addresses.bound).map(exported_address).collect(),
            deliveries: self.outbox.of_user(&mut conn, mxid, &sight).await?,
            web_sessions: web_sessions.into_iter().map(|proved_at| ExportedWebSession { proved_at }).collect(),
        })
    }

    async fn exported_account(
        &self,
        conn: &mut Conn,
        mxid: &UserId,
        sight: &Sight,
    ) -> Result<Option<ExportedAccount>, Error> {
        let Some(account) = accounts::by_user(conn, self.sealer.account_index(mxid).as_ref()).await? else {
            return Ok(None);
        };
        let tokens = accounts::tokens_of(conn, account.id).await?;
        let consents = consents::of_account(conn, account.id).await?;
        let sessions = sessions::of_account(conn, account.id).await?;
        let invites = invites::of_account(conn, account.id).await?;
        let session = |row: &Session| {
            let address = self.sealer.open_session_address(row)?;
            Ok(exported_session(row, sight.party(&address)))
        };
        let invitation = |row: &Invite| {
            let address = self.sealer.open_invited(row)?;
            let party = address.map_or(Party::Deleted {}, |address| sight.party(&address));
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
}

/// Returns the unmet requirements of somebody with this standing, and which addresses they see.
pub(super) fn needs(sealer: &Sealer, standing: &Standing, addresses: &Addresses, clock: &Clock) -> (Vec<Need>, Sight) {
    let sight = Sight::of(sealer, standing, addresses, clock);
    let is_fresh = standing.proof_at.is_some_and(|at| is_recent(at, FRESH, clock.now()));
    let confirmation = match &sight {
        Sight::Nothing if !addresses.bound.is_empty() || addresses.is_one_missing => Some(Need::Confirmation),
        Sight::Only(_) => Some(Need::OlderConfirmation),
        Sight::Nothing | Sight::Everything => None,
    };
    ((!is_fresh).then_some(Need::Proof).into_iter().chain(confirmation).collect(), sight)
}

/// Returns the id by which a user names one of their addresses: 22 characters.
pub(in crate::service) fn address_id(sealer: &Sealer, row: &Binding) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(sealer.address_id(row))
}

impl From<Erasure> for PendingErasure {
    fn from(row: Erasure) -> Self {
        Self { requested_at: row.requested_at, due_at: row.due_at }
    }
}

pub(super) fn exported_session(row: &Session, party: Party) -> ExportedSession {
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
