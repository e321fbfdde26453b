//! Epochs, peppers and digests (MSC2134).
//!
//! A pepper is derived from the master key and the number of its epoch, so all nodes agree on it
//! without communicating, even after a restart.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::clock::Millis;
use crate::crypto::base62;

/// The lifetime of one pepper, as the number of whole periods since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(i64);

impl Epoch {
    /// Returns the number of whole periods since the Unix epoch.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Returns the previous epoch.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0 - 1)
    }

    /// Returns the next epoch.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The salt of look-up hashes: 32 letters and digits. Not secret, since all clients receive it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pepper(Arc<str>);

const PEPPER_LENGTH: usize = 32;

impl Pepper {
    /// Returns the lowest 32 base-62 digits of the HMAC. Their bias is below 2⁻⁶⁰.
    fn of(key: &[u8; 32], epoch: Epoch) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(&epoch.0.to_be_bytes());
        Self(base62::encode(&mac.finalize().into_bytes().into(), PEPPER_LENGTH).into())
    }

    /// Returns the text of the pepper.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The previous, the current and the next pepper, and one more during a change.
const RECENT: usize = 4;

/// The peppers of all epochs.
pub struct Peppers {
    /// Returns the key of the epoch that begins at this time.
    key: Box<dyn Fn(Millis) -> Zeroizing<[u8; 32]> + Send + Sync>,
    period: Millis,
    /// The most recently used peppers. Each look-up needs one or two.
    recent: RwLock<Vec<(Epoch, Pepper)>>,
}

impl Peppers {
    /// Creates the peppers of a key, with a new one every `period` (at least a millisecond).
    #[must_use]
    pub fn new(key: &[u8; 32], period: Duration) -> Self {
        let key = Zeroizing::new(*key);
        Self::of_keys(move |_, _| key.clone(), period)
    }

    /// As [`Self::new`], with the key for the epoch that begins at a time, of a period in
    /// milliseconds.
    #[must_use]
    pub fn of_keys(
        keys: impl Fn(Millis, Millis) -> Zeroizing<[u8; 32]> + Send + Sync + 'static,
        period: Duration,
    ) -> Self {
        let period = Millis::try_from(period.as_millis()).unwrap_or(Millis::MAX).max(1);
        Self { key: Box::new(move |begins| keys(begins, period)), period, recent: RwLock::default() }
    }

    /// Returns the epoch of `now`, whose pepper `hash_details` returns.
    #[must_use]
    pub const fn current(&self, now: Millis) -> Epoch {
        Epoch(now.div_euclid(self.period))
    }

    /// Returns the start of an epoch, which is the end of the previous one.
    #[must_use]
    pub const fn begins(&self, epoch: Epoch) -> Millis {
        epoch.0.saturating_mul(self.period)
    }

    /// Returns the pepper of an epoch.
    #[must_use]
    pub fn pepper(&self, epoch: Epoch) -> Pepper {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pepper)) = recent.iter().find(|(of, _)| *of == epoch) {
            return pepper.clone();
        }
        drop(recent);
        let pepper = Pepper::of(&(self.key)(self.begins(epoch)), epoch);
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.insert(0, (epoch, pepper.clone()));
        recent.truncate(RECENT);
        pepper
    }

    /// Returns the epoch of a pepper that a client sends: the current one, or the previous one,
    /// which clients that cache `hash_details` still use. `None` for any other pepper.
    #[must_use]
    pub fn accepted(&self, now: Millis, pepper: &str) -> Option<Epoch> {
        let current = self.current(now);
        [current, current.previous()].into_iter().find(|epoch| self.pepper(*epoch).as_str() == pepper)
    }
}

/// Hides the key.
impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peppers").field("period", &self.period).finish_non_exhaustive()
    }
}

/// A look-up hash: SHA-256 of `<address> <medium> <pepper>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// Returns the digest of a [look-up form](super::threepid::Address::lookup_forms), `<address>
/// <medium>`, with a pepper.
#[must_use]
pub fn digest(lookup_form: &str, pepper: &str) -> Digest {
    Digest(Sha256::new().chain_update(lookup_form).chain_update(" ").chain_update(pepper).finalize().into())
}

impl Digest {
    /// Parses a hash as clients send it: in base64 as specified, or in hexadecimal as the iOS SDK
    /// has done since 0.27.15. Anything else is not the hash of any address, hence `None` and not
    /// an error.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.len() {
            43 => Self::from_base64url(text),
            64 => Self::from_hex(text),
            _ => None,
        }
    }

    /// Parses 43 characters of URL-safe base64 without padding, in which the two trailing bits are
    /// zero.
    fn from_base64url(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == bytes.len()).then_some(Self(bytes))
    }

    /// Parses 64 hexadecimal digits in either case.
    fn from_hex(text: &str) -> Option<Self> {
        let nibble = |digit: u8| u8::try_from(char::from(digit).to_digit(16)?).ok();
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = (nibble(*high)? << 4) | nibble(*low)?;
        }
        Some(Self(bytes))
    }

    /// Encodes the digest as the specification requires.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the first 64 bits.
    pub(super) fn prefix(&self) -> u64 {
        u64::from_be_bytes(self.0.as_chunks().0[0])
    }
}

