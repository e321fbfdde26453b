//! Objections: the owner of an address wants it neither invited nor listed.
//!
//! An objection is a keyed fingerprint of the address and a time, tied to nobody. To object also removes what is held: the binding, the
//! sessions, the invitations, and what is on its way. From then on
//! * nobody binds the address, whoever asks, and whatever he has proved a moment before;
//! * nobody has a message sent to it by `requestToken` or `store-invite`. He is answered as if it could not be delivered, after the same
//!   budgets, and nothing is kept. So he learns that this server does not reach the address, and not why: that its owner objects, that its
//!   mail server refuses us, or that it does not exist. What he may learn is that the answer came sooner than a slow mail server gives one.
//!
//! One message still goes out, the one that is asked for at `/address`: or nobody could withdraw an objection.

use super::Vouch;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::{Address, Medium};
use crate::service::{Asker, Caller, Submission};
use crate::store::{self, Conn, bindings, invites, objections, outbox, sessions};

impl Vouch {
    /// Objects for an address, and removes what is held about it but for the visits of its owner, all or nothing. Twice is no error.
    ///
    /// # Errors
    /// 503 if the database is away; then nothing has happened.
    pub async fn object(&self, address: &Address) -> Result<(), Error> {
        let (objecting, invited) = (self.sealer.objection_index(address), self.sealer.invite_address_index(address));
        let (bound, proofs) = (self.sealer.binding_index(address), self.sealer.session_address_index(address));
        let queued = self.sealer.outbox_address_index(address);
        let (now, keys_until) = (self.clock.now(), self.keys_until());
        let gone = self.store.write(async move |conn| {
            // A bind or an invitation in the same moment comes before this, and is undone, or after it, and is refused.
            invites::hold_address(conn, invited.as_ref()).await?;
            objections::add(conn, objecting.as_ref(), now).await?;
            let gone = bindings::unbind_address(conn, bound.as_ref()).await?;
            sessions::remove_by_address(conn, proofs.as_ref()).await?;
            invites::remove_by_address(conn, invited.as_ref(), keys_until).await?;
            outbox::remove_by_address(conn, queued.as_ref()).await?;
            Ok::<_, store::Error>(gone)
        });
        if let Some(id) = gone.await? {
            self.directory.remove(address, id);
        }
        Ok(())
    }

    /// Objects for the address that a session of the caller's has proved.
    ///
    /// # Errors
    /// As [`Self::validated`] and [`Self::object`].
    pub async fn object_by_session(&self, caller: &Caller, session: &Submission) -> Result<(), Error> {
        let validated = self.validated(Asker::User(caller), session).await?;
        self.object(&validated.address).await
    }

    /// Withdraws the objection for an address; returns whether there was one.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn withdraw_objection(&self, address: &Address) -> Result<bool, Error> {
        let index = self.sealer.objection_index(address);
        Ok(self.store.write_one(async move |conn| objections::withdraw(conn, index.as_ref()).await).await?)
    }

    /// Since when the owner of an address objects, if at all.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn objects_since(&self, address: &Address) -> Result<Option<Millis>, Error> {
        let index = self.sealer.objection_index(address);
        Ok(objections::since(&mut self.store.read().await?, index.as_ref()).await?)
    }

    /// What whoever has a message sent is answered if it is not to be: that it could not be delivered.
    ///
    /// # Errors
    /// 400 `M_EMAIL_SEND_ERROR` or `M_SEND_ERROR` if the owner of the address objects; 503 if the database is away.
    pub(super) async fn check_wanted(&self, address: &Address) -> Result<(), Error> {
        match self.objects_since(address).await? {
            Some(_) => Err(undeliverable(address)),
            None => Ok(()),
        }
    }

    /// Holds an address until the transaction ends, unless its owner objects.
    ///
    /// # Errors
    /// 403 if he does, and what the database says.
    pub(super) async fn hold_to_bind(&self, conn: &mut Conn, address: &Address) -> Result<(), Error> {
        invites::hold_address(conn, self.sealer.invite_address_index(address).as_ref()).await?;
        match objections::since(conn, self.sealer.objection_index(address).as_ref()).await? {
            Some(_) => Err(Error::owner_objects()),
            None => Ok(()),
        }
    }
}

/// The answer for a message that could not be delivered.
pub(super) fn undeliverable(address: &Address) -> Error {
    match address.medium() {
        Medium::Email => Error::email_not_sent(),
        Medium::Msisdn => Error::text_not_sent(),
    }
}
