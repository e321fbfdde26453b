//! The “this was not me” links: what they stand for, and what they undo.
//!
//! Whoever reads the mail or the texts of an address may say so without an account: the link is the whole proof. Its token is sealed
//! ([`Vault::seal_link`](crate::crypto::vault::Vault::seal_link)) and nothing is stored for it. It holds either
//! * a binding's address and user, as blind indexes, and since when it is: the link undoes that binding and no later one; or
//! * the id of a validation session: the link works while the session is kept.
//!
//! With a binding goes what it has queued and is not delivered yet: nobody is to join a room as the reader of an address that was not his.
//!
//! So it names nobody to whoever finds it, and works until what it stands for is over. There is no budget for asking: a token that is
//! none costs one AEAD, less than any other request.

use ruma_common::{OwnedUserId, UserId};
use url::Url;

use super::Vouch;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::bindings::{self, Binding};
use crate::store::sessions::{self, Session};
use crate::store::{self, accounts, outbox};
use crate::texts::Language;

/// The path of the page, below `server.public_url`.
const PAGE: &str = "not-me";

/// What a link stands for.
#[derive(Debug, PartialEq, Eq)]
enum Link {
    /// A binding: the indexes of its row, and when it was made.
    Binding { address_index: [u8; 16], user_index: [u8; 16], bound_at: Millis },
    /// A validation session, by its id.
    Session(String),
}

impl Link {
    const BINDING: u8 = b'b';
    const SESSION: u8 = b's';

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Binding { address_index, user_index, bound_at } => {
                [&[Self::BINDING], address_index.as_slice(), user_index, &bound_at.to_be_bytes()].concat()
            }
            Self::Session(sid) => [&[Self::SESSION], sid.as_bytes()].concat(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        match kind {
            Self::BINDING => {
                let (address_index, rest) = rest.split_first_chunk()?;
                let (user_index, bound_at) = rest.split_first_chunk()?;
                let bound_at = Millis::from_be_bytes(bound_at.try_into().ok()?);
                Some(Self::Binding { address_index: *address_index, user_index: *user_index, bound_at })
            }
            Self::SESSION => Some(Self::Session(String::from_utf8(rest.to_vec()).ok()?)),
            _ => None,
        }
    }
}

/// What the reader of a message disputes, or has disputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispute {
    /// That the address leads to this user.
    Bound(OwnedUserId),
    /// That this user may prove the address to be his.
    Asked(OwnedUserId),
    /// Nothing any more: it is undone, or over.
    Settled,
    /// Nothing any more, for the address was bound anew since.
    Superseded,
    /// The link is none of this server's.
    Unknown,
}

/// As [`Dispute`], with what is needed to undo it.
enum Found {
    Binding(Binding),
    Session(Session, OwnedUserId),
    Other(Dispute),
}

impl Vouch {
    /// The link that undoes a binding.
    pub(super) fn undoing_link(&self, address: &Address, mxid: &UserId, bound_at: Millis, language: Language) -> Url {
        let (address_index, user_index) =
            (self.sealer.binding_index(address).0, self.sealer.binding_user_index(mxid).0);
        let link = Link::Binding { address_index, user_index, bound_at };
        self.not_me_link(&link, language)
    }

    /// The link that cancels a validation session.
    #[must_use]
    pub fn cancelling_link(&self, sid: &str, language: Language) -> Url {
        self.not_me_link(&Link::Session(sid.to_owned()), language)
    }

    /// `lang` is for the page, which is then in the language of the message.
    fn not_me_link(&self, stands_for: &Link, language: Language) -> Url {
        self.links.sealed(PAGE, &stands_for.to_bytes(), Some(language))
    }