/// Hides the hash, which is as good as the address when the pepper is known.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::clock::{DAY, HOUR};

    fn peppers() -> Peppers {
        Peppers::new(&[7; 32], Duration::from_hours(24))
    }

    fn hex(digest: &Digest) -> String {
        digest.0.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
    }

    #[test]
    fn the_proposal_s_test_vectors() {
        for (form, hash) in [
            ("alice@example.com email", "4kenr7N9drpCJ4AfalmlGQVsOn3o2RHjkADUpXJWZUc"),
            ("bob@example.com email", "LJwSazmv46n0hlMlsb_iYxI0_HXEqy_yj6Jm636cdT8"),
            ("18005552067 msisdn", "nlo35_T5fzSGZzJApqu8lgIudJvmOQtDaHtr-I4rU7I"),
        ] {
            let digest = digest(form, "matrixrocks");
            assert_eq!(digest.to_base64url(), hash);
            assert_eq!(Digest::parse(hash), Some(digest));
            assert_eq!(Digest::parse(&hex(&digest)), Some(digest));
            assert_eq!(Digest::parse(&hex(&digest).to_uppercase()), Some(digest));
        }
    }

    #[test]
    fn other_texts_are_not_hashes() {
        let good = digest("alice@example.com email", "matrixrocks");
        let base64 = good.to_base64url();
        let padded = format!("{base64}=");
        let stray_bits = format!("{}d", &base64[..42]);
        let wide = format!("{}é", &base64[..41]);
        let long_hex = format!("{}0", hex(&good));
        let other_alphabet = URL_SAFE_NO_PAD.encode([0xFF; 32]).replace('_', "/");
        let no_hex = "g".repeat(64);
        for text in ["", "a", &base64[..42], &padded, &stray_bits, &wide, &long_hex, &no_hex, &other_alphabet] {
            assert_eq!(Digest::parse(text), None, "{text}");
            assert_eq!(Digest::from_base64url(text), None, "{text}");
            assert_eq!(Digest::from_hex(text), None, "{text}");
        }
    }

    #[test]
    fn a_pepper_is_32_letters_and_digits_that_depend_on_key_and_epoch_only() {
        let (here, elsewhere) = (peppers(), peppers());
        let today = here.current(20_000 * DAY);
        let pepper = here.pepper(today);
        assert_eq!(pepper.as_str().len(), 32);
        assert!(pepper.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(elsewhere.pepper(elsewhere.current(20_001 * DAY - 1)).as_str(), pepper.as_str());
        assert_ne!(here.pepper(today.next()).as_str(), pepper.as_str());
        let stranger = Peppers::new(&[8; 32], Duration::from_hours(24));
        assert_ne!(stranger.pepper(today).as_str(), pepper.as_str());
    }

    #[test]
    fn a_pepper_is_the_hmac_in_base_62() {
        // The 32 lowest base-62 digits of HMAC-SHA256(07 × 32, 00 00 00 00 00 00 4e 20).
        let pepper = peppers().pepper(Epoch(20_000));
        assert_eq!(pepper.as_str(), "PmgICRc79UmnsOt0m5GqouzeS7dgE8Rh");
    }

    #[test]
    fn the_current_pepper_and_the_previous_are_accepted() {
        let peppers = peppers();
        let now = 20_000 * DAY + HOUR;
        let current = peppers.current(now);
        let text = |epoch| peppers.pepper(epoch).to_string();
        assert_eq!(peppers.accepted(now, &text(current)), Some(current));
        assert_eq!(peppers.accepted(now, &text(current.previous())), Some(current.previous()));
        assert_eq!(peppers.accepted(now, &text(current.next())), None);
        assert_eq!(peppers.accepted(now, &text(current.previous().previous())), None);
        assert_eq!(peppers.accepted(now, &text(current).to_lowercase()), None);
        assert_eq!(peppers.accepted(now, ""), None);
    }

    #[test]
    fn an_epoch_lasts_until_the_next_one_begins() {
        let peppers = peppers();
        let epoch = Epoch(20_000);
        assert_eq!(peppers.begins(epoch), 20_000 * DAY);
        assert_eq!(peppers.current(peppers.begins(epoch)), epoch);
        assert_eq!(peppers.current(peppers.begins(epoch) - 1), epoch.previous());
        assert_eq!(peppers.current(peppers.begins(epoch.next())), epoch.next());
    }

    #[test]
    fn a_cached_pepper_is_the_derived_one() {
        let peppers = peppers();
        for number in [0, 1, 2, 3, 4, 5, 4, 0, -1, -4, 0] {
            let epoch = Epoch(number);
            assert_eq!(peppers.pepper(epoch), Pepper::of(&[7; 32], epoch));
            assert_eq!(peppers.pepper(epoch), Pepper::of(&[7; 32], epoch));
        }
    }

    #[test]
    fn debug_output_hides_key_and_hash() {
        assert_eq!(format!("{:?}", peppers()), "Peppers { period: 86400000, .. }");
        assert_eq!(format!("{:?}", digest("a@b email", "p")), "Digest(…)");
    }

    proptest! {
        #[test]
        fn a_printed_digest_parses_to_itself(bytes: [u8; 32]) {
            let digest = Digest(bytes);
            prop_assert_eq!(Digest::parse(&digest.to_base64url()), Some(digest));
            prop_assert_eq!(Digest::parse(&hex(&digest)), Some(digest));
        }

        #[test]
        fn only_the_printed_forms_parse(text in "[A-Za-z0-9_+/=-]{43}|[0-9a-zA-F]{64}|\\PC{0,64}") {
            if let Some(digest) = Digest::parse(&text) {
                prop_assert!(text == digest.to_base64url() || text.to_lowercase() == hex(&digest));
            }
        }
    }
}
