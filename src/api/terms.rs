//! Terms of service.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::extract::Caller;
use super::json::Body;
use crate::error::Error;
use crate::service::Vouch;

/// `GET /_matrix/identity/v2/terms`
pub(super) async fn get(vouch: Data<Vouch>) -> HttpResponse {
    HttpResponse::Ok().json(vouch.policies.to_json(&vouch.config.server.public_url))
}

/// `POST /_matrix/identity/v2/terms`
pub(super) async fn accept(vouch: Data<Vouch>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let urls = body.params().await?.strings("user_accepts")?;
    vouch.accounts.accept_terms(&caller, &urls).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
