//! Entries of the audit log.

use ruma_common::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Millis;
use crate::crypto::base62;
use crate::crypto::vault::AuditKeys;
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::service::Objector;
use crate::store::proofs::Bearer;

/// The kind of act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// An address was bound to a user.
    Bind,
    /// An address was unbound from a user.
    Unbind,
    /// The owner of an address objected; the user is the one it was bound to.
    Object,
    /// An objection was withdrawn.
    WithdrawObjection,
    /// Everything about a user or an address was erased.
    Erase,
    /// An erasure was requested.
    RequestErasure,
    /// A requested erasure was stopped.
    StopErasure,
    /// Everything about a user or an address was exported.
    Export,
    /// A policy was accepted.
    Accept,
    /// A consent was withdrawn.
    Withdraw,
    /// All sessions of a user were ended.
    SignOut,
    /// The validation sessions of an address were cancelled.
    CancelSessions,
    /// The pending invitations of an address were deleted.
    DeleteInvitations,
    /// The operator looked up whose an address is.
    Lookup,
    /// The operator listed deliveries with the people they are about.
    Reveal,
    /// Deliveries were made due.
    RetryDelivery,
    /// Deliveries were dropped.
    DropDelivery,
    /// Rows of another server were imported.
    Import,
    /// The information remembered about an import was deleted.
    EndImport,
    /// The database was copied into a backup.
    Backup,
    /// The database was restored from a backup.
    Restore,
    /// The stored time was set.
    SetClock,
    /// The signing keys have changed.
    Keys,
    /// The version or the settings have changed.
    Settings,
}

impl Act {
    /// Every variant at its own index, with its name.
    const ALL: [(Self, &'static str); 24] = [
        (Self::Bind, "bind"),
        (Self::Unbind, "unbind"),
        (Self::Object, "object"),
        (Self::WithdrawObjection, "withdraw_objection"),
        (Self::Erase, "erase"),
        (Self::RequestErasure, "request_erasure"),
        (Self::StopErasure, "stop_erasure"),
        (Self::Export, "export"),
        (Self::Accept, "accept"),
        (Self::Withdraw, "withdraw"),
        (Self::SignOut, "sign_out"),
        (Self::CancelSessions, "cancel_sessions"),
        (Self::DeleteInvitations, "delete_invitations"),
        (Self::Lookup, "lookup"),
        (Self::Reveal, "reveal"),
        (Self::RetryDelivery, "retry_delivery"),
        (Self::DropDelivery, "drop_delivery"),
        (Self::Import, "import"),
        (Self::EndImport, "end_import"),
        (Self::Backup, "backup"),
        (Self::Restore, "restore"),
        (Self::SetClock, "set_clock"),
        (Self::Keys, "keys"),
        (Self::Settings, "settings"),
    ];

    pub(super) const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Returns all names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(|(_, name)| name)
    }
}

/// The origin of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A request of an app.
    Api,
    /// A page of this server, or a link in a message.
    Page,
    /// A command of the operator.
    Command,
    /// A request that a homeserver has signed.
    Homeserver,
    /// Something that was requested earlier was carried out.
    Maintenance,
    /// A server started.
    Start,
}

impl Origin {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Page => "page",
            Self::Command => "command",
            Self::Homeserver => "homeserver",
            Self::Maintenance => "maintenance",
            Self::Start => "start",
        }
    }
}

impl From<Remover> for Origin {
    fn from(by: Remover) -> Self {
        match by {
            Remover::Owner | Remover::Another => Self::Api,
            Remover::User | Remover::Reader => Self::Page,
            Remover::Homeserver => Self::Homeserver,
            Remover::Operator => Self::Command,
        }
    }
}

impl From<Objector> for Origin {
    fn from(by: Objector) -> Self {
        match by {
            Objector::Session => Self::Api,
            Objector::Reader | Objector::Link { .. } => Self::Page,
            Objector::Operator => Self::Command,
        }
    }
}

impl From<&Bearer> for Origin {
    fn from(by: &Bearer) -> Self {
        match by {
            Bearer::Token(_) => Self::Api,
            Bearer::Visit(_) => Self::Page,
        }
    }
}

/// An entry to be written.
pub(in crate::service) struct Entry<'a> {
    pub act: Act,
    pub origin: Origin,
    /// True if anything was changed or found.
    pub has_changed: bool,
    /// The user whose data it was.
    pub user: Option<&'a UserId>,
    /// The address.
    pub address: Option<&'a Address>,
    /// Further details; nothing that identifies a person.
    pub detail: Option<Value>,
}

impl<'a> Entry<'a> {
    pub fn new(act: Act, origin: impl Into<Origin>) -> Self {
        Self { act, origin: origin.into(), has_changed: true, user: None, address: None, detail: None }
    }

    pub fn user(self, user: &'a UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    pub fn address(self, address: &'a Address) -> Self {
        Self { address: Some(address), ..self }
    }

    pub fn detail(self, detail: Value) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// Returns what is stored of it, and its MAC.
    pub fn written(self, at: Millis, keys: &AuditKeys) -> (String, [u8; 16]) {
        let record = Record {
            at,
            act: self.act.name().to_owned(),
            origin: self.origin.name().to_owned(),
            outcome: if self.has_changed { "done" } else { "nothing" }.to_owned(),
            user: self.user.map(|user| of_user(keys, user)),
            address: self.address.map(|address| of_address(keys, address)),
            detail: self.detail,
            id: base62::random(12),
        };
        let text = serde_json::to_string(&record).expect("strings and numbers can be serialized");
        let mac = keys.entry_mac(&text);
        (text, mac)
    }
}

/// Returns the pseudonym of a user.
pub(super) fn of_user(keys: &AuditKeys, user: &UserId) -> String {
    keys.pseudonym("user", user.as_str())
}

/// Returns the pseudonym of an address.
pub(super) fn of_address(keys: &AuditKeys, address: &Address) -> String {
    keys.pseudonym(address.medium().as_str(), address.as_str())
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The time when it was written, in milliseconds since the epoch.
    pub at: Millis,
    /// The [act](Act).
    pub act: String,
    /// The [origin](Origin).
    pub origin: String,
    /// `done`, or `nothing` if there was nothing to do.
    pub outcome: String,
    /// The pseudonym of the user whose data it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The pseudonym of the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Further details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// Random, so that no two entries are the same.
    pub id: String,
}

impl Record {
    /// Parses a stored entry.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// An entry with its number.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// The number, once it is linked.
    pub sequence: Option<i64>,
    /// The entry.
    #[serde(flatten)]
    pub record: Record,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_its_own_name() {
        for (index, (act, name)) in Act::ALL.into_iter().enumerate() {
            assert_eq!((act as usize, act.name()), (index, name));
            assert_eq!(Act::names().filter(|other| *other == name).count(), 1);
        }
    }
}
