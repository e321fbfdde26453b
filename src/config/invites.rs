//! `[invites]`: which invitations are accepted, and where they link to.

use url::Url;

use super::homeserver::{RoomPattern, ServerPattern};
use super::parse;
use super::reader::Reader;

/// `[invites]`
#[derive(Clone, Debug)]
pub struct Invites {
    /// `web_clients`: web apps that invited people may be sent to, at least one. The first is used
    /// unless the homeserver names another of them. Default `["https://app.element.io"]`.
    pub web_clients: Vec<Url>,
    /// `blocked_homeservers`: homeservers whose users may not invite. Default none.
    pub blocked_homeservers: Vec<ServerPattern>,
    /// `blocked_rooms`: rooms that people may not be invited to. Default none.
    pub blocked_rooms: Vec<RoomPattern>,
}

impl Invites {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("invites");
        let web_clients = section.list("web_clients", &["https://app.element.io"], parse::public_url);
        if web_clients.is_empty() {
            section.wrong("web_clients", "expected at least one URL, such as [\"https://app.element.io\"]");
        }
        Self {
            web_clients,
            blocked_homeservers: section.list("blocked_homeservers", &[], str::parse),
            blocked_rooms: section.list("blocked_rooms", &[], str::parse),
        }
    }
}
