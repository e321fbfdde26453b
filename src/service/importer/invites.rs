//! Pending invitations of another server, and the public keys of its invitations.

use ruma_common::{OwnedRoomId, OwnedUserId};
use sha2::{Digest, Sha256};

use super::people::added;
use super::{Importer, Mode, Outcome, Seen, newest};
use crate::clock::Millis;
use crate::crypto::vault::Column;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::import::{self, Kind, Known, NewAccount, State};
use crate::store::invites::{self, NewInvite};
use crate::store::{Conn, bindings, outbox, respelling};

/// A pending invitation of the other server.
#[derive(Clone, Debug)]
pub struct ImportedInvite {
    /// The invited address.
    pub address: Address,
    /// The room.
    pub room_id: OwnedRoomId,
    /// The inviter, who gets an account if they have none.
    pub sender: OwnedUserId,
    /// The token that identifies the invitation in its room.
    pub token: String,
    /// The time when it was made.
    pub received_at: Millis,
}

#[derive(Clone)]
struct Prepared {
    row: NewInvite,
    sender: NewAccount,
    objections: Vec<Vec<u8>>,
}

impl Importer {
    /// Adds pending invitations, except those that were removed here or whose address objects. They
    /// count as made now, so that they do not expire at once. Returns the outcome for each.
    ///
    /// `signing_key` is the id of the key that their rooms were given.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing of this batch was written in that case.
    pub async fn invites(
        &self,
        rows: Vec<ImportedInvite>,
        signing_key: &str,
        mode: Mode,
        seen: &mut Seen,
    ) -> Result<Vec<Outcome>, Error> {
        let now = self.clock.now();
        let (rows, duplicates) = newest(rows, |row| row.token.clone(), |row| row.received_at);
        let rows: Vec<_> = rows.iter().map(|row| self.prepare_invite(row, signing_key)).collect();
        for row in &rows {
            seen.note(&row.row.token_hash);
        }
        let work = async move |conn: &mut Conn, rows: &[Prepared]| {
            let outcomes = outcomes(conn, rows).await?;
            if mode == Mode::Write {
                // If an objection is withdrawn, the old invitation must not be imported.
                let known = |(row, outcome): (&Prepared, &Outcome)| {
                    let state = match outcome {
                        Outcome::Added => State::Stored,
                        Outcome::Objected => State::Gone,
                        _ => return None,
                    };
                    Some((row.row.token_hash.clone(), Known { at: now, state }))
                };
                let memories = rows.iter().zip(&outcomes).filter_map(known).collect();
                add(conn, added(rows, &outcomes)).await?;
                import::remember(conn, Kind::Invite, memories).await?;
            }
            Ok(outcomes)
        };
        Ok([self.in_batches(mode, rows, work).await?, duplicates].concat())
    }

    fn prepare_invite(&self, row: &ImportedInvite, signing_key: &str) -> Prepared {
        // The other server does not say which key belongs to which invitation, so the row is tied
        // to its token instead.
        let owner = self.sealer.ephemeral_key_index(&Sha256::digest(row.token.as_bytes()).into());
        let seal = |column, value: &str| self.sealer.seal_invite(column, &owner, value);
        let (user_index, mxid) = self.sealer.seal_account(&row.sender);
        let now = self.clock.now();
        Prepared {
            row: NewInvite {
                token_hash: self.sealer.invite_token_index(&row.token).as_ref().to_vec(),
                account_id: 0,
                address_index: self.sealer.invite_address_index(&row.address).as_ref().to_vec(),
                address: seal(Column::InviteAddress, &row.address.to_sealed()),
                token: seal(Column::InviteToken, &row.token),
                room_id: seal(Column::InviteRoom, row.room_id.as_str()),
                sender: seal(Column::InviteSender, row.sender.as_str()),
                key_index: owner.as_ref().to_vec(),
                signing_key: signing_key.to_owned(),
                created_at: now,
            },
            sender: NewAccount {
                user_index: user_index.as_ref().to_vec(),
                mxid,
                created_at: row.received_at.clamp(0, now),
            },
            objections: self.sealer.objection_indexes(&row.address),
        }
    }

