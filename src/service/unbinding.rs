//! Unbinding for a user whom nobody asks any more: their homeserver signs the request, with neither token nor terms.
//!
//! Such a signature has no time and no nonce, and ed25519 gives the same request the same signature each time. So somebody who has come by one
//! could undo each later bind of that address; and yet a user who binds, unbinds, binds again and unbinds again makes their homeserver
//! send the very same bytes twice. The two cannot be told apart but by time: what is repeated by a proxy, a retry or a thief comes soon
//! after the bind it would undo. Therefore the fingerprint of each signature is kept, and one that was seen before does not touch a binding
//! younger than [`SETTLED`]: it is refused. A binding older than that it removes, as if it were new, and its time is renewed. What
//! is not bound is no matter: a retry after a lost answer is told that all is well. A user in a hurry still has the session that proved
//! the address.

use std::collections::BTreeSet;

use ruma_common::OwnedUserId;

use super::{Network, Vouch};
use crate::clock::{DAY, Millis};
use crate::error::Error;
use crate::federation::{self, SignedRequest, XMatrix};
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::store::{self, bindings, outbox, unbind_signatures};

/// A binding of this age is removed by a signature that has unbound before.
const SETTLED: Millis = DAY;

/// What a homeserver asks.
pub struct SignedUnbinding {
    /// From whom.
    pub mxid: OwnedUserId,
    /// What.
    pub address: Address,
    /// The whole request.
    pub request: SignedRequest,
    /// Who says to have signed it.
    pub credentials: Vec<XMatrix>,
}

impl Vouch {
    /// Unbinds an address from a user, if the user's homeserver has signed that; nothing bound is no error.
    ///
    /// # Errors
    /// 401 if it has not, 403 if the signature comes again too soon, 429, and 503 if the homeserver cannot be asked for its keys. (Synapse
    /// takes 400, 404 and 501 for "cannot unbind" and deactivates its user all the same, with the address still bound. After anything
    /// else it stops, so that the user tries again.)
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
        let language = self.texts.negotiate(None);
        let notice = self.unbind_notice(address, mxid, Remover::Homeserver, language).await?;
        let is_charged = notice.is_some();
        let unbound = self.store.write(async move |conn| {
            let (address, user) = (address_index.as_ref(), user_index.as_ref());
            let gone = if unbind_signatures::are_new(conn, &hashes, now).await? {
                bindings::unbind(conn, address, user).await?
            } else {
                let gone = bindings::unbind_settled(conn, address, user, now - SETTLED).await?;
                if gone.is_none() && bindings::is_bound(conn, address, user).await? {
                    // Committed all the same: a new one among those that came is seen now.
                    return Ok((None, true));
                }
                unbind_signatures::renew(conn, &hashes, now).await?;
                gone
            };
            if let Some(notice) = notice.filter(|_| gone.is_some()) {
                outbox::queue(conn, notice).await?;
            }
            Ok::<_, store::Error>((gone, false))
        });
        let (gone, is_too_soon) = unbound.await?;
        if is_too_soon {
            // The address is bound to that user, and so was charged for. Whoever repeats a signature must not use up what it is to be told.
            if is_charged {
                self.rate_limits.refund_notice(address);
            }
            return Err(Error::forbidden(
                "This signature has unbound the address before, and it was bound again since: try again a day after that",
            ));
        }
        if let Some(id) = gone {
            self.directory.remove(address, id);
            self.outbox.wake();
        }
        Ok(())
    }

    /// The credentials by which the user's homeserver has truly signed the request: all of them, for who has come by several could bring
    /// another each time. Nothing is looked up in the database before, so that nobody learns what is bound.
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

    /// To whom a credential may be addressed: as it says, if that is this server, or by any name of this server if it does not say.
    fn destinations(&self, credential: &XMatrix) -> Option<Vec<String>> {
        let server = &self.config.server;
        match &credential.destination {
            None => Some(server.names()),
            Some(destination) => server.is_called(destination).then(|| vec![destination.clone()]),
        }
    }
}
