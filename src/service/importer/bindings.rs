//! Bindings of another server.

use ruma_common::{OwnedUserId, ServerName};

use super::{Importer, Mode, Outcome, Seen};
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::bindings::{self, Binding};
use crate::store::import::{self, Kind, Known, State};
use crate::store::{self, Conn, erasures, respelling};

/// The newest event about an address on the other server.
#[derive(Clone, Debug)]
pub struct ImportedBinding {
    /// The address.
    pub address: Address,
    /// The user it was bound to, or `None` if it was unbound.
    pub user: Option<OwnedUserId>,
    /// The time. Zero if it is not known, which is older than any known time.
    pub at: Millis,
    /// The source.
    pub source: BindingSource,
}

/// The source of a binding, which determines how its removal is detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingSource {
    /// The other server itself, which reports removals.
    Server,
    /// A peer of that server. If the binding is missing in a later run, it was removed.
    Peer,
    /// A homeserver that remembers what its users have published here. If the binding is missing in
    /// a later run, it was removed, but it may be published again.
    Homeserver,
}

impl BindingSource {
    const fn state(self) -> State {
        match self {
            Self::Server => State::Stored,
            Self::Peer => State::Replicated,
            Self::Homeserver => State::Published,
        }
    }
}

/// A binding with its fingerprints, and sealed if it will be written.
#[derive(Clone)]
pub struct PreparedBinding {
    pub(super) index: Vec<u8>,
    /// `None` if the address was unbound.
    pub(super) user_index: Option<Vec<u8>>,
    objections: Vec<Vec<u8>>,
    sealed: Option<Sealed>,
    pub(super) at: Millis,
    state: State,
}

/// What is written of a binding.
#[derive(Clone)]
struct Sealed {
    address: Vec<u8>,
    mxid: Vec<u8>,
    bound_at: Millis,
    /// `erasures.user_index` of the user.
    erasure: Vec<u8>,
}

/// The stored state of an address.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Here {
    /// The time when it was bound, and whether it was bound to the same user.
    pub(super) bound: Option<(Millis, bool)>,
    known: Option<Known>,
    is_objected: bool,
}

/// Decides what to do about an event at `at`: a bind or an unbind.
pub(super) fn decide(is_bind: bool, at: Millis, here: Here) -> Outcome {
    let is_known = here.known.is_some_and(|known| at <= known.at);
    match here.bound {
        _ if is_bind && here.is_objected => Outcome::Objected,
        Some((_, true)) if is_bind => Outcome::Unchanged,
        Some((bound_at, _)) if is_bind && bound_at >= at => Outcome::NewerHere,
        Some((bound_at, _)) if !is_bind && bound_at > at => Outcome::NewerHere,
        // A known unbind is repeated if the binding was made no later.
        Some(_) if is_bind && is_known => Outcome::RemovedHere,
        Some(_) if here.known.is_some_and(|known| at < known.at) => Outcome::RemovedHere,
        Some(_) => {
            if is_bind {
                Outcome::Replaced
            } else {
                Outcome::Removed
            }
        }
        None if !is_bind => Outcome::NothingToRemove,
        None if is_known => Outcome::RemovedHere,
        None => Outcome::Added,
    }
}

/// Returns what has to be remembered about an address afterwards, if that changes.
fn memory(row: &PreparedBinding, outcome: Outcome, here: Here, now: Millis) -> Option<Known> {
    let at = here.known.map_or(row.at, |known| known.at.max(row.at));
    let new = match outcome {
        Outcome::Removed | Outcome::NothingToRemove => Known { at, state: State::Gone },
        Outcome::Replaced => Known { at: row.at, state: row.state },
        Outcome::Added if here.known.is_some() || row.state != State::Stored => Known { at: row.at, state: row.state },
        // The same user was bound again. An older event, such as one from a peer, changes nothing.
        Outcome::Unchanged => {
            let latest = here.known.map(|known| known.at).max(here.bound.map(|(bound_at, _)| bound_at));
            if latest >= Some(row.at) {
                return None;
            }
            Known { at: row.at, state: row.state }
        }
        // If the objection is withdrawn, old rows must not bind the address again.
        Outcome::Objected if here.known.is_none_or(|known| known.at < row.at) => {
            Known { at: now.max(at), state: State::Gone }
        }
        _ => return None,
    };
    (here.known != Some(new)).then_some(new)
}

