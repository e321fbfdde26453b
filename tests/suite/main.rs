//! The whole server, black box over HTTP, on `SQLite` and on `PostgreSQL`; each file tells a chapter of its users' stories.

#[macro_use]
mod world;
mod process;

mod account;
mod canary;
mod operator;
