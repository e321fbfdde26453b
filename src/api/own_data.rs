//! What a client can do for its user's rights; see docs/api.md. None of it needs accepted terms.

use std::sync::Arc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::extract::caller;
use super::json::Params;
use crate::error::Error;
use crate::service::{Caller, Vouch, Withdrawal};

/// `GET /_matrix/identity/unstable/im.vouch/account/data`
pub(super) async fn export(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let caller = proven(&vouch, &request).await?;
    Ok(HttpResponse::Ok().json(vouch.export_own(&caller.mxid).await?))
}

/// `DELETE /_matrix/identity/unstable/im.vouch/account/data`
pub(super) async fn erase(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let caller = proven(&vouch, &request).await?;
    let receipt = vouch.erase_user(&caller.mxid).await?;
    Ok(HttpResponse::Ok().json(vouch.signed_receipt(&receipt)))
}

/// `POST /_matrix/identity/unstable/im.vouch/terms/withdraw`
pub(super) async fn withdraw(
    vouch: Data<Vouch>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let caller = caller(&vouch, &request).await?;
    let which = match Params::read(&request, payload).await?.optional_strings("policies")? {
        Some(policies) => Withdrawal::Of(policies),
        None => Withdrawal::All,
    };
    vouch.withdraw_terms(&caller.mxid, which).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// The owner of a token that was just issued: so his homeserver has just said who he is.
///
/// # Errors
/// 401 `M_UNAUTHORIZED`, and 403 `M_FORBIDDEN` for an older token.
async fn proven(vouch: &Vouch, request: &HttpRequest) -> Result<Arc<Caller>, Error> {
    let caller = caller(vouch, request).await?;
    if vouch.is_fresh(caller.proved_at) {
        return Ok(caller);
    }
    Err(Error::forbidden(
        "This needs a fresh proof of who you are: register again, and use the new token within 5 minutes",
    ))
}
