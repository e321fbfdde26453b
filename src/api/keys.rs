//! Key management.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::extract::required_query;
use crate::error::Error;
use crate::service::Vouch;

/// `GET /_matrix/identity/v2/pubkey/{keyId}`
pub(super) async fn public_key(vouch: Data<Vouch>, key_id: Path<String>) -> Result<HttpResponse, Error> {
    let key = vouch.signing.public_key(&key_id).ok_or_else(|| Error::not_found("The public key was not found"))?;
    Ok(HttpResponse::Ok().json(json!({ "public_key": key })))
}

/// `GET /_matrix/identity/v2/pubkey/isvalid`
pub(super) async fn is_valid(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let key = required_query(&request, "public_key")?;
    Ok(HttpResponse::Ok().json(json!({ "valid": vouch.signing.knows(&key) })))
}

/// `GET /_matrix/identity/v2/pubkey/ephemeral/isvalid`
pub(super) async fn is_ephemeral_valid(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let key = required_query(&request, "public_key")?;
    Ok(HttpResponse::Ok().json(json!({ "valid": vouch.is_ephemeral_key_valid(&key).await? })))
}