/// Returns the mark of an address together with its user.
fn of_user(address_index: &[u8], user_index: &[u8]) -> Vec<u8> {
    address_index.iter().zip(user_index).map(|(one, other)| one ^ other).collect()
}

impl PreparedBinding {
    fn binding(&self, sealed: &Sealed) -> Binding {
        Binding {
            address_index: self.index.clone(),
            user_index: self.user_index.clone().unwrap_or_default(),
            address: sealed.address.clone(),
            mxid: sealed.mxid.clone(),
            bound_at: sealed.bound_at,
        }
    }
}

/// Returns the stored states of the addresses of these rows.
pub(super) async fn here(conn: &mut Conn, rows: &[PreparedBinding]) -> Result<Vec<Here>, store::Error> {
    let indexes: Vec<_> = rows.iter().map(|row| row.index.clone()).collect();
    let objections: Vec<_> = rows.iter().flat_map(|row| row.objections.iter().cloned()).collect();
    let known = import::known(conn, Kind::Binding, &indexes).await?;
    let bound = import::bound(conn, &indexes).await?;
    let objected = respelling::objected(conn, &objections).await?;
    let here = |row: &PreparedBinding| Here {
        bound: bound.get(&row.index).map(|(user, at)| (*at, row.user_index.as_ref() == Some(user))),
        known: known.get(&row.index).copied(),
        is_objected: row.objections.iter().any(|index| objected.contains(index)),
    };
    Ok(rows.iter().map(here).collect())
}

async fn look(conn: &mut Conn, rows: &[PreparedBinding]) -> Result<Vec<Outcome>, store::Error> {
    let here = here(conn, rows).await?;
    Ok(rows.iter().zip(here).map(|(row, here)| decide(row.user_index.is_some(), row.at, here)).collect())
}

async fn write(conn: &mut Conn, rows: &[PreparedBinding], now: Millis) -> Result<Vec<Outcome>, store::Error> {
    let here = here(conn, rows).await?;
    let (mut outcomes, mut memories) = (Vec::with_capacity(here.len()), Vec::new());
    let (mut added, mut stopped) = (Vec::new(), Vec::new());
    for (row, here) in rows.iter().zip(here) {
        let mut outcome = decide(row.user_index.is_some(), row.at, here);
        // The user may be binding the address at this moment.
        if matches!(outcome, Outcome::Replaced | Outcome::Removed)
            && import::unbind(conn, std::slice::from_ref(&row.index), row.at).await? == 0
        {
            outcome = Outcome::NewerHere;
        }
        if let (Outcome::Replaced | Outcome::Added, Some(sealed)) = (outcome, &row.sealed) {
            added.push(row.binding(sealed));
            stopped.push(sealed.erasure.clone());
        }
        memories.extend(memory(row, outcome, here, now).map(|known| (row.index.clone(), known)));
        outcomes.push(outcome);
    }
    bindings::bind_many(conn, &added).await?;
    // These addresses were not told of the pending erasures.
    erasures::cancel_all(conn, stopped).await?;
    import::remember(conn, Kind::Binding, memories).await?;
    Ok(outcomes)
}

impl Importer {
    /// Computes fingerprints, and seals the rows to be written. This takes some time, so call it on
    /// a thread that may block.
    ///
    /// # Panics
    /// If the operating system supplies no randomness.
    #[must_use]
    pub fn prepare(&self, rows: Vec<ImportedBinding>, mode: Mode) -> Vec<PreparedBinding> {
        let now = self.clock.now();
        let prepared = |row: ImportedBinding| {
            let seal = |user| {
                let Binding { address, mxid, bound_at, .. } =
                    self.sealer.seal_binding(&row.address, user, row.at.min(now));
                Sealed { address, mxid, bound_at, erasure: self.sealer.erasure_index(user).as_ref().to_vec() }
            };
            PreparedBinding {
                index: self.sealer.binding_index(&row.address).as_ref().to_vec(),
                user_index: row.user.as_deref().map(|user| self.sealer.binding_user_index(user).as_ref().to_vec()),
                objections: self.sealer.objection_indexes(&row.address),
                sealed: row.user.as_deref().filter(|_| mode == Mode::Write).map(seal),
                at: row.at,
                state: row.source.state(),
            }
        };
        rows.into_iter().map(prepared).collect()
    }

