//! What the server does, whoever asks: the API, a page, or the operator's command line. Here the rules of [`identity`](crate::identity)
//! meet the database, and here alone values are sealed before they go there and opened when they come back.

mod accounts;
mod address;
mod bindings;
mod deliveries;
mod directory;
mod erasure;
mod held;
mod invites;
mod lookup;
mod not_me;
mod notices;
mod objecting;
mod onbind;
mod operator;
mod outbox;
mod person;
mod retention;
mod spending;
mod start;
mod terms;
mod unbinding;
mod validation;
mod visits;

use std::sync::Arc;

use url::Url;

pub use accounts::{Caller, Registration};
pub use address::{Held, HeldBinding, HeldConfirmation, HeldDelivery, HeldInvitation, Proof};
pub use deliveries::{ExportedDelivery, Queued, Revealed};
pub use directory::Directory;
pub use erasure::Receipt;
pub use held::{
    Export, ExportedAccount, ExportedConsent, ExportedInvite, ExportedSession, ExportedToken, ExportedVisit,
};
pub use invites::{Invitation, InviteRequest, InviteWords, Landing, StoredInvite};
pub use lookup::LookupRequest;
pub use not_me::Dispute;
pub use operator::{Bound, Erased};
pub use spending::Network;
pub use start::Made;
pub use terms::{Shown, Withdrawal};
pub use unbinding::SignedUnbinding;
pub use validation::{Asker, Submission, Submitted, TokenRequest, Validated};
pub use visits::{Subject, Visit};

use crate::brand::Brand;
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::{BlindIndex, Purpose, Vault};
use crate::federation::Federation;
use crate::identity::budget::Seen;
use crate::identity::policy::Policies;
use crate::identity::threepid::Address;
use crate::notify::emails::Words;
use crate::notify::mail::Mailer;
use crate::notify::sms::SmsSender;
use crate::store::Store;
use crate::texts::{Language, Texts};

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
    /// Who runs this server.
    pub brand: Arc<Brand>,
    /// Which bindings a look-up hash may match.
    pub directory: Arc<Directory>,
    store: Store,
    vault: Arc<Vault>,
    federation: Federation,
    mailer: Mailer,
    sms_sender: SmsSender,
    bearers: accounts::Bearers,
    seen: Seen,
    purse: spending::Purse,
    outbox: outbox::Outbox,
}

impl Vouch {
    /// Where people and homeservers reach a path of this server, which begins without a slash.
    fn public_link(&self, path: &str) -> Url {
        let mut link = self.config.server.public_url.clone();
        link.path_segments_mut().expect("public_url is http or https").pop_if_empty().extend(path.split('/'));
        link
    }

    /// Where homeservers ask whether a long-term key is valid.
    #[must_use]
    pub fn key_validity_url(&self) -> Url {
        self.public_link("_matrix/identity/v2/pubkey/isvalid")
    }

    /// Where homeservers ask whether the key of an invitation is valid.
    #[must_use]
    pub fn ephemeral_key_validity_url(&self) -> Url {
        self.public_link("_matrix/identity/v2/pubkey/ephemeral/isvalid")
    }

    /// The blind index of an address, for one purpose.
    fn address_index(&self, purpose: Purpose, address: &Address) -> BlindIndex {
        self.vault.index(purpose, &[address.medium().as_str().as_bytes(), address.as_str().as_bytes()])
    }

    /// What letters in a language are written with.
    fn words(&self, language: Language) -> Words<'_> {
        Words { brand: &self.brand, texts: &self.texts, language, server: self.config.server.name.as_str() }
    }
}
