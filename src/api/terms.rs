//! Terms of service.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::extract::caller;
use super::json::Params;
use crate::error::Error;
use crate::service::Vouch;

/// `GET /_matrix/identity/v2/terms`
pub(super) async fn get(vouch: Data<Vouch>) -> HttpResponse {
    HttpResponse::Ok().json(vouch.policies.to_json(&vouch.config.server.public_url))
}

/// `POST /_matrix/identity/v2/terms`
pub(super) async fn accept(vouch: Data<Vouch>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let caller = caller(&vouch, &request).await?;
    let urls = Params::read(&request, payload).await?.strings("user_accepts")?;
    vouch.accept_terms(&caller, &urls).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
