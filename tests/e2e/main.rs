//! Vouch with a real Synapse, and matrix-js-sdk as the client of both. `scripts/e2e` installs them
//! and runs this.

mod binding;
mod invites;
mod leaving;
mod moving_in;
mod outage;
mod own_data;
mod person;
mod phones;
mod sdk;
mod synapse;
mod vouch;
mod world;
