//! The standing of somebody who acts on their own data: what they have proved, and what that
//! entitles them to.
//!
//! A token or web session says whose it is, but not how it was obtained: OpenID tokens have no
//! audience, so a widget, a bridge or another server can register or sign in with one. Two things
//! prove more:
//!
//! * A **fresh proof**: the homeserver has just vouched for the user with an OpenID token that was
//!   never used here before. It counts for one purpose.
//! * A **confirmation**: a link that was sent to one of the user's addresses was followed for this
//!   very token or web session. Without one, addresses are masked.
//!
//! Somebody with a stolen token can also bind an address of their own to its user. So an address
//! that was bound in the last three days shows only itself when it confirms, since addresses that
//! its user binds afterwards need not be for the same eyes.

use ruma_common::{OwnedUserId, UserId};

use super::entries::Party;
use super::sealing::Sealer;
use super::{Caller, WebSession};
pub(super) use crate::clock::{APART, is_recent};
use crate::clock::{Clock, DAY, MINUTE, Millis};
use crate::error::Error;
use crate::identity::mask::masked;
use crate::identity::threepid::Address;
use crate::store::bindings::{self, Binding};
use crate::store::proofs::{self, Bearer, Standing};
use crate::store::{Conn, accounts};

/// The maximum age of a proof for actions that cannot be undone or that show everything at once.
pub(super) const FRESH: Millis = 5 * MINUTE;

/// The time for which a confirmation holds.
pub(super) const CONFIRMED: Millis = 30 * MINUTE;

/// The time for which an address must have been bound to confirm everything, and for which an
/// unconfirmed erasure waits.
pub(crate) const SETTLED: Millis = 3 * DAY;

/// A Matrix user who acts on their own data, by an access token or a web session.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user.
    pub mxid: OwnedUserId,
    pub(super) bearer: Bearer,
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self { mxid: caller.mxid.clone(), bearer: Bearer::Token(caller.token_hash.to_vec()) }
    }
}

impl Actor {
    /// The user of a web session.
    #[must_use]
    pub fn of_session(mxid: OwnedUserId, session: &WebSession) -> Self {
        Self { mxid, bearer: Bearer::Visit(session.token_hash.as_ref().to_vec()) }
    }
}

/// The addresses by which a user can confirm something.
pub(super) struct Addresses {
    /// The bound addresses, and the times since which they are bound.
    pub bound: Vec<(Address, Millis)>,
    /// True if one was removed in the last [`SETTLED`], perhaps by somebody else. The others then
    /// do not speak for all, even if there are none.
    pub is_one_missing: bool,
}

impl Addresses {
    /// Returns the addresses of a user, and the rows of the bound ones in the same order. In a
    /// transaction that has locked the account, no other transaction can change them.
    pub async fn of(
        conn: &mut Conn,
        sealer: &Sealer,
        clock: &Clock,
        mxid: &UserId,
    ) -> Result<(Vec<Binding>, Self), Error> {
        let rows = bindings::of_user(conn, sealer.binding_user_index(mxid).as_ref()).await?;
        // Read after them, since removed addresses are recorded here.
        let unbound_at = accounts::unbound_at(conn, sealer.account_index(mxid).as_ref()).await?;
        let opened = |row: &Binding| Ok((sealer.open_bound_address(&row.address_index, &row.address)?, row.bound_at));
        let bound = rows.iter().map(opened).collect::<Result<_, Error>>()?;
        Ok((rows, Self { bound, is_one_missing: unbound_at.is_some_and(|at| !is_settled(at, clock)) }))
    }
}

/// Returns whether something happened long enough ago for its user to have stopped it. Time that
/// may turn out to be wrong does not count.
fn is_settled(at: Millis, clock: &Clock) -> bool {
    clock.settled() - at >= SETTLED
}

/// The addresses that are shown in full.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// None.
    Nothing,
    /// This one, wherever it is stored.
    Only(Address),
    /// All.
    Everything,
}

impl Sight {
    /// Returns the sight that a standing gives of a user with these addresses.
    pub fn of(sealer: &Sealer, standing: &Standing, addresses: &Addresses, clock: &Clock) -> Self {
        let Standing { confirmed_at: Some(at), confirmed_by: Some(by), .. } = standing else { return Self::Nothing };
        let is_theirs = |(address, _): &&(Address, Millis)| sealer.is_confirmed_by(by, address);
        match addresses.bound.iter().find(is_theirs) {
            Some(_) if !is_recent(*at, CONFIRMED, clock.now()) => Self::Nothing,
            Some((_, since)) if is_settled(*since, clock) => Self::Everything,
            Some((address, _)) => Self::Only(address.clone()),
            // Somebody else may read it by now.
            None => Self::Nothing,
        }
    }

