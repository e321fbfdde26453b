//! Checks of settings that must be the same on both servers.

use std::path::Path;

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};

use super::settings::Settings;
use super::source::Source;
use crate::crypto::signing::SigningKeys;
use crate::crypto::verifying::{PublicKey, Signature};
use crate::import::opening::SourceError;
use crate::import::report::KeyCheck;
use crate::service::Services;

/// Looks for the other server's key among ours, by its configuration or its latest signature.
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

/// Returns the advice on a signing key that is missing here.
pub(super) fn key_advice(file: &Path, services: &Services) -> String {
    format!(
        "add it to {}, and restart: sed -n 's/^ed25519.signingkey *[=:] *//p' {} | vouch keys import --sign -",
        services.config.keys.signing_key_file.display(),
        file.with_file_name("sydent.conf").display()
    )
}