    /// Compares bindings with those stored here, and returns the outcome for each, in any order.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing of this batch was written in that case.
    pub async fn bindings(
        &self,
        mut rows: Vec<PreparedBinding>,
        mode: Mode,
        seen: &mut Seen,
    ) -> Result<Vec<Outcome>, Error> {
        for row in rows.iter().filter(|row| row.state != State::Stored && row.user_index.is_some()) {
            match (row.state, &row.user_index) {
                (State::Published, Some(user)) => seen.note(&of_user(&row.index, user)),
                _ => seen.note(&row.index),
            }
        }
        // Rows that are next to each other in the index are sought and written together.
        rows.sort_unstable_by(|one, other| one.index.cmp(&other.index));
        let now = self.clock.now();
        let work = async move |conn: &mut Conn, rows: &[PreparedBinding]| match mode {
            Mode::Look => look(conn, rows).await,
            Mode::Write => write(conn, rows, now).await,
        };
        self.in_batches(mode, rows, work).await
    }

    /// Removes the bindings that the other server had from its peers and no longer has; returns how
    /// many.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn vanished_bindings(&self, seen: &mut Seen, mode: Mode) -> Result<usize, Error> {
        let (mut after, mut removed) = (Vec::new(), 0);
        loop {
            let mut conn = self.store.read_much().await?;
            let page = import::page(&mut conn, Kind::Binding, State::Replicated, after).await?;
            let Some((last, _)) = page.last() else { return Ok(removed) };
            after = last.clone();
            let vanished: Vec<_> = page.into_iter().filter(|(item, _)| !seen.contains(item)).collect();
            removed += self
                .look_or_write(mode, async move |conn| {
                    let mut removed = 0;
                    if mode == Mode::Look {
                        let items: Vec<_> = vanished.iter().map(|(item, _)| item.clone()).collect();
                        let bound = import::bound(conn, &items).await?;
                        let is_bound =
                            |(item, at): &&(Vec<u8>, Millis)| bound.get(item).is_some_and(|(_, since)| since <= at);
                        return Ok(vanished.iter().filter(is_bound).count());
                    }
                    for (item, at) in &vanished {
                        removed += import::unbind(conn, std::slice::from_ref(item), *at).await?;
                    }
                    let gone = |(item, at)| (item, Known { at, state: State::Gone });
                    import::remember(conn, Kind::Binding, vanished.into_iter().map(gone).collect()).await?;
                    Ok(removed)
                })
                .await?;
        }
    }
}

impl Importer {
    /// Removes the bindings that an earlier run imported from a homeserver and that its users no
    /// longer publish; returns how many. They may be published again later.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn withdrawn_bindings(
        &self,
        seen: &mut Seen,
        homeserver: &ServerName,
        mode: Mode,
    ) -> Result<usize, Error> {
        let (mut after, mut removed) = (Vec::new(), 0);
        loop {
            let mut conn = self.store.read_much().await?;
            let page = import::page(&mut conn, Kind::Binding, State::Published, after).await?;
            let Some((last, _)) = page.last() else { return Ok(removed) };
            after = last.clone();
            let items: Vec<_> = page.into_iter().map(|(item, _)| item).collect();
            // A binding that is gone was removed here, and one that was made since then is newer.
            let mut bound = bindings::of_addresses(&mut conn, &items).await?;
            bound.retain(|row| row.bound_at == 0 && !seen.contains(&of_user(&row.address_index, &row.user_index)));
            let mut withdrawn = Vec::new();
            for row in bound {
                let user = self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
                // Other homeservers have separate runs.
                if user.server_name() == homeserver {
                    withdrawn.push(row.address_index);
                }
            }
            removed += self
                .look_or_write(mode, async move |conn| {
                    if mode == Mode::Look {
                        return Ok(withdrawn.len());
                    }
                    let removed = import::unbind(conn, &withdrawn, 0).await?;
                    import::forget(conn, Kind::Binding, withdrawn).await?;
                    Ok(removed)
                })
                .await?;
        }
    }
}

#[cfg(test)]
mod tests;
