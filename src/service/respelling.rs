//! Moving stored addresses to their canonical form, once per database.
//!
//! Earlier versions stored an email address with its domain folded, in whatever form it was typed.
//! Mail was sent to the folded form, so that is the address that was proved, and it remains the
//! address, even if something else was typed. Two forms of one address become one address: the last
//! binding of it wins, and an objection removes everything, as if all had happened in one form.
//! Addresses that are no longer valid (`user@localhost`) are removed, since nobody could prove them
//! or send mail to them any more.

use std::collections::HashMap;

use super::address_data::{AddressData, Objector};
use super::sealing::{Form, Sealer};
use crate::clock::Millis;
use crate::crypto::vault::Column;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::bindings::{self, Binding};
use crate::store::respelling::{self as rows, Table};
use crate::store::{self, Conn, Store, meta};

/// Rows per query while bindings are read.
const PAGE: i64 = 20_000;

/// The form in which addresses are stored now.
const FORM: &[u8] = b"idna";

/// Moves all addresses that are not in their current form, in one transaction. The keys of
/// invitations that an objection removes stay valid until `keys_until`.
///
/// Reading takes about a second per million bindings, so it comes before the transaction. A row
/// that a node of an earlier version stores after it was read is not moved.
///
/// # Errors
/// Errors of the database; nothing has changed in that case.
pub(super) async fn respell(store: &Store, sealer: &Sealer, keys_until: Millis) -> Result<(), Error> {
    let mut conn = store.read_much().await?;
    if meta::get(&mut conn, meta::ADDRESS_FORM).await?.is_some() {
        return Ok(());
    }
    let changes = Changes::find(&mut conn, sealer, keys_until).await?;
    drop(conn);
    let summary = changes.summary();
    let is_done_here = store.write(async move |conn| changes.make(conn).await).await?;
    if is_done_here && let Some(summary) = summary {
        log::info!("{summary}");
    }
    Ok(())
}

/// The changes to make. They are sealed before the transaction, and may be written more than once.
#[derive(Clone, Default)]
struct Changes {
    /// The bindings to remove, ordered.
    unbound: Vec<i64>,
    /// The bindings that replace them, by their address index.
    bound: HashMap<Vec<u8>, (i64, Binding)>,
    replaced: Vec<Replaced>,
    removed: Vec<(Table, Vec<u8>)>,
    /// The data stored about the moved addresses, and the indexes of objections to it.
    addresses: HashMap<Address, (AddressData, Vec<Vec<u8>>)>,
}

/// A row with another address.
#[derive(Clone)]
struct Replaced {
    table: Table,
    owner: Vec<u8>,
    address_index: Vec<u8>,
    sealed: Vec<u8>,
}

impl Changes {
    async fn find(conn: &mut Conn, sealer: &Sealer, keys_until: Millis) -> Result<Self, Error> {
        let mut changes = Self::default();
        changes.find_bindings(conn, sealer, keys_until).await?;
        for table in Table::ALL {
            for (owner, sealed) in rows::sealed(conn, table).await? {
                match sealer.form(column(table), &owner, &sealed) {
                    Form::Current => {}
                    Form::Invalid => changes.removed.push((table, owner)),
                    Form::Former { address, sealed } => {
                        let address_index = index(sealer, table, &address);
                        changes.replaced.push(Replaced { table, owner, address_index, sealed });
                        changes.note(sealer, address, keys_until);
                    }
                }
            }
        }
        Ok(changes)
    }

