//! Public keys.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::json;

use crate::crypto::signing::SigningKeys;
use crate::error::Error;
use crate::http::{PUBLIC, Query};
use crate::service::Invitations;

/// `GET /_matrix/identity/v2/pubkey/{keyId}`: returns a public key of this server. Caches may
/// keep it, since an ID always stands for the same key.
pub(super) async fn public_key(signing: Data<SigningKeys>, key_id: Path<String>) -> Result<HttpResponse, Error> {
    let key = signing.public_key(&key_id).ok_or_else(|| Error::not_found("The public key was not found"))?;
    Ok(HttpResponse::Ok().insert_header(PUBLIC).json(json!({ "public_key": key })))
}

/// `GET /_matrix/identity/v2/pubkey/isvalid`: returns whether a public key is one of this server's.
pub(super) async fn is_valid(signing: Data<SigningKeys>, query: Query) -> Result<HttpResponse, Error> {
    let is_valid = signing.knows(&query.required("public_key")?);
    Ok(HttpResponse::Ok().json(json!({ "valid": is_valid })))
}

/// `GET /_matrix/identity/v2/pubkey/ephemeral/isvalid`: returns whether the public key of an
/// invitation is valid.
pub(super) async fn is_ephemeral_valid(invitations: Data<Invitations>, query: Query) -> Result<HttpResponse, Error> {
    let is_valid = invitations.is_key_valid(&query.required("public_key")?).await?;
    Ok(HttpResponse::Ok().json(json!({ "valid": is_valid })))
}
