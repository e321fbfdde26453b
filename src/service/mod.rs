//! What the server does, whoever asks: the API, a page, or the operator's command line. Here the rules of [`identity`](crate::identity)
//! meet the database, and here alone values are sealed before they go there and opened when they come back.

mod accounts;
mod address;
mod association;
mod bindings;
mod deliverer;
mod directory;
mod dispute_link;
mod disputes;
mod erasure;
mod held;
mod invites;
mod links;
mod lookup;
mod messenger;
mod notices;
mod objecting;
mod onbind;
mod operator;
mod outbox;
mod person;
mod rate_limits;
mod retention;
mod sealing;
mod start;
mod terms;
mod unbinding;
mod validation;
mod visits;

use std::sync::Arc;

pub use crate::identity::network::Network;
pub use accounts::{Caller, Registration};
pub use address::{Held, HeldBinding, HeldConfirmation, HeldDelivery, HeldInvitation, Proof};
pub use directory::Directory;
pub use disputes::{Dispute, Disputes};
pub use erasure::Receipt;
pub use held::{
    Export, ExportedAccount, ExportedConsent, ExportedInvite, ExportedSession, ExportedToken, ExportedVisit,
};
pub use invites::{Invitation, InviteRequest, InviteWords, Landing, StoredInvite};
pub use links::PublicLinks;
pub use lookup::LookupRequest;
pub use operator::{Bound, Erased};
pub use outbox::{ExportedDelivery, Outbox, Queued, Revealed};
pub use rate_limits::RateLimits;
pub use start::Made;
pub use terms::{Shown, Withdrawal};
pub use unbinding::SignedUnbinding;
pub use validation::{Asker, Submission, Submitted, TokenRequest, Validated};
pub use visits::{Subject, Visit};

use crate::brand::Brand;
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::signing::SigningKeys;
use crate::federation::Federation;
use crate::identity::policy::Policies;
use crate::identity::recent_lookups::RecentLookups;
use crate::store::Store;
use crate::texts::Texts;

/// The running server, shared by all that work for it.
pub struct Vouch {
    /// What was absent when it started.
    pub made: Made,
    /// All settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The long-term keys.
    pub signing: SigningKeys,
    /// The documents that people accept.
    pub policies: Arc<Policies>,
    /// The words that people read.
    pub texts: Arc<Texts>,
    /// Links to this server.
    pub links: Arc<PublicLinks>,
    /// Who runs this server.
    pub brand: Arc<Brand>,
    /// Which bindings a look-up hash may match.
    pub directory: Arc<Directory>,
    /// The links by which people undo what others did with their address.
    pub disputes: Disputes,
    /// What has to be delivered to homeservers and people.
    pub outbox: Arc<Outbox>,
    store: Store,
    sealer: sealing::Sealer,
    messenger: Arc<messenger::Messenger>,
    federation: Federation,
    bearers: accounts::Bearers,
    rate_limits: Arc<RateLimits>,
    recent_lookups: RecentLookups,
}
