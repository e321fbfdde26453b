//! A bound address.

use ruma_common::OwnedUserId;
use serde::Serialize;

use super::sealing::Sealer;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::Store;
use crate::store::bindings::{self, Binding};

/// A bound address.
#[derive(Debug, Serialize)]
pub struct Bound {
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address.
    pub address: String,
    /// The user it is bound to.
    pub user_id: OwnedUserId,
    /// The time when it was bound.
    pub bound_at: Millis,
}

impl Bound {
    pub(super) fn open(sealer: &Sealer, row: &Binding) -> Result<Self, Error> {
        let address = sealer.open_bound_address(&row.address_index, &row.address)?;
        Ok(Self {
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            user_id: sealer.open_bound_mxid(&row.address_index, &row.mxid)?,
            bound_at: row.bound_at,
        })
    }

    /// Returns the binding of an address.
    pub(super) async fn find(store: &Store, sealer: &Sealer, address: &Address) -> Result<Option<Self>, Error> {
        let index = sealer.binding_index(address);
        let row = bindings::by_address(&mut store.read().await?, index.as_ref()).await?;
        row.map(|row| Self::open(sealer, &row)).transpose()
    }
}
