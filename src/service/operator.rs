//! What the operator does by hand, on the same rules as the API.

use ruma_common::OwnedUserId;
use serde::Serialize;

use super::{Subject, Vouch};
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::{self, bindings, invites, outbox, sessions, visits};

/// A bound address.
#[derive(Debug, Serialize)]
pub struct Bound {
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address.
    pub address: String,
    /// Whose it is.
    pub user_id: OwnedUserId,
    /// Since when.
    pub bound_at: Millis,
}

/// What was erased.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Bindings that were removed.
    pub bindings: usize,
    /// Validation sessions that were removed.
    pub validation_sessions: usize,
    /// Invitations that were removed.
    pub invitations: usize,
    /// Deliveries that were removed before they were made.
    pub deliveries: usize,
    /// Visits in a browser that were ended.
    pub visits: usize,
    /// Access tokens that were removed.
    pub access_tokens: usize,
    /// Whether an account was removed.
    pub account: bool,
}

impl Vouch {
    /// Who has an address.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn binding_of(&self, address: &Address) -> Result<Option<Bound>, Error> {
        let index = self.sealer.binding_index(address);
        let row = bindings::by_address(&mut self.store.read().await?, index.as_ref()).await?;
        row.map(|row| self.bound(&row)).transpose()
    }

    /// Erases everything held about an address: its binding, the sessions that were to prove it, the invitations that
    /// wait for it, what is to be delivered about it, and the visits of its owner. An objection stays: without it the address could be invited
    /// again. It is a fingerprint that only this server's key can make, and is withdrawn if its owner wants that.
    ///
    /// # Errors
    /// 503 if the database is away; then nothing is erased.
    pub async fn erase_address(&self, address: &Address) -> Result<Erased, Error> {
        let (bound, validated) = (self.sealer.binding_index(address), self.sealer.session_address_index(address));
        let (invited, queued) = (self.sealer.invite_address_index(address), self.sealer.outbox_address_index(address));
        let keys_until = self.keys_until();
        let visited = self.visit_subject_index(&Subject::Address(address.clone()));
        let erased = self.store.write(async move |conn| {
            invites::hold_address(conn, invited.as_ref()).await?;
            let binding = bindings::unbind_address(conn, bound.as_ref()).await?;
            let validation_sessions = sessions::remove_by_address(conn, validated.as_ref()).await?;
            let invitations = invites::remove_by_address(conn, invited.as_ref(), keys_until).await?;
            let deliveries = outbox::remove_by_address(conn, queued.as_ref()).await?;
            let visits = visits::end_all_of(conn, visited.as_ref()).await?;
            let erased = Erased {
                bindings: usize::from(binding.is_some()),
                validation_sessions,
                invitations,
                deliveries,
                visits,
                ..Erased::default()
            };
            Ok::<_, store::Error>((erased, binding))
        });
        let (erased, binding) = erased.await?;
        if let Some(id) = binding {
            self.directory.remove(address, id);
        }
        self.store.settle().await?;
        Ok(erased)
    }

    pub(super) fn bound(&self, row: &bindings::Binding) -> Result<Bound, Error> {
        let address = self.sealer.open_bound_address(&row.address_index, &row.address)?;
        Ok(Bound {
            medium: address.medium().as_str(),
            address: address.as_str().to_owned(),
            user_id: self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?,
            bound_at: row.bound_at,
        })
    }
}