    /// Removes the imported invitations that are pending here and no longer exist on the other
    /// server, which has delivered them; returns how many.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn vanished_invites(&self, seen: &mut Seen, mode: Mode) -> Result<usize, Error> {
        let (mut after, mut removed) = (Vec::new(), 0);
        let keys_until = self.clock.now() + self.key_lifetime;
        loop {
            let mut conn = self.store.read_much().await?;
            let page = import::page(&mut conn, Kind::Invite, State::Stored, after).await?;
            let Some((last, _)) = page.last() else { return Ok(removed) };
            after = last.clone();
            let vanished: Vec<_> = page.into_iter().map(|(item, _)| item).filter(|item| !seen.contains(item)).collect();
            removed += self
                .look_or_write(mode, async move |conn| {
                    let pending: Vec<i64> = import::invites(conn, &vanished).await?.into_values().flatten().collect();
                    if mode == Mode::Look {
                        return Ok(pending.len());
                    }
                    import::forget(conn, Kind::Invite, vanished).await?;
                    invites::remove_pending(conn, pending, keys_until).await
                })
                .await?;
        }
    }

    /// Adds the public keys of invitations, valid until `valid_until`.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing of this batch was written in that case.
    pub async fn keys(&self, keys: &[[u8; 32]], valid_until: Millis, mode: Mode) -> Result<Vec<Outcome>, Error> {
        let index = |key| self.sealer.ephemeral_key_index(key).as_ref().to_vec();
        let (indexes, duplicates) = newest(keys.iter().map(index).collect::<Vec<_>>(), Clone::clone, |_| valid_until);
        let work = async move |conn: &mut Conn, indexes: &[Vec<u8>]| {
            let existing = import::keys(conn, indexes).await?;
            let outcome =
                |index: &Vec<u8>| if existing.contains_key(index) { Outcome::Unchanged } else { Outcome::Added };
            let outcomes: Vec<_> = indexes.iter().map(outcome).collect();
            if mode == Mode::Write {
                import::add_keys(conn, added(indexes, &outcomes), valid_until).await?;
            }
            Ok(outcomes)
        };
        Ok([self.in_batches(mode, indexes, work).await?, duplicates].concat())
    }

    /// Delivers the pending invitations of addresses that are already bound, since nobody will bind
    /// them again. Returns the number of these addresses.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn deliver_invites_of_bound(&self) -> Result<usize, Error> {
        let (mut after, mut delivered) = (0, 0);
        loop {
            let mut conn = self.store.read_much().await?;
            let page = import::pending(&mut conn, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            // A row that does not open is reported where it is used.
            let open = |row: &import::Pending| self.sealer.open_invited_text(&row.key_index, row.address.as_deref()?);
            let addresses: Vec<Address> = page.iter().filter_map(open).collect();
            let indexes: Vec<_> =
                addresses.iter().map(|address| self.sealer.binding_index(address).as_ref().to_vec()).collect();
            let bound = import::bound(&mut conn, &indexes).await?;
            for (address, _) in addresses.iter().zip(&indexes).filter(|(_, index)| bound.contains_key(*index)) {
                delivered += usize::from(self.complete(address).await?);
            }
        }
        if delivered > 0 {
            self.outbox.wake();
        }
        Ok(delivered)
    }

    async fn complete(&self, address: &Address) -> Result<bool, Error> {
        let invite_index = self.sealer.invite_address_index(address);
        let binding_index = self.sealer.binding_index(address);
        let (sealer, invitations) = (self.sealer.clone(), self.invitations.clone());
        let (address, now) = (address.clone(), self.clock.now());
        let completed = self.store.write(async move |conn| {
            invites::lock_address(conn, invite_index.as_ref()).await?;
            let Some(row) = bindings::by_address(conn, binding_index.as_ref()).await? else { return Ok(false) };
            let user = sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
            let deliveries = invitations.complete(conn, &address, &user, now).await?;
            let is_any = !deliveries.is_empty();
            outbox::queue_all(conn, deliveries).await?;
            Ok::<_, Error>(is_any)
        });
        completed.await
    }
}

async fn outcomes(conn: &mut Conn, rows: &[Prepared]) -> Result<Vec<Outcome>, crate::store::Error> {
    let hashes: Vec<_> = rows.iter().map(|row| row.row.token_hash.clone()).collect();
    let senders: Vec<_> = rows.iter().map(|row| row.sender.user_index.clone()).collect();
    let objections: Vec<_> = rows.iter().flat_map(|row| row.objections.iter().cloned()).collect();
    let existing = import::invites(conn, &hashes).await?;
    let known = import::known(conn, Kind::Invite, &hashes).await?;
    let removed = import::known(conn, Kind::Account, &senders).await?;
    let accounts = import::accounts(conn, &senders).await?;
    let objected = respelling::objected(conn, &objections).await?;
    let outcome = |row: &Prepared| match accounts.get(&row.sender.user_index) {
        _ if existing.contains_key(&row.row.token_hash) => Outcome::Unchanged,
        _ if known.contains_key(&row.row.token_hash) => Outcome::RemovedHere,
        None if removed.contains_key(&row.sender.user_index) => Outcome::RemovedHere,
        _ if row.objections.iter().any(|index| objected.contains(index)) => Outcome::Objected,
        _ => Outcome::Added,
    };
    Ok(rows.iter().map(outcome).collect())
}

/// Adds invitations, and the accounts of those senders who have none.
async fn add(conn: &mut Conn, new: Vec<Prepared>) -> Result<(), crate::store::Error> {
    let senders: Vec<_> = new.iter().map(|row| row.sender.user_index.clone()).collect();
    let existing = import::accounts(conn, &senders).await?;
    let mut absent: Vec<NewAccount> = new.iter().map(|row| row.sender.clone()).collect();
    absent.retain(|account| !existing.contains_key(&account.user_index));
    absent.sort_by(|one, other| (&one.user_index, one.created_at).cmp(&(&other.user_index, other.created_at)));
    absent.dedup_by(|one, other| one.user_index == other.user_index);
    import::add_accounts(conn, absent).await?;
    let accounts = import::accounts(conn, &senders).await?;
    let owned = |row: Prepared| NewInvite {
        account_id: accounts.get(&row.sender.user_index).copied().unwrap_or_default(),
        ..row.row
    };
    import::add_invites(conn, new.into_iter().map(owned).collect()).await
}
