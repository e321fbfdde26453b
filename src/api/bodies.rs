//! Limits on the memory for request bodies.
//!
//! Sending half a body and then stalling costs a client nothing. So the memory beyond the
//! [beginning](FREE) of each body is limited: per user, per network and in total.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::web::{BytesMut, Data};
use ruma_common::OwnedUserId;

use crate::clock::SECOND;
use crate::error::Error;
use crate::service::Network;

/// The bytes of each body that are not counted. Nearly all bodies are smaller.
const FREE: usize = 16 * 1024;
/// The maximum number of bytes held for everyone.
const EVERYONE: usize = 64 * 1024 * 1024;
/// The maximum number of bytes held for a network (/24, /48).
const NETWORK: usize = EVERYONE / 4;
/// The maximum number of bytes held for a user: a few of the largest look-ups.
const USER: usize = EVERYONE / 16;

/// The number of bytes held.
#[derive(Default)]
pub struct Bodies {
    held: Mutex<HashMap<Holder, usize>>,
}

/// A user or network that bytes are held for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Everyone,
    Network(Network),
    User(OwnedUserId),
}

impl Holder {
    const fn limit(&self) -> usize {
        match self {
            Self::Everyone => EVERYONE,
            Self::Network(_) => NETWORK,
            Self::User(_) => USER,
        }
    }
}

impl Bodies {
    fn held(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of a body that has been received.
pub(super) struct Received {
    bodies: Data<Bodies>,
    holders: Vec<Holder>,
    counted: usize,
    /// The length of the body announced by the client.
    announced: usize,
    bytes: BytesMut,
}

impl Received {
    pub(super) fn new(bodies: Data<Bodies>, holders: Vec<Holder>, announced: usize) -> Self {
        Self { bodies, holders, counted: 0, announced, bytes: BytesMut::with_capacity(announced.min(FREE)) }
    }

    /// Adds received bytes.
    ///
    /// # Errors
    /// 429 if the user or the network holds too much, 503 if everyone together does.
    pub(super) fn add(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let counted = (self.bytes.len() + chunk.len()).saturating_sub(FREE);
        if counted > self.counted {
            self.count(counted - self.counted)?;
            self.bytes.reserve(self.announced.saturating_sub(self.bytes.len()).max(chunk.len()));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Counts more bytes. There is always room for one body.
    fn count(&mut self, more: usize) -> Result<(), Error> {
        let mut held = self.bodies.held();
        for holder in &self.holders {
            let all = held.get(holder).copied().unwrap_or_default();
            if all > self.counted && all + more > holder.limit() {
                let is_shared = matches!(holder, Holder::Everyone);
                return Err(if is_shared { Error::away() } else { Error::limit_exceeded(SECOND) });
            }
        }
        for holder in &self.holders {
            *held.entry(holder.clone()).or_default() += more;
        }
        drop(held);
        self.counted += more;
        Ok(())
    }
}

impl Deref for Received {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if self.counted == 0 {
            return;
        }
        let mut held = self.bodies.held();
        for holder in &self.holders {
            if let Some(bytes) = held.get_mut(holder) {
                *bytes -= self.counted;
                if *bytes == 0 {
                    held.remove(holder);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;

    use super::*;

    const LARGE: &[u8] = &[0; 1024 * 1024];

    fn received(bodies: &Data<Bodies>, user: &str, network: u8) -> Received {
        let network = Network::of([203, 0, network, 1].into());
        let user = Holder::User(user.try_into().unwrap());
        Received::new(bodies.clone(), vec![user, Holder::Network(network), Holder::Everyone], 0)
    }

    /// Receives bodies of a MiB until one is refused; returns those received and the status.
    fn fill(bodies: &Data<Bodies>, who: impl Fn(usize) -> (String, u8)) -> (Vec<Received>, u16) {
        let mut all = Vec::new();
        loop {
            let (user, network) = who(all.len());
            let mut one = received(bodies, &user, network);
            match one.add(LARGE) {
                Ok(()) => all.push(one),
                Err(error) => return (all, error.status_code().as_u16()),
            }
        }
    }

    #[test]
    fn a_user_a_network_and_everyone_have_a_limit_each() {
        let bodies = Data::new(Bodies::default());
        let (few, refused) = fill(&bodies, |_| ("@mallory:hs.example".to_owned(), 1));
        assert_eq!((few.len(), refused), (4, 429));
        // Others have their own limits, and small bodies are always received.
        received(&bodies, "@alice:hs.example", 1).add(LARGE).unwrap();
        received(&bodies, "@mallory:hs.example", 1).add(&LARGE[..FREE]).unwrap();
        drop(few);
        let (some, refused) = fill(&bodies, |n| (format!("@u{n}:hs.example"), 1));
        assert_eq!((some.len(), refused), (16, 429));
        received(&bodies, "@alice:hs.example", 2).add(LARGE).unwrap();
        drop(some);
        let network = |n: usize| u8::try_from(n / 10).unwrap();
        let (many, refused) = fill(&bodies, |n| (format!("@u{n}:hs.example"), network(n)));
        assert_eq!((many.len(), refused), (65, 503));
        received(&bodies, "@alice:hs.example", 200).add(&LARGE[..FREE]).unwrap();
        drop(many);
        assert!(bodies.held().is_empty());
    }

    #[test]
    fn the_largest_look_up_is_received_in_any_case() {
        let bodies = Data::new(Bodies::default());
        let mut one = received(&bodies, "@alice:hs.example", 1);
        for _ in 0..2 * USER / LARGE.len() {
            one.add(LARGE).unwrap();
        }
    }
}
