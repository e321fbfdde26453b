//! All SQL, and nothing else: one module per group of tables, with plain functions that take a
//! connection. Each query is written once and runs on both backends.

pub mod accounts;
pub mod audit;
pub mod bindings;
pub mod census;
mod connection;
pub mod consents;
pub mod counts;
mod database;
mod engine;
pub mod erasures;
mod error;
pub mod following;
pub mod future;
pub mod homeservers;
pub mod import;
pub mod invites;
pub mod leases;
pub mod meta;
mod metering;
mod migrations;
pub mod nodes;
pub mod objections;
pub mod outbox;
mod pooler;
mod postgres;
mod prepared;
pub mod proofs;
pub mod rate_limits;
pub mod recent_lookups;
pub mod rekeying;
pub mod respelling;
mod schema;
mod session_settings;
pub mod sessions;
mod snapshot;
mod sqlite;
mod transaction;
mod transfer;
pub mod unbind_signatures;
pub mod visits;

pub use connection::Conn;
pub use database::Store;
pub use error::Error;
pub use migrations::Schema;
pub use postgres::connect_elsewhere;
pub use snapshot::Snapshot;
pub use transfer::{Contents, Tick};

/// Returns the columns of a row type, in the order of its fields. They are the same for both
/// backends, although diesel requires one of them to be named.
fn columns<T: diesel::Selectable<diesel::sqlite::Sqlite>>() -> T::SelectExpression {
    T::construct_selection()
}
