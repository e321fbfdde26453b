//! Talking to homeservers: discovery, the address filter, verified TLS, and what we ask over it.

pub mod address_filter;
pub mod client;
pub mod discovery;
pub mod openid;
