//! Links to this server, in messages and in data sent to homeservers.

use std::sync::Arc;

use url::Url;

use crate::crypto::vault::Vault;
use crate::texts::Language;

/// The path of the page where the owner of an address requests a link to manage it.
const MANAGE_ADDRESS: &str = "address";

/// Builds links below `server.public_url`.
pub struct PublicLinks {
    base: Url,
    vault: Arc<Vault>,
}

impl PublicLinks {
    pub(super) const fn new(base: Url, vault: Arc<Vault>) -> Self {
        Self { base, vault }
    }

    /// Returns the link to a path, which is relative to `server.public_url`.
    pub(super) fn to(&self, path: &str) -> Url {
        let mut link = self.base.clone();
        link.path_segments_mut().expect("public_url is http or https").pop_if_empty().extend(path.split('/'));
        link
    }

    /// Returns a link to a page whose `token` carries a sealed value, for which nothing is stored.
    /// If a language is given, the page is in that language.
    pub(super) fn sealed(&self, path: &str, value: &[u8], language: Option<Language>) -> Url {
        let mut link = self.to(path);
        link.query_pairs_mut().append_pair("token", &self.vault.seal_link(value));
        if let Some(language) = language {
            link.query_pairs_mut().append_pair("lang", language.tag());
        }
        link
    }

    /// Returns the value in the `token` of a link made by [`Self::sealed`].
    pub(super) fn open(&self, token: &str) -> Option<Vec<u8>> {
        self.vault.open_link(token).ok()
    }

    /// Returns the page on which the owner of an address sees the data stored about it, and can
    /// object.
    pub(super) fn manage_address(&self, language: Language) -> Url {
        let mut link = self.to(MANAGE_ADDRESS);
        link.query_pairs_mut().append_pair("lang", language.tag());
        link
    }

    /// Returns the endpoint at which homeservers check a long-term key.
    #[must_use]
    pub fn key_validity(&self) -> Url {
        self.to("_matrix/identity/v2/pubkey/isvalid")
    }

    /// Returns the endpoint at which homeservers check the key of an invitation.
    #[must_use]
    pub fn ephemeral_key_validity(&self) -> Url {
        self.to("_matrix/identity/v2/pubkey/ephemeral/isvalid")
    }
}
