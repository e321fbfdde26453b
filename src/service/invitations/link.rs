//! The links by which an invited person responds: into a web app, with everything needed to accept.

use std::iter;

use ruma_common::MxcUri;
use url::{Url, form_urlencoded};

use super::{DisplayName, Invitations};
use crate::crypto::ephemeral::EphemeralKey;
use crate::identity::threepid::Address;
use crate::service::sealing::PendingInvite;

/// Information from a homeserver about the room and the inviter, besides their ids. It is not
/// verified; malformed values are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InviteWords {
    /// The inviter's name.
    pub inviter: Option<DisplayName>,
    /// The room's name, or its alias.
    pub room: Option<DisplayName>,
    /// The room's picture, an `mxc` URI.
    pub room_avatar: Option<String>,
    /// True if the room is a space.
    pub is_space: bool,
    /// The web app in which the homeserver wants the invitation to be accepted.
    pub web_client: Option<String>,
}

/// The longest `mxc` URI that is passed on, in bytes.
const MAX_AVATAR: usize = 512;

/// The type of a room that is a space.
const SPACE: &str = "m.space";

impl InviteWords {
    /// Reads the words of a request; `word` returns the value that the homeserver sent under a
    /// name.
    pub fn read(mut word: impl FnMut(&str) -> Option<String>) -> Self {
        let alias = word("room_alias").filter(|alias| alias.starts_with('#'));
        Self {
            inviter: word("sender_display_name").as_deref().and_then(DisplayName::parse),
            room: word("room_name").or(alias).as_deref().and_then(DisplayName::parse),
            room_avatar: word("room_avatar_url").filter(|uri| is_avatar(uri)),
            is_space: word("room_type").is_some_and(|kind| kind == SPACE),
            web_client: word("org.matrix.web_client_location"),
        }
    }
}

pub(super) fn is_avatar(uri: &str) -> bool {
    uri.len() <= MAX_AVATAR && <&MxcUri>::from(uri).is_valid()
}

impl Invitations {
    /// Returns the links for accepting an invitation, one for each web app that the operator
    /// allows; the one that the homeserver names comes first. Everything needed to accept follows
    /// the `?` of the fragment, where Element Web and Element Android read it. They have the
    /// acceptance signed at `signurl`.
    pub(super) fn answering_links(
        &self,
        invite: &PendingInvite,
        address: &Address,
        words: &InviteWords,
        key: &EphemeralKey,
    ) -> Vec<Url> {
        let name = |name: &Option<DisplayName>| name.as_ref().map_or("", DisplayName::as_str).to_owned();
        let inviter = words.inviter.as_ref().map_or(invite.sender.as_str(), DisplayName::as_str);
        let parameters = [
            ("email", address.as_str().to_owned()),
            ("signurl", self.sign_url(&invite.token, key).into()),
            ("room_name", name(&words.room)),
            ("room_avatar_url", words.room_avatar.clone().unwrap_or_default()),
            ("inviter_name", inviter.to_owned()),
            ("room_type", if words.is_space { SPACE } else { "" }.to_owned()),
        ];
        let parameters: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let fragment = format!("/room/{}?{}", escaped(invite.room_id.as_str()), parameters.join("&"));
        let chosen = self.web_client(words.web_client.as_deref());
        let others = self.settings.web_clients.iter().filter(|client| *client != chosen);
        iter::once(chosen).chain(others).map(|client| within(client, &fragment)).collect()
    }

    /// Returns the web app that a homeserver names, if the operator allows it; otherwise the
    /// operator's.
    pub(super) fn web_client(&self, named: Option<&str>) -> &Url {
        let clients = &self.settings.web_clients;
        let named = named.and_then(|text| Url::parse(text.trim_end_matches('/')).ok());
        clients.iter().find(|client| Some(*client) == named.as_ref()).unwrap_or(&clients[0])
    }

    fn sign_url(&self, token: &str, key: &EphemeralKey) -> Url {
        let mut url = self.links.to("_matrix/identity/v2/sign-ed25519");
        url.query_pairs_mut().append_pair("token", token).append_pair("private_key", &key.private_key());
        url
    }
}

/// Returns the link to a place within a web app.
fn within(client: &Url, fragment: &str) -> Url {
    let mut link = client.clone();
    if !link.path().ends_with('/') {
        link.set_path(&format!("{}/", link.path()));
    }
    link.set_fragment(Some(fragment));
    link
}

/// Escapes a value so that it is read the same whether or not the reader treats `+` as a space.
fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn escaped_text_has_no_special_characters_and_reads_back_as_written(text: String) {
            let escaped = escaped(&text);
            prop_assert!(escaped.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%*-._".contains(&byte)));
            let mut pairs = form_urlencoded::parse(escaped.as_bytes());
            prop_assert_eq!(pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default(), text);
        }
    }

    #[test]
    fn only_well_formed_words_are_used() {
        let words = |name: &'static str, value: &'static str| {
            InviteWords::read(|asked| (asked == name).then(|| value.to_owned()))
        };
        assert!(words("room_avatar_url", "mxc://example.org/abc").room_avatar.is_some());
        for bad in ["", "mxc://", "https://evil.example/a.png", "javascript:alert(1)"] {
            assert!(words("room_avatar_url", bad).room_avatar.is_none(), "{bad}");
        }
        assert!(words("room_type", "m.space").is_space && !words("room_type", "m.other").is_space);
        assert_eq!(words("room_alias", "#a:b").room.unwrap().as_str(), "#a:b");
        assert!(words("room_alias", "a:b").room.is_none());
    }
}
