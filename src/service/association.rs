//! The signed objects that this server makes about bindings.

use ruma_common::UserId;
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue, to_canonical_value};
use serde_json::{Value, json};

use crate::clock::{DAY, Millis};
use crate::identity::threepid::Address;

/// The validity of an association.
const A_HUNDRED_YEARS: Millis = 100 * 365 * DAY;

/// Returns the unsigned
/// [association](https://spec.matrix.org/latest/identity-service-api/#post_matrixidentityv23pidbind).
pub(super) fn association(address: &Address, mxid: &UserId, ts: Millis) -> CanonicalJsonObject {
    canonical(json!({
        "address": address.as_str(),
        "medium": address.medium().as_str(),
        "mxid": mxid,
        "not_before": ts,
        "not_after": ts + A_HUNDRED_YEARS,
        "ts": ts,
    }))
}

/// Converts an object of strings, counts and times to canonical JSON.
pub(super) fn canonical(object: Value) -> CanonicalJsonObject {
    let Ok(CanonicalJsonValue::Object(object)) = to_canonical_value(object) else {
        unreachable!("strings, counts and times before the year 285,000 are canonical JSON")
    };
    object
}
