//! Objections of an address's owner to being invited and listed. Not part of the specification: see
//! docs/api.md.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::extract::Caller;
use super::json::Body;
use super::validation::submission;
use crate::error::Error;
use crate::service::{Asker, Objections, Validation};
use crate::texts::Language;

/// `POST /_matrix/identity/unstable/im.vouch/3pid/object`: records an objection for the address
/// that one of the caller's sessions has validated. It does not require accepted terms: nobody has
/// to agree to anything in order to object.
pub(super) async fn object(
    validation: Data<Validation>,
    objections: Data<Objections>,
    caller: Caller,
    language: Language,
    body: Body,
) -> Result<HttpResponse, Error> {
    let session = submission(&mut body.params().await?)?;
    let validated = validation.validated(Asker::User(&caller), &session).await?;
    objections.object_as(&caller.mxid, &validated.address, language).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
