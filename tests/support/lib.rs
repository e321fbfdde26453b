//! The world around Vouch, for its tests, benches and the tour: what other organisations run (a homeserver, a mail server) and what an
//! operator brings (certificates, a database). Everything here speaks the true protocols on the loopback interface and knows nothing
//! of Vouch itself.
//!
//! Nothing here needs a runtime of its caller: what runs in the background has a thread of its own, ended when the value is dropped.

pub mod ca;
pub mod cas;
pub mod homeserver;
pub mod kannel;
pub mod mail_sink;
pub mod postgres;
pub mod program;
pub mod sms_gateway;
