//! The whole server, black box over HTTP, on `SQLite` and on `PostgreSQL`; each file tells a chapter of its users' stories.

#[macro_use]
mod world;
mod process;

mod account;
mod attacks;

mod binding;
mod faults;
mod links;
mod mail;
mod messages;
mod migrations;
mod nodes;
mod operator;
mod tls;
mod validation;
