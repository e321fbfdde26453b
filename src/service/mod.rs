//! The components of the server: what it does for the API, the pages and the operator's command line.
//!
//! Each component owns its state and names what it needs; docs/design.md shows how they depend on each
//! other. Values are sealed before they are stored, and opened when they are read, by [`sealing`] alone.

mod accounts;
mod address_data;
mod address_proofs;
mod association;
mod bindings;
mod bound;
mod caller;
mod deliverer;
mod directory;
mod dispute_link;
mod disputes;
mod invites;
mod links;
mod lookup;
mod maintenance;
mod messenger;
mod notices;
mod objections;
mod onbind;
mod outbox;
mod rate_limits;
mod sealing;
mod self_service;
mod start;
mod unbinding;
mod validation;
mod web_sessions;

use std::sync::Arc;

pub use accounts::{Accounts, Registration, Shown, Withdrawal};
pub use address_data::Erased;
pub use address_proofs::{AddressProofs, Proof};
pub use bound::Bound;
pub use caller::{Asker, Caller};
pub use directory::Directory;
pub use disputes::{Dispute, Disputes};
pub use invites::{Invitation, InviteRequest, InviteWords, Landing, StoredInvite};
pub use links::PublicLinks;
pub use lookup::LookupRequest;
pub use maintenance::Maintenance;
pub use objections::Objections;
pub use outbox::{ExportedDelivery, Outbox, Queued, Revealed};
pub use rate_limits::RateLimits;
pub use self_service::{
    AddressExport, Export, ExportedAccount, ExportedConsent, ExportedInvite, ExportedSession, ExportedToken,
    ExportedWebSession, HeldBinding, HeldConfirmation, HeldDelivery, HeldInvitation, Receipt, SelfService,
};
pub use start::Made;
pub use unbinding::SignedUnbinding;
pub use validation::{Submission, Submitted, TokenRequest, Validated};
pub use web_sessions::{Subject, WebSession, WebSessions};

pub use crate::identity::network::Network;

use crate::brand::Brand;
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::signing::SigningKeys;
use crate::federation::Federation;
use crate::identity::policy::Policies;
use crate::identity::recent_lookups::RecentLookups;
use crate::store::Store;
use crate::texts::Texts;

/// The components of the running server.
pub struct Vouch {
    /// What the start has created.
    pub made: Made,
    /// All settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The long-term keys.
    pub signing: Arc<SigningKeys>,
    /// The documents that people accept.
    pub policies: Arc<Policies>,
    /// The texts that people read.
    pub texts: Arc<Texts>,
    /// Links to this server.
    pub links: Arc<PublicLinks>,
    /// The operator's name and colours.
    pub brand: Arc<Brand>,
    /// Registers users, recognises their access tokens, and records their consents.
    pub accounts: Arc<Accounts>,
    /// Sends links that prove addresses, and opens them.
    pub address_proofs: Arc<AddressProofs>,
    /// Maps look-up hashes to bindings.
    pub directory: Arc<Directory>,
    /// The links by which people undo what others did with their address.
    pub disputes: Disputes,
    /// Records objections, and enforces them.
    pub objections: Arc<Objections>,
    /// What has to be delivered to homeservers and people.
    pub outbox: Arc<Outbox>,
    /// Shows, exports and erases what is stored about a user or an address.
    pub self_service: Arc<SelfService>,
    /// Deletes expired data.
    pub maintenance: Maintenance,
    /// Begins, finds and ends web sessions.
    pub web_sessions: Arc<WebSessions>,
    store: Store,
    sealer: sealing::Sealer,
    messenger: Arc<messenger::Messenger>,
    federation: Arc<Federation>,
    rate_limits: Arc<RateLimits>,
    recent_lookups: RecentLookups,
}
