//! Data that would be lost without anybody being told.

use super::report::{KeyCheck, Loss, Report};

/// The advice on rows that are not valid.
const CORRECT: &str = "correct these rows there, or accept their loss";

/// Returns the losses that can occur with any server. `key_advice` says what to do about a signing
/// key that is missing here.
#[must_use]
pub fn of(report: &Report, key_advice: &str) -> Vec<Loss> {
    let found = &report.found;
    let mut losses = Vec::new();
    let mut add = |what: String, advice: &str| losses.push(Loss { what, advice: advice.to_owned() });
    if let Some(theirs) = report.their_name.as_ref().filter(|theirs| **theirs != report.our_name) {
        add(
            "the other server's name, by which homeservers verify its signatures".to_owned(),
            &format!("set [server] name = {theirs:?} before people use this server"),
        );
    }
    if let Some(KeyCheck::Missing(id)) = &report.signing_key {
        add(format!("the signing key {id}, with which pending invitations and the bindings were signed"), key_advice);
    }
    for (count, what) in [
        (found.bindings.unknown_media.count, "bindings of an unknown kind of address"),
        (found.bindings.malformed_addresses.count, "bindings whose address is not valid"),
        (found.bindings.malformed_users, "bindings to invalid Matrix IDs"),
        (found.malformed_accounts, "accounts whose Matrix ID is not valid"),
        (found.malformed_tokens, "access tokens that are not valid"),
        (found.malformed_consents, "accepted terms of invalid Matrix IDs"),
        (found.invitations.malformed, "pending invitations with an address, room or sender that is not valid"),
        (found.malformed_keys, "public keys of invitations that are not valid"),
    ] {
        if count > 0 {
            add(format!("{count} {what}"), CORRECT);
        }
    }
    for table in found.unknown_tables() {
        add(format!("{} rows of the table {}", table.rows, table.name.escape_debug()), "there is no counterpart here");
    }
    losses
}

/// Returns the loss of addresses that are bound to several users.
#[must_use]
pub fn contested(count: usize) -> Loss {
    Loss {
        what: format!("{count} addresses that are bound to several users"),
        advice:
            "it is unclear who is right, so nobody gets them: their owners can publish them here, or you can use `vouch bind`"
                .to_owned(),
    }
}
