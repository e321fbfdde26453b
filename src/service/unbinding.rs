//! Unbinding at the request of a homeserver, which signs the request; its user shows no token.
//!
//! Such a signature carries neither a time nor a nonce, and signing the same request twice gives
//! the same bytes. Anyone who has seen one could replay it after each later bind of the address.
//! But a user who binds, unbinds, binds and unbinds again also makes their homeserver send the same
//! bytes twice. Two things distinguish these cases: the origin of the repeated request, and its
//! time. So a fingerprint of each signature is stored, and one of the network that sent it first:
//!
//! - A signature that has removed no binding is not used up, no matter how often it was sent.
//! - Repeated by the same network, it counts as new, because that is the homeserver.
//! - Repeated by another network, it is refused if the binding is younger than [`SETTLED`], because
//!   attackers must undo a bind quickly, before it is used. It removes an older binding, since the
//!   homeserver may have moved; the first network remains the known one.
//!
//! If nothing is bound, a repeated request succeeds, since it may be a retry after a lost answer. A
//! user whose homeserver has moved still has the session that proved the address.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruma_common::OwnedUserId;

use super::audit::{Act, Entry};
use super::{Bindings, Network};
use crate::clock::{DAY, Millis};
use crate::error::Error;
use crate::federation::{self, SignedRequest, XMatrix};
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::store::unbind_signatures::UnbindSignature;
use crate::store::{bindings, outbox, unbind_signatures};

/// The age of a binding that another network's repeated signature removes.
const SETTLED: Millis = DAY;

/// A request to unbind, signed by the user's homeserver.
pub struct SignedUnbinding {
    /// The user.
    pub mxid: OwnedUserId,
    /// The address.
    pub address: Address,
    /// The request as it was signed.
    pub request: SignedRequest,
    /// The signatures, not verified yet.
    pub credentials: Vec<XMatrix>,
}

impl Bindings {
    /// Unbinds an address from a user if the user's homeserver has signed the request. It is not an
    /// error if nothing is bound.
    ///
    /// # Errors
    /// 401 if it has not, 403 if another network repeats the signature too soon, 429, and 503 if
    /// the homeserver's keys cannot be fetched. (Synapse takes 400, 404 and 501 to mean that
    /// unbinding is not supported, and deactivates its user with the address still bound. After any
    /// other error it stops, so that the user tries again.)
    pub async fn unbind_signed(&self, from: &Network, unbinding: &SignedUnbinding) -> Result<(), Error> {
        let SignedUnbinding { mxid, address, .. } = unbinding;
        let signed = self.signed_by_homeserver(from, unbinding).await?;
        let (address_index, user_index) = (self.sealer.binding_index(address), self.sealer.binding_user_index(mxid));
        let now = self.clock.now();
        let stored = |signed: &&XMatrix| {
            let index = self.sealer.unbind_signature_index(signed.origin.as_str(), signed.signature.as_bytes());
            let network = from.is_known().then(|| self.sealer.unbind_network_index(&index, from));
            UnbindSignature {
                signature_hash: index.as_ref().to_vec(),
                network_index: network.map(|index| index.as_ref().to_vec()),
                removals: 0,
                seen_at: now,
            }
        };
        let signatures: BTreeSet<_> = signed.iter().map(stored).collect();
        // The homeserver does not say which language its user reads.
        let language = self.notices.default_language();
        let told = self.notices.of_unbind(address, mxid, Remover::Homeserver, language);
        let (notices, mxid) = (Arc::clone(&self.notices), mxid.clone());
        let (audit, about) = (Arc::clone(&self.audit), address.clone());
        let unbound = self.store.write(async move |conn| {
            let (address, user) = (address_index.as_ref(), user_index.as_ref());
            let removed = if unbind_signatures::are_replayed(conn, &signatures).await? {
                let removed = bindings::unbind_made_in(conn, address, user, 0..=now - SETTLED).await?;
                if removed.is_none() && bindings::is_bound(conn, address, user).await? {
                    return Err(Error::forbidden(
                        "This signature already unbound the address for another network, and the address was \
                         bound again since then: try again a day after that",
                    ));
                }
                removed
            } else {
                bindings::unbind(conn, address, user).await?
            };
            if removed.is_some() {
                unbind_signatures::count_removal(conn, &signatures).await?;
                let entry = Entry::new(Act::Unbind, Remover::Homeserver).user(&mxid).address(&about);
                audit.note(conn, entry).await?;
                let others = notices.of_loss(conn, &mxid, language).await?;
                outbox::queue_all(conn, told.into_iter().chain(others).collect()).await?;
            }
            Ok::<_, Error>(removed)
        });
        if let Some(id) = unbound.await? {
            self.removed(address, id);
        }
        Ok(())
    }

    /// Returns all credentials with a valid signature of the user's homeserver, since somebody who
    /// has several could otherwise use them one by one. Nothing has been looked up in the database
    /// yet, so that a forger does not learn what is bound.
    async fn signed_by_homeserver<'a>(
        &self,
        from: &Network,
        unbinding: &'a SignedUnbinding,
    ) -> Result<Vec<&'a XMatrix>, Error> {
        let SignedUnbinding { mxid, request, credentials, .. } = unbinding;
        let server = mxid.server_name();
        let of_server: Vec<_> = credentials.iter().filter(|credential| credential.origin == server).collect();
        if of_server.is_empty() {
            return Err(Error::unauthorized("The request is not signed by the homeserver of mxid"));
        }
        let addressed: Vec<_> =
            of_server.iter().filter_map(|credential| Some((*credential, self.destinations(credential)?))).collect();
        if addressed.is_empty() {
            return Err(Error::unauthorized("The request is signed for a different server"));
        }
        self.rate_limits.charge_unbinding(from).await?;
        let mut signed = Vec::new();
        let mut refusal = Error::unauthorized("The signature does not match the request");
        for (credential, destinations) in addressed {
            match self.federation.signing_key(server, &credential.key).await {
                Ok(Some(key)) if request.is_signed(credential, &key, &destinations) => signed.push(credential),
                Ok(_) => {}
                Err(federation::Error::Unavailable { .. }) => refusal = Error::homeserver_away(),
                Err(_) => refusal = Error::unauthorized("The homeserver publishes no valid keys"),
            }
        }
        if signed.is_empty() { Err(refusal) } else { Ok(signed) }
    }

    /// Returns the names that the signature may contain as its destination: the one in the
    /// credential, if this server has it, or all names of this server if the credential names none.
    /// `None` if it is addressed to another server.
    fn destinations(&self, credential: &XMatrix) -> Option<Vec<String>> {
        match &credential.destination {
            None => Some(self.server.names()),
            Some(destination) => self.server.is_called(destination).then(|| vec![destination.clone()]),
        }
    }
}