    async fn find_bindings(&mut self, conn: &mut Conn, sealer: &Sealer, keys_until: Millis) -> Result<(), Error> {
        let (mut after, mut moved) = (0, HashMap::new());
        loop {
            let page = bindings::page(conn, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page {
                match sealer.form(Column::BindingAddress, &row.address_index, &row.address) {
                    Form::Current => {}
                    Form::Invalid => self.unbound.push(row.id),
                    Form::Former { address, .. } => {
                        self.unbound.push(row.id);
                        moved.insert(row.id, address);
                    }
                }
            }
        }
        for row in rows::bound(conn, &self.unbound).await? {
            let Some(address) = moved.remove(&row.id) else { continue };
            let mxid = sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
            let binding = sealer.seal_binding(&address, &mxid, row.bound_at);
            self.note(sealer, address, keys_until);
            let is_last = |(id, other): &(i64, Binding)| (other.bound_at, *id) < (row.bound_at, row.id);
            if self.bound.get(&binding.address_index).is_none_or(is_last) {
                self.bound.insert(binding.address_index.clone(), (row.id, binding));
            }
        }
        Ok(())
    }

    fn note(&mut self, sealer: &Sealer, address: Address, keys_until: Millis) {
        let data = AddressData::new(sealer, &address, keys_until);
        let objections = sealer.objection_indexes(&address);
        self.addresses.insert(address, (data, objections));
    }

    /// Describes the changes, or returns `None` if there are none.
    fn summary(&self) -> Option<String> {
        let (moved, removed) = (self.bound.len(), self.unbound.len() - self.bound.len());
        let (other, dropped) = (self.replaced.len(), self.removed.len());
        (!self.unbound.is_empty() || other + dropped > 0).then(|| {
            format!(
                "moved addresses to the canonical form of their domain: {moved} bindings and {other} other rows \
                 changed, {removed} and {dropped} removed, which were duplicates or are not valid"
            )
        })
    }

    /// Makes the changes, unless another node has made them; returns whether it did.
    async fn make(mut self, conn: &mut Conn) -> Result<bool, store::Error> {
        if !meta::set_once(conn, meta::ADDRESS_FORM, FORM).await? {
            return Ok(false);
        }
        self.rebind(conn).await?;
        for row in self.replaced {
            rows::replace(conn, row.table, row.owner, row.address_index, row.sealed).await?;
        }
        for (table, owner) in self.removed {
            rows::remove(conn, table, owner).await?;
        }
        let indexes: Vec<_> = self.addresses.values().flat_map(|(_, indexes)| indexes).cloned().collect();
        let objected = rows::objected(conn, &indexes).await?;
        for (data, indexes) in self.addresses.into_values() {
            if indexes.iter().any(|index| objected.contains(index)) {
                data.delete(conn, Objector::Operator).await?;
            }
        }
        Ok(true)
    }

    async fn rebind(&mut self, conn: &mut Conn) -> Result<(), store::Error> {
        rows::unbind(conn, &self.unbound).await?;
        // The rest was already in the current form.
        let indexes: Vec<_> = self.bound.keys().cloned().collect();
        let mut earlier = Vec::new();
        for (id, index, bound_at) in rows::bound_as(conn, &indexes).await? {
            if self.bound.get(&index).is_some_and(|(other, binding)| (binding.bound_at, *other) < (bound_at, id)) {
                self.bound.remove(&index);
            } else {
                earlier.push(id);
            }
        }
        rows::unbind(conn, &earlier).await?;
        let bound: Vec<_> = self.bound.drain().map(|(_, (_, binding))| binding).collect();
        bindings::bind_many(conn, &bound).await
    }
}

const fn column(table: Table) -> Column {
    match table {
        Table::Sessions => Column::SessionAddress,
        Table::Invites => Column::InviteAddress,
        Table::Outbox => Column::OutboxPayload,
        Table::Visits => Column::VisitSubject,
    }
}

fn index(sealer: &Sealer, table: Table, address: &Address) -> Vec<u8> {
    match table {
        Table::Sessions => sealer.session_address_index(address),
        Table::Invites => sealer.invite_address_index(address),
        Table::Outbox => sealer.outbox_address_index(address),
        Table::Visits => sealer.web_session_address_index(address),
    }
    .as_ref()
    .to_vec()
}
