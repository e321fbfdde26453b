//! Authentication.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ruma_common::ServerName;
use serde_json::json;

use super::extract::{caller_network, signatory, token};
use super::json::Params;
use crate::error::Error;
use crate::service::{Registration, Vouch};

/// `POST /_matrix/identity/v2/account/register`
pub(super) async fn register(
    vouch: Data<Vouch>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let mut params = Params::read(&request, payload).await?;
    params.optional_string("token_type")?;
    params.optional_number("expires_in")?;
    let registration = Registration {
        access_token: params.string("access_token")?,
        matrix_server_name: ServerName::parse(params.string("matrix_server_name")?)
            .map_err(|_| Error::invalid("matrix_server_name", "a server name"))?,
    };
    let token = vouch.register(&caller_network(&vouch, &request), registration).await?;
    // Old clients read the second.
    Ok(HttpResponse::Ok().json(json!({ "token": token, "access_token": token })))
}

/// `GET /_matrix/identity/v2/account`
pub(super) async fn account(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let caller = signatory(&vouch, &request).await?;
    Ok(HttpResponse::Ok().json(json!({ "user_id": caller.mxid })))
}

/// `POST /_matrix/identity/v2/account/logout`
pub(super) async fn logout(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    vouch.log_out(&token(&request)?).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
