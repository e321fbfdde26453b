//! The landing page of an invitation: the content of the link in its email, and declining it.
//!
//! Nothing is stored for the link. Its token is sealed
//! ([`Vault::seal_link`](crate::crypto::vault::Vault::seal_link)) and contains the hash that
//! identifies the invitation, the private half of its key, and the homeserver's words; the last two
//! exist nowhere else. So nobody can make this server show text of their own, and the page
//! disappears with the invitation.
//!
//! Somebody who has the link can read the emails of the address, or was given it by somebody who
//! can. That is all the proof needed to decline, as it is to accept.

use ruma_common::OwnedUserId;
use url::Url;

use super::link::is_avatar;
use super::{DisplayName, Invitations, InviteWords};
use crate::clock::Millis;
use crate::crypto::ephemeral::EphemeralKey;
use crate::crypto::vault::Purpose;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::Objector;
use crate::store::invites::{self, Invite};
use crate::texts::Language;

/// The path of the page, below `server.public_url`.
const PAGE: &str = "invited";

/// The subject of the link in the email of an invitation.
#[derive(Debug)]
pub enum Landing {
    /// A pending invitation.
    Waiting(Box<Invitation>),
    /// One that was delivered to the account that the address is or was bound to.
    Delivered,
    /// One that was deleted or has expired.
    Over,
    /// Nothing, because this server made no such link.
    Unknown,
}

/// A pending invitation, as the invited person sees it.
#[derive(Debug)]
pub struct Invitation {
    /// The inviter.
    pub sender: OwnedUserId,
    /// The inviter's name.
    pub inviter: Option<DisplayName>,
    /// The room's name.
    pub room: Option<DisplayName>,
    /// True if the room is a space.
    pub is_space: bool,
    /// The links for accepting it, one for each web app, at least one. They contain the private
    /// half of its key.
    pub links: Vec<Url>,
    /// The time until which it is stored, with the address.
    pub until: Millis,
}

/// The content of a link's token.
struct Link {
    token_hash: [u8; 16],
    key: EphemeralKey,
    words: InviteWords,
}

/// A pending invitation and its link.
struct Waiting {
    row: Invite,
    address: Address,
    link: Link,
}

impl Link {
    /// The first byte of these links, which no other kind of link begins with.
    const ROOM: u8 = b'r';
    const SPACE: u8 = b'R';

    fn to_bytes(&self) -> Vec<u8> {
        let words = &self.words;
        let name = |name: &Option<DisplayName>| name.as_ref().map_or("", DisplayName::as_str).to_owned();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        // None of them contains a line break.
        let lines = [name(&words.inviter), name(&words.room), text(&words.room_avatar), text(&words.web_client)];
        let kind = if words.is_space { Self::SPACE } else { Self::ROOM };
        [&[kind], self.token_hash.as_slice(), self.key.private_bytes(), lines.join("\n").as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let is_space = match kind {
            Self::ROOM => false,
            Self::SPACE => true,
            _ => return None,
        };
        let (&token_hash, rest) = rest.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let lines: Vec<&str> = str::from_utf8(rest).ok()?.split('\n').collect();
        let [inviter, room, avatar, client] = lines.try_into().ok()?;
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let words = InviteWords {
            inviter: DisplayName::parse(inviter),
            room: DisplayName::parse(room),
            room_avatar: some(avatar).filter(|uri| is_avatar(uri)),
            is_space,
            web_client: some(client),
        };
        Some(Self { token_hash, key: EphemeralKey::from_private_bytes(key), words })
    }
}

impl Invitations {
    /// Returns the link in the email of an invitation. It names no language, since only the
    /// reader's browser knows theirs.
    pub(super) fn landing_link(&self, token: &str, key: &EphemeralKey, words: &InviteWords) -> Url {
        let client = self.web_client(words.web_client.as_deref());
        let is_usual = *client == self.settings.web_clients[0];
        let web_client = (!is_usual).then(|| client.as_str().to_owned());
        let stands_for = Link {
            token_hash: self.sealer.invite_token_index(token).lasting(),
            key: EphemeralKey::from_private_bytes(key.private_bytes()),
            words: InviteWords { web_client, ..words.clone() },
        };
        self.links.sealed(PAGE, &stands_for.to_bytes(), None)
    }

    /// Returns the subject of the link with this token; changes nothing.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn landing(&self, token: &str) -> Result<Landing, Error> {
        match self.find_waiting(token).await? {
            Ok(waiting) => self.invitation(&waiting),
            Err(other) => Ok(other),
        }
    }

