//! The whole server, black box over HTTP, on `SQLite` and on `PostgreSQL`; each file tells a chapter of its users' stories.

#[macro_use]
mod world;
mod database;
mod process;

mod account;
mod answers;
mod attacks;
mod binding;
mod canary;
mod faults;
mod hostile;
mod invite_budgets;
mod invite_mails;
mod invites;
mod keys;
mod links;
mod lookup;
mod mail;
mod messages;
mod migrations;
mod nodes;
mod not_mine;
mod notices;
mod onbind;
mod operator;
mod outages;
mod pages;
mod phone_checks;
mod phones;
mod program;
mod retention;
mod ruma;
mod schema;
mod signed_unbind;
mod signing_keys;
mod sms;
mod spending;
mod terms;
mod texts;
mod tls;
mod types;
mod unbind_signatures;
mod validation;
mod wire;
