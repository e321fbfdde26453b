//! What has to be the same on both servers, and what would be lost.

use std::path::Path;

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};

use super::settings::Settings;
use super::source::{Source, SourceError};
use crate::crypto::signing::SigningKeys;
use crate::crypto::verifying::{PublicKey, Signature};
use crate::import::report::{KeyCheck, Loss, Report};
use crate::service::Services;

/// Finds out whether the other server's key is one of ours: by its configuration, or by its latest
/// signature.
pub(super) fn signing_key(
    source: &mut Source,
    ours: &SigningKeys,
    settings: Option<&Settings>,
) -> Result<KeyCheck, SourceError> {
    if let Some((id, public)) = settings.and_then(Settings::signing_key) {
        let is_ours = ours.public_key(&id) == Some(public);
        return Ok(if is_ours { KeyCheck::Matches(id) } else { KeyCheck::Missing(id) });
    }
    let name = source.server_name.clone().unwrap_or_default();
    let checks = source.signed()?;
    Ok(checks.iter().find_map(|association| check_signature(association, &name, ours)).unwrap_or(KeyCheck::Unknown))
}

fn check_signature(association: &str, name: &str, ours: &SigningKeys) -> Option<KeyCheck> {
    let mut object: CanonicalJsonObject = serde_json::from_str(association).ok()?;
    let CanonicalJsonValue::Object(mut signatures) = object.remove("signatures")? else { return None };
    object.remove("unsigned");
    let CanonicalJsonValue::Object(theirs) = signatures.remove(name)? else { return None };
    let (id, signature) = theirs.into_iter().next()?;
    let signature = Signature::parse(signature.as_str()?)?;
    let text = serde_json::to_string(&object).ok()?;
    let key = ours.public_key(&id).and_then(|public| PublicKey::parse(&public));
    let is_ours = key.is_some_and(|key| key.has_signed(&text, &signature));
    Some(if is_ours { KeyCheck::Matches(id) } else { KeyCheck::Missing(id) })
}

/// Returns what would be lost without anybody being told.
pub(super) fn losses(report: &Report, file: &Path, services: &Services) -> Vec<Loss> {
    let found = &report.found;
    let mut losses = Vec::new();
    let mut add = |what: String, advice: String| losses.push(Loss { what, advice });
    if report.their_name.as_ref().is_some_and(|theirs| *theirs != report.our_name) {
        add(
            "the other server's name, by which homeservers verify its signatures".to_owned(),
            format!(
                "set [server] name = {:?} before people use this server",
                report.their_name.as_deref().unwrap_or_default()
            ),
        );
    }
    if let KeyCheck::Missing(id) = &report.signing_key {
        let conf = file.with_file_name("sydent.conf");
        add(
            format!("the signing key {id}, with which pending invitations and the bindings were signed"),
            format!(
                "add it to {}, and restart: sed -n 's/^ed25519.signingkey *[=:] *//p' {} | vouch keys import --sign -",
                services.config.keys.signing_key_file.display(),
                conf.display()
            ),
        );
    }
    let rows = "correct these rows there, or accept their loss";
    for (count, what) in [
        (found.bindings.unknown_media.count, "bindings of an unknown kind of address"),
        (found.bindings.malformed_addresses.count, "bindings whose address is not valid"),
        (found.bindings.malformed_users, "bindings to what is not a Matrix ID"),
        (found.malformed_accounts, "accounts whose Matrix ID is not valid"),
        (found.malformed_tokens, "access tokens that are not valid"),
        (found.malformed_consents, "accepted terms of what is not a Matrix ID"),
        (found.invitations.malformed, "pending invitations with an address, room or sender that is not valid"),
        (found.malformed_keys, "public keys of invitations that are not valid"),
    ] {
        if count > 0 {
            add(format!("{count} {what}"), rows.to_owned());
        }
    }
    for table in found.unknown_tables() {
        add(
            format!("{} rows of the table {}", table.rows, table.name.escape_debug()),
            "there is no counterpart here".to_owned(),
        );
    }
    losses
}
