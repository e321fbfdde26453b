//! The keys that derive from one master key, and blind indexes.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Column, MasterKey, Purpose, base62, first_half, mac};
use crate::clock::Millis;

/// The bytes of a hash.
const HASH: usize = 16;

/// Everything that derives from one master key.
pub(super) struct Keys {
    pub master: MasterKey,
    /// Since when it is the database's, except for the first key.
    pub since: Millis,
    pub ciphers: [Aes256Gcm; Column::ALL.len()],
    pub links: Aes256Gcm,
    pub tokens: Hmac<Sha256>,
    pub pepper: Zeroizing<[u8; 32]>,
    pub check: [u8; 32],
    indexes: [Hmac<Sha256>; Purpose::ALL.len()],
    validation: Hmac<Sha256>,
    codes: Hmac<Sha256>,
}

impl Keys {
    pub fn new(master: &MasterKey, since: Millis) -> Self {
        Self {
            master: master.clone(),
            since,
            ciphers: Column::ALL.map(|(_, name)| Aes256Gcm::new(&(*master.derive(&format!("seal:{name}"))).into())),
            links: Aes256Gcm::new(&(*master.derive("seal:links")).into()),
            tokens: mac(&master.derive("access-token")),
            pepper: master.derive("pepper"),
            check: master.check_value(),
            indexes: Purpose::ALL.map(|(_, label)| mac(&master.derive(label))),
            validation: mac(&master.derive("validation-token")),
            codes: mac(&master.derive("validation-code")),
        }
    }

    pub fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; HASH] {
        let mut mac = self.indexes[purpose as usize].clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        first_half(mac)
    }

    pub fn validation_token(&self, sid: &str) -> String {
        let mut mac = self.validation.clone();
        mac.update(sid.as_bytes());
        base62::encode(&mac.finalize().into_bytes().into(), 32)
    }

    pub fn validation_code(&self, sid: &str, since: Millis) -> String {
        let mut mac = self.codes.clone();
        mac.update(&since.to_be_bytes());
        mac.update(sid.as_bytes());
        // The codes are uniform: their shares of the 2¹²⁸ numbers differ by one in 10³².
        format!("{:06}", u128::from_be_bytes(first_half(mac)) % 1_000_000)
    }
}

/// A keyed, truncated hash by which a sealed value is found.
///
/// Under the first master key of a database it is 16 bytes. Each further master key makes its index
/// of the one before, so an index can be renewed without the value, and puts its number in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlindIndex {
    lasting: [u8; HASH],
    stored: Stored,
}

/// A blind index as it is stored: the number of its master key, and the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Stored([u8; 1 + HASH]);

impl BlindIndex {
    /// Returns an index of the first master key, or any other 16 bytes that own a sealed value.
    #[must_use]
    pub const fn new(hash: [u8; HASH]) -> Self {
        Self { lasting: hash, stored: Stored::new(1, hash) }
    }

    pub(super) const fn renewed(lasting: [u8; HASH], stored: Stored) -> Self {
        Self { lasting, stored }
    }

    /// Returns the index of the first master key, which further ones do not change: for what is
    /// derived from it, and for links.
    #[must_use]
    pub const fn lasting(&self) -> [u8; HASH] {
        self.lasting
    }
}

impl AsRef<[u8]> for BlindIndex {
    fn as_ref(&self) -> &[u8] {
        self.stored.as_ref()
    }
}

impl Stored {
    pub const fn new(generation: u8, hash: [u8; HASH]) -> Self {
        let mut bytes = [generation; 1 + HASH];
        bytes.split_at_mut(1).1.copy_from_slice(&hash);
        Self(bytes)
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            HASH => Some(Self::new(1, bytes.try_into().ok()?)),
            _ => Some(Self(bytes.try_into().ok()?)),
        }
    }

    pub const fn generation(self) -> u8 {
        self.0[0]
    }
}

impl AsRef<[u8]> for Stored {
    fn as_ref(&self) -> &[u8] {
        if self.0[0] == 1 { &self.0[1..] } else { &self.0 }
    }
}