    /// What the link with this token would undo; changes nothing.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn dispute(&self, token: &str) -> Result<Dispute, Error> {
        match self.find_disputed(token).await? {
            Found::Binding(row) => Ok(Dispute::Bound(self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?)),
            Found::Session(_, mxid) => Ok(Dispute::Asked(mxid)),
            Found::Other(dispute) => Ok(dispute),
        }
    }

    /// Undoes what the link with this token stands for, and returns what that was. Twice is no error.
    ///
    /// # Errors
    /// 503 if the database is away; then nothing is undone.
    pub async fn undo(&self, token: &str) -> Result<Dispute, Error> {
        let (is_done, dispute) = match self.find_disputed(token).await? {
            Found::Binding(row) => {
                let mxid = self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
                (self.undo_binding(row, &mxid).await?, Dispute::Bound(mxid))
            }
            Found::Session(session, mxid) => (self.cancel_session(&session, &mxid).await?, Dispute::Asked(mxid)),
            Found::Other(dispute) => return Ok(dispute),
        };
        // Somebody else was faster.
        Ok(if is_done { dispute } else { Dispute::Settled })
    }

    async fn find_disputed(&self, token: &str) -> Result<Found, Error> {
        let link = self.links.open(token).and_then(|bytes| Link::from_bytes(&bytes));
        let Some(link) = link else { return Ok(Found::Other(Dispute::Unknown)) };
        let mut conn = self.store.read().await?;
        match link {
            Link::Binding { address_index, user_index, bound_at } => {
                let Some(row) = bindings::by_address(&mut conn, &address_index).await? else {
                    return Ok(Found::Other(Dispute::Settled));
                };
                let is_meant = row.user_index == user_index && row.bound_at == bound_at;
                Ok(if is_meant { Found::Binding(row) } else { Found::Other(Dispute::Superseded) })
            }
            Link::Session(sid) => {
                let settled = Found::Other(Dispute::Settled);
                let Some(session) = sessions::mailed(&mut conn, &sid).await? else { return Ok(settled) };
                // A homeserver's session has no account, and no mail.
                let Some(asker) = session.account_id else { return Ok(settled) };
                let Some(account) = accounts::by_id(&mut conn, asker).await? else { return Ok(settled) };
                Ok(Found::Session(session, self.sealer.open_account(&account)?))
            }
        }
    }

    /// Removes that binding and no later one, and all that was proved of the address: or it would be bound again in the same minute.
    async fn undo_binding(&self, row: Binding, mxid: &UserId) -> Result<bool, Error> {
        let address = self.sealer.open_bound_address(&row.address_index, &row.address)?;
        let proofs = self.sealer.session_address_index(&address);
        let (to, about) = (self.sealer.outbox_address_index(&address), self.sealer.outbox_user_index(mxid));
        let gone = self.store.write(async move |conn| {
            let gone = bindings::unbind_of(conn, &row.address_index, &row.user_index, row.bound_at).await?;
            if gone.is_some() {
                sessions::remove_by_address(conn, proofs.as_ref()).await?;
                outbox::remove_since(conn, to.as_ref(), about.as_ref(), row.bound_at).await?;
            }
            Ok::<_, store::Error>(gone)
        });
        let gone = gone.await?;
        if let Some(id) = gone {
            self.directory.remove(&address, id);
        }
        Ok(gone.is_some())
    }

    /// Removes a session, and the binding that its user has made since it was validated; and if he has removed that himself, what it has queued.
    async fn cancel_session(&self, session: &Session, mxid: &OwnedUserId) -> Result<bool, Error> {
        let address = self.sealer.open_session_address(session)?;
        let (bound, user) = (self.sealer.binding_index(&address), self.sealer.binding_user_index(mxid));
        let (to, about) = (self.sealer.outbox_address_index(&address), self.sealer.outbox_user_index(mxid));
        let id = session.id;
        let cancelled = self.store.write(async move |conn| {
            let Some(validated_at) = sessions::cancel(conn, id).await? else { return Ok((false, None)) };
            let Some(since) = validated_at else { return Ok((true, None)) };
            let unbound = bindings::unbind_since(conn, bound.as_ref(), user.as_ref(), since).await?;
            outbox::remove_since(conn, to.as_ref(), about.as_ref(), since).await?;
            Ok::<_, store::Error>((true, unbound))
        });
        let (is_cancelled, unbound) = cancelled.await?;
        if let Some(id) = unbound {
            self.directory.remove(&address, id);
        }
        Ok(is_cancelled)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_link_is_read_as_it_was_written(address_index: [u8; 16], user_index: [u8; 16], bound_at: Millis, sid in "[0-9a-zA-Z]{1,22}") {
            for link in [Link::Binding { address_index, user_index, bound_at }, Link::Session(sid)] {
                prop_assert_eq!(Link::from_bytes(&link.to_bytes()), Some(link));
            }
        }

        #[test]
        fn a_binding_has_one_length(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let link = [&[Link::BINDING], &bytes[..]].concat();
            prop_assert_eq!(Link::from_bytes(&link).is_some(), bytes.len() == 40);
        }
    }
}
