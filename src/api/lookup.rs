//! Association lookup.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ruma_common::OwnedUserId;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, de::DeserializeSeed};
use serde_json::json;

use super::extract::{caller_network, signatory};
use super::json::{self, Strict};
use crate::error::Error;
use crate::service::{LookupRequest, Vouch};

/// Bytes a body may have for each address: 64 hexadecimal digits, quotes, a comma and some white space.
const BYTES_AN_ADDRESS: usize = 72;

/// `GET /_matrix/identity/v2/hash_details`
pub(super) async fn hash_details(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    signatory(&vouch, &request).await?;
    Ok(HttpResponse::Ok().json(json!({ "lookup_pepper": vouch.lookup_pepper(), "algorithms": vouch.algorithms() })))
}

/// The answer of a look-up.
#[derive(Serialize)]
struct Mappings<'a> {
    mappings: BTreeMap<&'a str, OwnedUserId>,
}

/// `POST /_matrix/identity/v2/lookup`
pub(super) async fn lookup(vouch: Data<Vouch>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let caller = signatory(&vouch, &request).await?;
    let body = json::read(payload, json::SMALL + vouch.config.lookup.max_addresses * BYTES_AN_ADDRESS).await?;
    let asked = parse(&body)?;
    let mappings = vouch.lookup(&caller, &caller_network(&vouch, &request), &asked).await?;
    Ok(HttpResponse::Ok().json(Mappings { mappings }))
}

/// Parses the body without copying its strings.
fn parse(body: &[u8]) -> Result<LookupRequest<'_>, Error> {
    // One look over the text: it is checked to be UTF-8 once, and not string by string.
    let text = std::str::from_utf8(body).map_err(|_| Error::not_json())?;
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| json::refusal(&error))?;
    let string = |name, value: Option<Field<Text<'_>>>| match value {
        None => Err(Error::missing(name)),
        Some(Field::Right(Text(text))) => Ok(text),
        Some(Field::Wrong) => Err(Error::invalid(name, "a string")),
    };
    Ok(LookupRequest {
        algorithm: string("algorithm", fields.algorithm)?,
        pepper: string("pepper", fields.pepper)?,
        addresses: match fields.addresses {
            None => return Err(Error::missing("addresses")),
            Some(Addresses(Some(addresses))) => addresses,
            Some(Addresses(None)) => return Err(Error::invalid("addresses", "a list of strings")),
        },
    })
}

/// The fields of the body; what is absent and what is of the wrong type is told apart.
#[derive(Default)]
struct Fields<'a> {
    algorithm: Option<Field<Text<'a>>>,
    pepper: Option<Field<Text<'a>>>,
    addresses: Option<Addresses<'a>>,
}

enum Field<T> {
    Right(T),
    Wrong,
}

/// A string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

/// `None` for what is no list of strings.
struct Addresses<'a>(Option<Vec<Cow<'a, str>>>);
