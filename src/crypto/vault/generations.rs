//! The master keys of a database, one after the other.
//!
//! When the master key is exchanged, the former ones are stored, sealed with the new one: an index
//! of the new key is made of one of the key before, so whoever has a former key alone can make none
//! that is stored. What is stored is renewed row by row; until all of it is, the key before the
//! current one opens values too.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use super::END;
use super::keys::{BlindIndex, Keys, Stored};
use super::{Column, MasterKey, Purpose, Unsealable, Vault, associated_data, decrypt, encrypt, pad};
use crate::clock::Millis;

/// Owns the sealed former keys.
const OWNER: &[u8] = &[0; 16];

/// The master keys of a database.
#[derive(Clone)]
pub(super) struct Generations {
    /// The oldest first, and at least one. The number of each is its place, counted from 1.
    keys: Vec<Arc<Keys>>,
    /// Whether rows of the key before the current one may be left.
    pub is_moving: bool,
    /// Whether links of the key before the current one are accepted.
    accepts_links: bool,
    /// Whether tokens and codes of validation sessions of that key are.
    accepts_tokens: bool,
}

impl Generations {
    pub fn first(master: &MasterKey) -> Self {
        Self {
            keys: vec![Arc::new(Keys::new(master, Millis::MIN))],
            is_moving: false,
            accepts_links: false,
            accepts_tokens: false,
        }
    }

    pub fn current(&self) -> &Keys {
        self.keys.last().expect("there is at least one")
    }

    pub fn oldest(&self) -> &Keys {
        &self.keys[0]
    }

    /// The key that was current just before a time.
    pub fn at(&self, time: Millis) -> &Keys {
        self.keys.iter().rfind(|keys| keys.since < time).unwrap_or(&self.keys[0])
    }

    pub fn number(&self) -> u8 {
        u8::try_from(self.keys.len()).expect("no more master keys are taken")
    }

    /// The keys of which links are accepted, the current one first.
    pub fn of_links(&self) -> impl Iterator<Item = &Keys> {
        self.last(1 + usize::from(self.accepts_links))
    }

    /// The keys of which tokens and codes are accepted, the current one first.
    pub fn of_tokens(&self) -> impl Iterator<Item = &Keys> {
        self.last(1 + usize::from(self.accepts_tokens))
    }

    fn last(&self, count: usize) -> impl Iterator<Item = &Keys> {
        self.keys.iter().rev().take(count).map(|keys| &**keys)
    }

    pub fn seal(&self, column: Column, owner: &[u8], value: &str) -> Vec<u8> {
        let cipher = &self.current().ciphers[column as usize];
        encrypt(cipher, self.number(), &associated_data(column, owner), &pad(value))
    }

    pub fn open(&self, column: Column, owner: &[u8], sealed: &[u8]) -> Result<String, Unsealable> {
        let number = *sealed.first().ok_or(Unsealable)?;
        if number != self.number() && !(self.is_moving && number + 1 == self.number()) {
            return Err(Unsealable);
        }
        let keys = self.keys.get(usize::from(number).wrapping_sub(1)).ok_or(Unsealable)?;
        let mut value = decrypt(&keys.ciphers[column as usize], &associated_data(column, owner), sealed)?;
        let end = value.iter().rposition(|&byte| byte != 0).filter(|&end| value[end] == END).ok_or(Unsealable)?;
        value.truncate(end);
        String::from_utf8(value).map_err(|_| Unsealable)
    }

    /// Returns an index in the forms of the key before the current one, and of the current one.
    pub fn forms(&self, purpose: Purpose, lasting: [u8; 16]) -> (Vec<u8>, BlindIndex) {
        let former = self.renewed(purpose, Stored::new(1, lasting), self.number().saturating_sub(1));
        let current = self.renewed(purpose, former, self.number());
        (former.as_ref().to_vec(), BlindIndex::renewed(lasting, current))
    }

    /// Returns the form that an index has under the key with a later number.
    fn renewed(&self, purpose: Purpose, mut index: Stored, until: u8) -> Stored {
        for number in index.generation() + 1..=until {
            let hash = self.keys[usize::from(number) - 1].hash(purpose, &[index.as_ref()]);
            index = Stored::new(number, hash);
        }
        index
    }
}

impl From<Generations> for Vault {
    fn from(generations: Generations) -> Self {
        Self { generations: ArcSwap::from_pointee(generations), touched: Mutex::default() }
    }
}

