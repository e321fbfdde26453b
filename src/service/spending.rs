//! Budgets, charged: what [`budget`](crate::identity::budget) says, done to the rows of the database.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Caller, Vouch};
use crate::clock::{HOUR, Millis};
use crate::config::Bucket;
use crate::crypto::vault::Purpose;
use crate::error::Error;
use crate::identity::budget::{self, Credits, Level, Principal, RetryAfter};
use crate::identity::threepid::Address;
use crate::store::budgets::{self, StoredLevel};
use crate::store::{self, Conn};

/// How often a charge is tried when others charge the same buckets in the same moment.
const TRIES: usize = 20;

/// Where a request comes from, as coarse as budgets want it: a /24 or a /48.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address; an IPv4 address in IPv6's clothes is one of IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !0xff).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, if self.0.is_ipv4() { 24 } else { 48 })
    }
}

/// Why a transaction that charges was not committed.
pub(super) enum Failure {
    /// Another one charged the same bucket in the same moment: try again.
    Overtaken,
    /// It is not to be.
    Refused(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl From<RetryAfter> for Error {
    fn from(wait: RetryAfter) -> Self {
        Self::limit_exceeded(wait.millis())
    }
}

/// Whom this charges, and the bucket.
type Purse1 = (Principal, Bucket);

/// What this node has been charged for ahead.
#[derive(Default)]
pub(super) struct Purse {
    credits: Mutex<Credits>,
    /// When the operator was last told that everybody's budget is full.
    alarmed_at: AtomicI64,
}

impl Purse {
    fn credits(&self) -> MutexGuard<'_, Credits> {
        self.credits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