    /// Deletes the invitation of the link with this token, and returns it. Nobody is notified, and
    /// declining twice is not an error.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing is deleted in that case.
    pub async fn decline(&self, token: &str) -> Result<Landing, Error> {
        let waiting = match self.find_waiting(token).await? {
            Ok(waiting) => waiting,
            Err(other) => return Ok(other),
        };
        let (index, id) = (self.sealer.invite_address_index(&waiting.address), waiting.row.id);
        let keys_until = self.clock.now() + self.retention.ephemeral_key;
        let removed = self.store.write(async move |conn| {
            invites::lock_address(conn, index.as_ref()).await?;
            invites::remove_pending(conn, vec![id], keys_until).await
        });
        // Somebody else was faster.
        if removed.await? == 0 { Ok(Landing::Over) } else { self.invitation(&waiting) }
    }

    /// [Objects](crate::service::Objections::object) for the owner of the invited address, and
    /// returns the invitation of the link with this token. Doing so twice is not an error.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing has changed in that case.
    pub async fn decline_for_good(&self, token: &str, language: Language) -> Result<Landing, Error> {
        let waiting = match self.find_waiting(token).await? {
            Ok(waiting) => waiting,
            Err(other) => return Ok(other),
        };
        let by = Objector::Link { sent_at: waiting.row.created_at };
        let is_done = self.objections.object(&waiting.address, by, language).await?;
        if is_done { self.invitation(&waiting) } else { Ok(Landing::Over) }
    }

    async fn find_waiting(&self, token: &str) -> Result<Result<Waiting, Landing>, Error> {
        let link = self.links.open(token).and_then(|bytes| Link::from_bytes(&bytes));
        let Some(link) = link else { return Ok(Err(Landing::Unknown)) };
        let made_after = self.clock.now() - self.retention.invite;
        let token_hash = self.sealer.in_link(Purpose::InviteToken, link.token_hash);
        let row = invites::by_token_hash(&mut self.store.read().await?, &token_hash, made_after).await?;
        let Some(row) = row else { return Ok(Err(Landing::Over)) };
        Ok(match self.sealer.open_invited(&row)? {
            Some(address) => Ok(Waiting { row, address, link }),
            None => Err(Landing::Delivered),
        })
    }

    fn invitation(&self, waiting: &Waiting) -> Result<Landing, Error> {
        let Waiting { row, address, link: Link { key, words, .. } } = waiting;
        let invite = self.sealer.open_invite(row)?;
        Ok(Landing::Waiting(Box::new(Invitation {
            links: self.answering_links(&invite, address, words, key),
            sender: invite.sender,
            inviter: words.inviter.clone(),
            room: words.room.clone(),
            is_space: words.is_space,
            until: row.created_at + self.retention.invite,
        })))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::vault::LONGEST_VALUE;

    fn link(token_hash: [u8; 16], key: [u8; 32], words: InviteWords) -> Link {
        Link { token_hash, key: EphemeralKey::from_private_bytes(&key), words }
    }

    proptest! {
        #[test]
        fn a_link_is_parsed_as_it_was_written(
            hash: [u8; 16], key: [u8; 32], inviter: String, room: String, is_space: bool, avatar in "([a-zA-Z0-9]{1,40})?", other: bool,
        ) {
            let words = InviteWords {
                inviter: DisplayName::parse(&inviter),
                room: DisplayName::parse(&room),
                room_avatar: Some(format!("mxc://example.org/{avatar}")).filter(|uri| is_avatar(uri)),
                is_space,
                web_client: other.then(|| "https://chat.example/app".to_owned()),
            };
            let read = Link::from_bytes(&link(hash, key, words.clone()).to_bytes()).unwrap();
            prop_assert_eq!((read.token_hash, read.key.private_bytes(), read.words), (hash, &key, words));
        }

        #[test]
        fn other_kinds_of_links_are_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let is_one = matches!(bytes.first(), Some(b'r' | b'R'));
            prop_assert!(is_one || Link::from_bytes(&bytes).is_none());
        }
    }

    #[test]
    fn the_longest_words_fit_into_a_link() {
        let name = || DisplayName::parse(&"\u{1f600}".repeat(100));
        let avatar = format!("mxc://example.org/{}", "a".repeat(494));
        assert!(is_avatar(&avatar));
        let words = InviteWords {
            inviter: name(),
            room: name(),
            room_avatar: Some(avatar),
            is_space: true,
            web_client: Some(format!("https://{}", "a".repeat(150))),
        };
        assert!(link([7; 16], [7; 32], words).to_bytes().len() <= LONGEST_VALUE);
    }
}
