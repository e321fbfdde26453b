//! The whole server, black box over HTTP, on `SQLite` and on `PostgreSQL`; each file tells a chapter of its users' stories.

#[macro_use]
mod world;
mod database;
mod process;

mod account;
mod answers;
mod hostile;
mod keys;
mod lookup;
mod operator;
mod pages;
mod ruma;
mod schema;
mod spending;
mod terms;
mod types;
mod wire;