    /// Returns whether it is enough to erase everything at once.
    pub fn suffices(&self, addresses: &Addresses) -> bool {
        let is_all_shown = || addresses.bound.iter().all(|(address, _)| self.shows(address));
        *self == Self::Everything || (!addresses.is_one_missing && is_all_shown())
    }

    /// Returns whether an address is shown.
    pub fn shows(&self, address: &Address) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(shown) => shown == address,
            Self::Everything => true,
        }
    }

    /// Returns an address, or its mask.
    pub fn address(&self, address: &Address) -> String {
        if self.shows(address) { address.as_str().to_owned() } else { masked(address) }
    }

    /// The same as [`Self::address`], as a party.
    pub fn party(&self, address: &Address) -> Party {
        Party::Address { medium: address.medium().as_str(), address: self.address(address) }
    }
}

/// Returns the id of the bound address that a bearer has confirmed.
pub(super) async fn confirmer(
    conn: &mut Conn,
    sealer: &Sealer,
    bearer: &Bearer,
    rows: &[Binding],
) -> Result<Option<[u8; 16]>, Error> {
    let by = proofs::standing(conn, bearer).await?.confirmed_by;
    for row in rows {
        let address = sealer.open_bound_address(&row.address_index, &row.address)?;
        if by.as_deref().is_some_and(|by| sealer.is_confirmed_by(by, &address)) {
            return Ok(Some(sealer.address_id(row)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::crypto::master_key::MasterKey;
    use crate::crypto::vault::Vault;

    const NOW: Millis = 1_795_435_200_000;

    fn email(text: &str) -> Address {
        Address::email(text).unwrap()
    }

    #[test]
    fn a_new_address_confirms_only_itself_and_an_unbound_one_nothing() {
        let sealer = Sealer::new(Arc::new(Vault::new(&MasterKey::generate())));
        let (old, new) = (email("old@example.com"), email("new@example.com"));
        let newer = email("newer@example.com");
        let bound = vec![(old.clone(), NOW - 9 * DAY), (new.clone(), NOW - SETTLED + 1), (newer.clone(), NOW)];
        let addresses = Addresses { bound, is_one_missing: false };
        let confirmed = |by: &Address, at| Standing {
            proof_at: None,
            confirmed_at: Some(at),
            confirmed_by: Some(sealer.confirmed_index(by).as_ref().to_vec()),
        };
        let sight = |by: &Address, at, now| Sight::of(&sealer, &confirmed(by, at), &addresses, &Clock::stopped_at(now));
        assert_eq!(sight(&old, NOW, NOW), Sight::Everything);
        assert_eq!(sight(&old, NOW - CONFIRMED + 1, NOW), Sight::Everything);
        assert_eq!(sight(&old, NOW - CONFIRMED, NOW), Sight::Nothing);
        assert_eq!(sight(&old, NOW + APART + 1, NOW), Sight::Nothing, "a clock that was wrong confirms nothing");
        assert_eq!(sight(&new, NOW, NOW), Sight::Only(new.clone()));
        assert_eq!(sight(&newer, NOW, NOW), Sight::Only(newer.clone()));
        assert_eq!(sight(&new, NOW + 1, NOW + 1), Sight::Everything);
        assert_eq!(sight(&email("gone@example.com"), NOW, NOW), Sight::Nothing);
        let nothing = Sight::of(&sealer, &Standing::default(), &addresses, &Clock::stopped_at(NOW));
        assert_eq!(nothing, Sight::Nothing);
    }

    #[test]
    fn while_an_address_is_missing_only_an_old_one_suffices() {
        let (one, other) = (email("one@example.com"), email("other@example.com"));
        let sights = |only: &Address| [Sight::Nothing, Sight::Only(only.clone()), Sight::Everything];
        for (addresses, plain) in [
            (vec![], [true, true, true]),
            (vec![(one.clone(), NOW)], [false, true, true]),
            (vec![(one.clone(), NOW), (other, NOW)], [false, false, true]),
        ] {
            for (is_one_missing, expected) in [(false, plain), (true, [false, false, true])] {
                let addresses = Addresses { bound: addresses.clone(), is_one_missing };
                assert_eq!(sights(&one).map(|sight| sight.suffices(&addresses)), expected);
            }
        }
    }
}
