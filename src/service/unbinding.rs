//! Unbinding at the request of a homeserver: it signs the request, and its user shows no token.
//!
//! Such a signature carries neither a time nor a nonce, and signing the same request twice gives the
//! same bytes. Anyone who has seen one could replay it after each later bind of the address; but a user
//! who binds, unbinds, binds and unbinds again makes their homeserver send the same bytes twice, too.
//! Only time tells the two apart: a proxy, a retry or a thief repeats a signature soon after the bind
//! that it would undo. So a fingerprint of each signature is stored, and a repeated one is refused if
//! the binding is younger than [`SETTLED`]. It removes an older binding as if it were new, and is then
//! stored for longer. If nothing is bound, repeating it succeeds: it may be a retry after a lost answer.
//! A user in a hurry still has the session that proved the address.

use std::collections::BTreeSet;

use ruma_common::OwnedUserId;

use super::{Bindings, Network};
use crate::clock::{DAY, Millis};
use crate::error::Error;
use crate::federation::{self, SignedRequest, XMatrix};
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::store::{self, bindings, outbox, unbind_signatures};

/// The age of a binding that a repeated signature removes.
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

/// What a signed request has done.
enum Unbound {
    /// It has removed this binding, if there was one.
    Removed(Option<i64>),
    /// Nothing: the signature was used before and the binding is too young.
    TooSoon,
}

impl Bindings {
    /// Unbinds an address from a user if the user's homeserver has signed the request. It is not an error
    /// if nothing is bound.
    ///
    /// # Errors
    /// 401 if it has not, 403 if the signature is repeated too soon, 429, and 503 if the homeserver's keys
    /// cannot be fetched. (Synapse takes 400, 404 and 501 to mean that unbinding is not supported, and
    /// deactivates its user with the address still bound. After any other error it stops, so that the user
    /// tries again.)
    pub async fn unbind_signed(&self, from: &Network, unbinding: &SignedUnbinding) -> Result<(), Error> {
        let SignedUnbinding { mxid, address, .. } = unbinding;
        let signed = self.signed_by_homeserver(from, unbinding).await?;
        let hash = |signed: &&XMatrix| {
            let index = self.sealer.unbind_signature_index(signed.origin.as_str(), signed.signature.as_bytes());
            index.as_ref().to_vec()
        };
        let hashes: BTreeSet<_> = signed.iter().map(hash).collect();
        let (address_index, user_index) = (self.sealer.binding_index(address), self.sealer.binding_user_index(mxid));
        let now = self.clock.now();
        // The homeserver does not say which language its user reads.
        let language = self.notices.default_language();
        let notice = self.notices.of_unbind(address, mxid, Remover::Homeserver, language).await?;
        let delivery = notice.delivery.clone();
        let unbound = self.store.write(async move |conn| {
            let (address, user) = (address_index.as_ref(), user_index.as_ref());
            let removed = if unbind_signatures::are_new(conn, &hashes, now).await? {
                bindings::unbind(conn, address, user).await?
            } else {
                let removed = bindings::unbind_until(conn, address, user, now - SETTLED).await?;
                if removed.is_none() && bindings::is_bound(conn, address, user).await? {
                    // Still committed, so that the new signatures among these are not new next time.
                    return Ok(Unbound::TooSoon);
                }
                unbind_signatures::renew(conn, &hashes, now).await?;
                removed
            };
            if let Some(delivery) = delivery.filter(|_| removed.is_some()) {
                outbox::queue(conn, delivery).await?;
            }
            Ok::<_, store::Error>(Unbound::Removed(removed))
        });
        let unbound = unbound.await;
        // Otherwise someone who repeats a signature could use up the notices of the address.
        self.notices.settle(address, &notice, matches!(unbound, Ok(Unbound::Removed(Some(_)))));
        match unbound? {
            Unbound::Removed(Some(id)) => self.removed(address, id),
            Unbound::Removed(None) => {}
            Unbound::TooSoon => {
                return Err(Error::forbidden(
                    "This signature has unbound the address before, and it was bound again since: try again a day after that",
                ));
            }
        }
        Ok(())
    }

    /// Returns the credentials with a valid signature of the user's homeserver: all of them, since someone
    /// who has several could otherwise use them one by one. Nothing has been looked up in the database
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
            return Err(Error::unauthorized("The request is signed for another server than this"));
        }
        self.rate_limits.charge_unbinding(from).await?;
        let mut signed = Vec::new();
        let mut refusal = Error::unauthorized("The signature does not fit the request");
        for (credential, destinations) in addressed {
            match self.federation.signing_key(server, &credential.key).await {
                Ok(Some(key)) if request.is_signed(credential, &key, &destinations) => signed.push(credential),
                Ok(_) => {}
                Err(federation::Error::Unavailable { .. }) => refusal = Error::homeserver_away(),
                Err(_) => refusal = Error::unauthorized("The homeserver publishes no keys that can be believed"),
            }
        }
        if signed.is_empty() { Err(refusal) } else { Ok(signed) }
    }

    /// Returns the names that the signature may contain as its destination: the one in the credential, if
    /// this server has it, or all names of this server if the credential does not say. `None` if it is
    /// addressed to another server.
    fn destinations(&self, credential: &XMatrix) -> Option<Vec<String>> {
        match &credential.destination {
            None => Some(self.server.names()),
            Some(destination) => self.server.is_called(destination).then(|| vec![destination.clone()]),
        }
    }
}
