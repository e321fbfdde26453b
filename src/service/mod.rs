//! The components of the server, which do the work for the API, the pages and the operator's
//! command line.
//!
//! Each component owns its state and names what it needs; docs/design.md shows how they depend on
//! each other. Values are sealed before they are stored and opened when they are read, always by
//! `sealing`.

mod accounts;
mod address_data;
mod address_link;
mod address_proofs;
mod association;
mod audit;
mod bindings;
mod bound;
mod caller;
mod clock_guard;
mod components;
mod confirmation_link;
mod confirmations;
mod deliverer;
mod directory;
mod dispute_link;
mod disputes;
mod entries;
mod erasure_link;
mod importer;
mod inspection;
mod invitations;
mod key_exchange;
mod links;
mod lookups;
mod maintenance;
mod messenger;
mod monitor;
mod node;
mod notices;
mod objections;
mod onbind;
mod outbox;
mod overview;
mod rate_limits;
mod respelling;
mod sealing;
mod self_service;
mod standing;
pub(crate) mod start;
mod unbinding;
mod validation;
mod web_sessions;

pub(crate) use accounts::OPENID_TOKEN_KEPT;
pub use accounts::{Accounts, Registration, Shown, Withdrawal};
pub use address_data::{Erased, Objector};
pub use address_link::Proof;
pub use address_proofs::AddressProofs;
pub(crate) use audit::written_entry;
pub use audit::{
    Act, Audit, Checkpoints, LastCheckpoint, Listed, Origin, Record, Selection, State as AuditState, Verified,
};
pub use bindings::Bindings;
pub use bound::Bound;
pub use caller::{Asker, Caller};
pub use clock_guard::ClockGuard;
pub use components::Services;
pub use confirmations::{Confirmations, Question};
pub use deliverer::Deliverer;
pub use directory::Directory;
pub use disputes::{Dispute, Disputes};
pub use entries::{ExportedBinding, ExportedDelivery, ExportedInvite, ExportedSession, Party};
pub use importer::{
    BindingSource, ImportedAccount, ImportedBinding, ImportedConsent, ImportedInvite, ImportedToken, Importer,
    MadeHere, Mode, NAMES, Outcome, PreparedBinding, Seen, Standing,
};
pub use inspection::{Inspection, KeyCheck};
pub use invitations::{IfBound, Invitation, Invitations, InviteRequest, InviteWords, Landing, StoredInvite};
pub(crate) use key_exchange::next_key_file;
pub use key_exchange::{KeyExchange, Progress};
pub use links::PublicLinks;
pub use lookups::{LookupRequest, Lookups};
pub use maintenance::Maintenance;
pub use monitor::Monitor;
pub use node::Node;
use notices::Notices;
pub use objections::Objections;
pub use outbox::{Outbox, Queued, Revealed};
pub use overview::{ClockStatus, NodeStatus, Overview, Status};
pub use rate_limits::{LimitLevels, RateLimits};
pub use self_service::{
    AddressExport, Export, ExportedAccount, ExportedAddress, ExportedConsent, ExportedToken, ExportedWebSession, Need,
    PendingErasure, Receipt, SelfService, Stoppable,
};
pub use standing::Actor;
pub(crate) use standing::SETTLED;
pub use start::Made;
pub use unbinding::SignedUnbinding;
pub use validation::{Submission, Submitted, TokenRequest, Validated, Validation};
pub use web_sessions::{Subject, WebSession, WebSessions};

pub use crate::identity::network::Network;
