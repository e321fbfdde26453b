//! The keys of the audit log. They are derived from a random secret that the database stores
//! sealed, and not from the master key. So a new master key only needs to seal that secret again,
//! and the chain and the pseudonyms stay the same.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{BlindIndex, Column, MasterKey, Unsealable, Vault, base62, first_half, mac};

/// Owns the sealed secret: there is one.
const OWNER: BlindIndex = BlindIndex::new([0; 16]);

/// The keys derived from the secret of the audit log.
pub struct AuditKeys {
    entries: Hmac<Sha256>,
    links: Hmac<Sha256>,
    ends: Hmac<Sha256>,
    names: Hmac<Sha256>,
}

/// A place in the chain: the number of an entry, and its link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The number; 0 is before the first entry.
    pub sequence: i64,
    /// The link.
    pub link: [u8; 32],
}

impl Vault {
    /// Returns a new secret for the audit log, sealed.
    ///
    /// # Panics
    /// If the operating system supplies no randomness.
    #[must_use]
    pub fn new_audit_secret(&self) -> Vec<u8> {
        let secret = Zeroizing::new(base62::random_bytes::<32>());
        self.seal(Column::AuditSecret, &OWNER, &BASE64_STANDARD.encode(*secret))
    }

    /// Seals the secret of the audit log again.
    ///
    /// # Errors
    /// [`Unsealable`] if it is none.
    pub fn resealed_audit_secret(&self, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        self.resealed(Column::AuditSecret, OWNER.as_ref(), sealed, OWNER.as_ref())
    }

    /// Derives the keys of the audit log from its sealed secret.
    ///
    /// # Errors
    /// [`Unsealable`] for anything else.
    pub fn audit_keys(&self, sealed: &[u8]) -> Result<AuditKeys, Unsealable> {
        let secret = Zeroizing::new(self.open(Column::AuditSecret, OWNER.as_ref(), sealed)?);
        // It has the form of a master key, so other keys can be derived from it.
        let secret = MasterKey::parse(&secret).ok_or(Unsealable)?;
        let key = |label| mac(&secret.derive(label));
        Ok(AuditKeys {
            entries: key("audit:entry"),
            links: key("audit:link"),
            ends: key("audit:end"),
            names: key("audit:name"),
        })
    }
}

impl AuditKeys {
    /// Returns the MAC of an entry.
    #[must_use]
    pub fn entry_mac(&self, entry: &str) -> [u8; 16] {
        first_half(self.entries.clone().chain_update(entry))
    }

    /// Returns the place of an entry that follows this one.
    #[must_use]
    pub fn follow(&self, last: Place, entry: &str, entry_mac: &[u8]) -> Place {
        let sequence = last.sequence + 1;
        let mac = self.links.clone().chain_update(sequence.to_be_bytes()).chain_update(last.link);
        let mac = mac.chain_update((entry.len() as u64).to_be_bytes()).chain_update(entry).chain_update(entry_mac);
        Place { sequence, link: mac.finalize().into_bytes().into() }
    }

    /// Returns the stored form of a place where the chain ends. Nobody else can create it for
    /// another place. `which` names the end.
    #[must_use]
    pub fn seal_end(&self, which: &str, place: Place) -> Vec<u8> {
        let place = [place.sequence.to_be_bytes().as_slice(), &place.link].concat();
        let mac = self.ends.clone().chain_update(&place).chain_update(which);
        [place.as_slice(), &first_half(mac)].concat()
    }

    /// Returns the place from a value that [`Self::seal_end`] returned.
    #[must_use]
    pub fn open_end(&self, which: &str, stored: &[u8]) -> Option<Place> {
        let (sequence, rest) = stored.split_first_chunk()?;
        let place = Place { sequence: i64::from_be_bytes(*sequence), link: *rest.first_chunk()? };
        (self.seal_end(which, place) == stored).then_some(place)
    }

    /// Returns the pseudonym of a name or address of this kind: 22 characters.
    #[must_use]
    pub fn pseudonym(&self, kind: &str, name: &str) -> String {
        let mac = self.names.clone().chain_update(kind).chain_update([0]).chain_update(name);
        BASE64_URL_SAFE_NO_PAD.encode(first_half(mac))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_values_differ_by_purpose_kind_and_secret() {
        let vault = Vault::new(&MasterKey::generate());
        let sealed = vault.new_audit_secret();
        let (keys, same) = (vault.audit_keys(&sealed).unwrap(), vault.audit_keys(&sealed).unwrap());
        let other = vault.audit_keys(&vault.new_audit_secret()).unwrap();
        assert_eq!(keys.pseudonym("email", "a@b.c"), same.pseudonym("email", "a@b.c"));
        assert_ne!(keys.pseudonym("email", "a@b.c"), keys.pseudonym("msisdn", "a@b.c"));
        assert_ne!(keys.pseudonym("email", "a@b.c"), other.pseudonym("email", "a@b.c"));
        assert_ne!(keys.entry_mac("x"), other.entry_mac("x"));
        assert!(Vault::new(&MasterKey::generate()).audit_keys(&sealed).is_err());
    }

    #[test]
    fn an_end_is_that_of_its_place_alone() {
        let vault = Vault::new(&MasterKey::generate());
        let keys = vault.audit_keys(&vault.new_audit_secret()).unwrap();
        let first = keys.follow(Place::default(), "one", &keys.entry_mac("one"));
        let second = keys.follow(first, "two", &keys.entry_mac("two"));
        assert_eq!((first.sequence, second.sequence), (1, 2));
        assert_ne!(second.link, keys.follow(Place::default(), "two", &keys.entry_mac("two")).link);
        let stored = keys.seal_end("head", second);
        assert_eq!(keys.open_end("head", &stored), Some(second));
        assert_eq!(keys.open_end("anchor", &stored), None);
        let forged = [first.sequence.to_be_bytes().as_slice(), &first.link, &stored[40..]].concat();
        for wrong in [&forged[..], &stored[..39], &stored[..55], &[]] {
            assert_eq!(keys.open_end("head", wrong), None);
        }
    }
}
