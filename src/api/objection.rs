//! Objecting: the owner of an address wants it neither invited nor listed. Not of the specification: see docs/api.md.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::extract::caller;
use super::json::Params;
use super::validation::submission;
use crate::error::Error;
use crate::service::Vouch;

/// `POST /_matrix/identity/unstable/im.vouch/3pid/object`, for the address that a session of the caller's has proved. Terms are not asked:
/// nobody has to agree to anything in order to object.
pub(super) async fn object(vouch: Data<Vouch>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let caller = caller(&vouch, &request).await?;
    let mut params = Params::read(&request, payload).await?;
    let session = submission(params.string("sid")?, params.string("client_secret")?)?;
    vouch.object_by_session(&caller, &session).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
