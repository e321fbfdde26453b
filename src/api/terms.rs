//! Terms of service.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::extract::Caller;
use super::json::Body;
use crate::config::Config;
use crate::content::Published;
use crate::error::Error;
use crate::service::Accounts;

/// `GET /_matrix/identity/v2/terms`: returns the policies in all languages.
pub(super) async fn get(content: Data<Published>, config: Data<Config>) -> HttpResponse {
    HttpResponse::Ok().json(content.load().policies.to_json(&config.server.public_url))
}

/// `POST /_matrix/identity/v2/terms`: records the caller's consent to policies.
pub(super) async fn accept(accounts: Data<Accounts>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let urls = body.params().await?.strings("user_accepts")?;
    accounts.accept_terms(&caller, &urls).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
