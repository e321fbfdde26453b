//! The environment of Vouch for its tests, benches and the tour: the servers of other organisations
//! (a homeserver, a mail server) and the things that an operator supplies (certificates, a
//! database). Everything speaks the real protocols on the loopback interface, and nothing depends
//! on Vouch itself.
//!
//! Most servers run on their own thread, without a runtime of the caller, until they are dropped.

pub mod ca;
pub mod cas;
pub mod homeserver;
pub mod kannel;
pub mod mail_sink;
pub mod pgbouncer;
pub mod postgres;
pub mod program;
pub mod sms_gateway;
