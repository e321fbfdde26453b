//! Look-ups of associations.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use actix_web::HttpResponse;
use actix_web::web::Data;
use ruma_common::OwnedUserId;
use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::json;
use serde_json::value::RawValue;

use super::extract::{Signatory, SynapseSignatory};
use super::json::{self, Body, Strict};
use crate::error::Error;
use crate::service::{LookupRequest, Lookups, Network};

/// The maximum size of a body in bytes per address: 64 hexadecimal digits, quotes, a comma and some
/// white space.
const BYTES_AN_ADDRESS: usize = 72;

/// `GET /_matrix/identity/v2/hash_details`: returns the supported algorithms and the current
/// pepper.
pub(super) async fn hash_details(lookups: Data<Lookups>, _: SynapseSignatory) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "lookup_pepper": lookups.pepper(), "algorithms": lookups.algorithms() }))
}

/// The response to a look-up.
#[derive(Serialize)]
struct Mappings<'a> {
    mappings: BTreeMap<&'a str, OwnedUserId>,
}

/// `POST /_matrix/identity/v2/lookup`: returns the Matrix IDs that the given address hashes are
/// bound to.
pub(super) async fn lookup(
    lookups: Data<Lookups>,
    Signatory(caller): Signatory,
    from: Network,
    body: Body,
) -> Result<HttpResponse, Error> {
    let body = body.counted_for(&caller.mxid).read(json::SMALL + lookups.max_addresses() * BYTES_AN_ADDRESS).await?;
    let request = parse(&body)?;
    let mappings = lookups.find(&caller, &from, &request).await?;
    Ok(HttpResponse::Ok().json(Mappings { mappings }))
}

/// Parses the body without copying its strings.
fn parse(body: &[u8]) -> Result<LookupRequest<'_>, Error> {
    // Validating UTF-8 once for the whole body is faster than once per string.
    let text = std::str::from_utf8(body).map_err(|_| Error::not_json())?;
    if let Ok(Usual { algorithm, pepper, addresses }) = serde_json::from_str(text) {
        let addresses = addresses.into_iter().map(|Text(address)| address).collect();
        return Ok(LookupRequest { algorithm: algorithm.0, pepper: pepper.0, addresses });
    }
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| json::refusal(&error))?;
    Ok(LookupRequest {
        algorithm: required::<Text<'_>>("algorithm", fields.algorithm, "a string")?.0,
        pepper: required::<Text<'_>>("pepper", fields.pepper, "a string")?.0,
        addresses: required::<Vec<Text<'_>>>("addresses", fields.addresses, "a list of strings")?
            .into_iter()
            .map(|Text(address)| address)
            .collect(),
    })
}

/// The body as nearly all clients send it, parsed in one pass. If that fails, the body is parsed
/// again, leniently, which accepts unusual bodies and reports precise errors.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Usual<'a> {
    #[serde(borrow)]
    algorithm: Text<'a>,
    #[serde(borrow)]
    pepper: Text<'a>,
    #[serde(borrow)]
    addresses: Vec<Text<'a>>,
}

fn required<'a, T: Deserialize<'a>>(name: &str, raw: Option<&'a RawValue>, expected: &str) -> Result<T, Error> {
    serde_json::from_str(raw.ok_or_else(|| Error::missing(name))?.get()).map_err(|error| match error.classify() {
        Category::Data => Error::invalid(name, expected),
        _ => Error::not_json(),
    })
}

/// The unparsed fields of the body.
#[derive(Default)]
struct Fields<'a> {
    algorithm: Option<&'a RawValue>,
    pepper: Option<&'a RawValue>,
    addresses: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        let mut others = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            let twice = match key.as_str() {
                "algorithm" => fields.algorithm.replace(entries.next_value()?).is_some(),
                "pepper" => fields.pepper.replace(entries.next_value()?).is_some(),
                "addresses" => fields.addresses.replace(entries.next_value()?).is_some(),
                _ => {
                    json::without_nul::<A::Error>(&key)?;
                    entries.next_value::<Strict>()?;
                    !others.insert(key)
                }
            };
            if twice {
                return Err(de::Error::custom("a duplicate key"));
            }
        }
        Ok(fields)
    }
}

/// A string without U+0000, borrowed if it contains no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        // U+0000 can only be written as an escape, and a string with escapes is not borrowed.
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        json::without_nul(text).map(|text| Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> &'static str {
        parse(body.as_bytes()).err().map_or("", |error| error.errcode())
    }

    #[test]
    fn strings_are_borrowed_unless_they_have_escapes() {
        let body = r#"{"x": [1], "algorithm": "sha256", "pepper": "p", "addresses": ["plain", "esc\u0061ped"]}"#;
        let asked = parse(body.as_bytes()).ok().unwrap();
        assert!(matches!(asked.addresses[0], Cow::Borrowed("plain")));
        assert!(matches!(&asked.addresses[1], Cow::Owned(text) if text == "escaped"));
    }

    #[test]
    fn every_other_shape_is_refused() {
        let with = |addresses: &str| format!(r#"{{"algorithm":"sha256","pepper":"p","addresses":{addresses}}}"#);
        for wrong in ["null", "{}", "\"x\"", "1", "[1]", "[null]", "[[]]", "[\"x\",1]", r#"["\u0000"]"#] {
            assert_eq!(refused(&with(wrong)), "M_INVALID_PARAM", "{wrong}");
        }
        assert_eq!(refused(r#"{"algorithm":1,"pepper":"p","addresses":[]}"#), "M_INVALID_PARAM");
        assert_eq!(refused(r#"{"pepper":"p","addresses":[]}"#), "M_MISSING_PARAMS");
        assert_eq!(refused(r#"{"pepper":"p","pepper":"p"}"#), "M_BAD_JSON");
        assert_eq!(refused(r#"{"x":1,"x":1}"#), "M_BAD_JSON");
        for bad in ["[]", "null", "\"x\""] {
            assert_eq!(refused(bad), "M_BAD_JSON", "{bad}");
        }
        for bad in ["", "{", r#"{"addresses":["\ud800"],"algorithm":"a","pepper":"p"}"#, "{\"addresses\":[NaN]}"] {
            assert_eq!(refused(bad), "M_NOT_JSON", "{bad}");
        }
    }
}
