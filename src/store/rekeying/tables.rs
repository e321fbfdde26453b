//! The tables whose rows are renewed.

use super::{Id, Table};
use crate::crypto::vault::{Column, Purpose};

/// All tables with an index or a sealed column, in the order in which transactions lock them.
pub static TABLES: [Table; 15] = [
    Table {
        name: "accounts",
        id: Id::Number,
        indexes: &[("user_index", Purpose::Account)],
        owner: "user_index",
        sealed: &[("mxid", Column::AccountMxid)],
    },
    Table {
        name: "tokens",
        id: Id::Bytes("token_hash"),
        indexes: &[("confirmed_by", Purpose::ConfirmedBy)],
        owner: "token_hash",
        sealed: &[],
    },
    Table {
        name: "visits",
        id: Id::Bytes("token_hash"),
        indexes: &[
            ("token_hash", Purpose::Visit),
            ("subject_index", Purpose::VisitSubject),
            ("confirmed_by", Purpose::ConfirmedBy),
        ],
        owner: "token_hash",
        sealed: &[("subject", Column::VisitSubject)],
    },
    Table {
        name: "erasures",
        id: Id::Bytes("user_index"),
        indexes: &[("user_index", Purpose::Erasure)],
        owner: "user_index",
        sealed: &[("mxid", Column::ErasureMxid)],
    },
    Table {
        name: "unbind_signatures",
        id: Id::Bytes("signature_hash"),
        indexes: &[("signature_hash", Purpose::UnbindSignature), ("network_index", Purpose::UnbindNetwork)],
        owner: "signature_hash",
        sealed: &[],
    },
    Table {
        name: "objections",
        id: Id::Bytes("address_index"),
        indexes: &[("address_index", Purpose::Objection)],
        owner: "address_index",
        sealed: &[],
    },
    Table {
        name: "bindings",
        id: Id::Number,
        indexes: &[("address_index", Purpose::BindingAddress), ("user_index", Purpose::BindingUser)],
        owner: "address_index",
        sealed: &[("address", Column::BindingAddress), ("mxid", Column::BindingMxid)],
    },
    Table {
        name: "sessions",
        id: Id::Number,
        indexes: &[
            ("session_key", Purpose::Session),
            ("secret_hash", Purpose::ClientSecret),
            ("address_index", Purpose::SessionAddress),
        ],
        owner: "session_key",
        sealed: &[("address", Column::SessionAddress), ("next_link", Column::SessionNextLink)],
    },
    Table {
        name: "invites",
        id: Id::Number,
        indexes: &[
            ("token_hash", Purpose::InviteToken),
            ("address_index", Purpose::InviteAddress),
            ("key_index", Purpose::EphemeralKey),
        ],
        owner: "key_index",
        sealed: &[
            ("address", Column::InviteAddress),
            ("token", Column::InviteToken),
            ("room_id", Column::InviteRoom),
            ("sender", Column::InviteSender),
        ],
    },
    Table {
        name: "ephemeral_keys",
        id: Id::Bytes("key_index"),
        indexes: &[("key_index", Purpose::EphemeralKey)],
        owner: "key_index",
        sealed: &[],
    },
    Table {
        name: "outbox",
        id: Id::Number,
        indexes: &[
            ("user_index", Purpose::OutboxUser),
            ("cause_index", Purpose::OutboxUser),
            ("address_index", Purpose::OutboxAddress),
            ("destination", Purpose::OutboxDestination),
        ],
        owner: "owner",
        sealed: &[("payload", Column::OutboxPayload)],
    },
    Table {
        name: "openid_tokens",
        id: Id::Bytes("token_hash"),
        indexes: &[("token_hash", Purpose::OpenIdToken)],
        owner: "token_hash",
        sealed: &[],
    },
    Table {
        name: "recent_lookups",
        id: Id::Bytes("token_index"),
        indexes: &[("token_index", Purpose::RecentLookups)],
        owner: "token_index",
        sealed: &[],
    },
    Table {
        name: "rate_limits",
        id: Id::Bytes("key"),
        indexes: &[("key", Purpose::RateLimit)],
        owner: "key",
        sealed: &[],
    },
    Table {
        name: "homeservers",
        id: Id::Bytes("domain_index"),
        indexes: &[("domain_index", Purpose::HomeserverDomain)],
        owner: "domain_index",
        sealed: &[],
    },
];