impl Vault {
    /// Opens a database that has had other master keys, which it stores sealed with this one.
    ///
    /// # Errors
    /// [`Unsealable`] if they were sealed with another one.
    pub fn with_former(master: &MasterKey, former: &[u8], is_moving: bool) -> Result<Self, Unsealable> {
        let number = *former.first().ok_or(Unsealable)?;
        let cipher = &Keys::new(master, 0).ciphers[Column::FormerKeys as usize];
        let opened = Zeroizing::new(decrypt(cipher, &associated_data(Column::FormerKeys, OWNER), former)?);
        let text = str::from_utf8(&opened).map_err(|_| Unsealable)?;
        let (mut keys, mut since) = (Vec::new(), Millis::MIN);
        for line in text.lines() {
            let (key, until) = line.split_once(' ').ok_or(Unsealable)?;
            keys.push(Arc::new(Keys::new(&MasterKey::parse(key).ok_or(Unsealable)?, since)));
            since = until.parse().map_err(|_| Unsealable)?;
        }
        keys.push(Arc::new(Keys::new(master, since)));
        if keys.len() != usize::from(number) {
            return Err(Unsealable);
        }
        Ok(Generations { keys, is_moving, accepts_links: is_moving, accepts_tokens: is_moving }.into())
    }

    /// Returns the vault of the same database with another master key from now on, and the former
    /// keys, sealed with that; or `None` if the database can have no more of them.
    ///
    /// # Panics
    /// If the operating system supplies no randomness.
    #[must_use]
    pub fn succeeded_by(&self, master: &MasterKey, now: Millis) -> Option<(Self, Vec<u8>)> {
        let mut keys = self.generations.load().keys.clone();
        keys.push(Arc::new(Keys::new(master, now)));
        // Each with the time until which it was current.
        let mut text = Zeroizing::new(String::new());
        for pair in keys.windows(2) {
            text.push_str(pair[0].master.to_text().trim_end());
            text.extend([" ", &pair[1].since.to_string(), "\n"]);
        }
        u8::try_from(keys.len()).ok()?;
        let next = Generations { keys, is_moving: true, accepts_links: true, accepts_tokens: true };
        let cipher = &next.current().ciphers[Column::FormerKeys as usize];
        let aad = associated_data(Column::FormerKeys, OWNER);
        let former = encrypt(cipher, next.number(), &aad, text.as_bytes());
        Some((next.into(), former))
    }

    /// Goes on with the keys of another vault of the same database.
    pub fn adopt(&self, other: &Self) {
        self.generations.store(other.generations.load_full());
    }

    /// Whether rows of the former master key may be left.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.generations.load().is_moving
    }

    /// Stops opening what was stored under the former master key: everything has been renewed.
    pub fn end_move(&self) {
        self.generations.rcu(|generations| Generations { is_moving: false, ..(**generations).clone() });
        self.forget_touches();
    }

    /// Sets whether links, and whether tokens and codes, of the former master key are accepted.
    pub fn accept_former(&self, accepts_links: bool, accepts_tokens: bool) {
        let accepting = |all: &Arc<Generations>| Generations { accepts_links, accepts_tokens, ..(**all).clone() };
        self.generations.rcu(accepting);
    }

    /// Returns when the master key was last exchanged.
    #[must_use]
    pub fn exchanged_at(&self) -> Option<Millis> {
        let generations = self.generations.load();
        (generations.number() > 1).then(|| generations.current().since)
    }

    /// The number of the current master key: the first byte of what is sealed, and of an index of
    /// 17 bytes.
    #[must_use]
    pub fn generation(&self) -> u8 {
        self.generations.load().number()
    }

    /// Returns the current form of an index that is stored; anything else unchanged.
    #[must_use]
    pub fn renewed(&self, purpose: Purpose, index: &[u8]) -> Vec<u8> {
        let generations = self.generations.load();
        Stored::read(index).map_or_else(
            || index.to_vec(),
            |stored| generations.renewed(purpose, stored, generations.number()).as_ref().to_vec(),
        )
    }

    /// As [`Self::renewed`], of an index that is sought then.
    #[must_use]
    pub fn sought_as_stored(&self, purpose: Purpose, index: &[u8]) -> Vec<u8> {
        let renewed = self.renewed(purpose, index);
        if self.is_moving() && renewed != index {
            self.note_touch(purpose, index.to_vec(), &renewed);
        }
        renewed
    }

    /// Seals a value with the current master key for another owner.
    ///
    /// # Errors
    /// [`Unsealable`] if it does not open.
    pub fn resealed(
        &self,
        column: Column,
        owner: &[u8],
        sealed: &[u8],
        new_owner: &[u8],
    ) -> Result<Vec<u8>, Unsealable> {
        let generations = self.generations.load();
        let value = Zeroizing::new(generations.open(column, owner, sealed)?);
        Ok(generations.seal(column, new_owner, &value))
    }
}
