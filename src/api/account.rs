//! Accounts: registration and logout.

use actix_web::HttpResponse;
use actix_web::web::Data;
use ruma_common::ServerName;
use serde_json::json;

use super::extract::{AccessToken, Signatory};
use super::json::Body;
use crate::error::Error;
use crate::service::{Accounts, Network, Registration};

/// `POST /_matrix/identity/v2/account/register`: registers a user with an OpenID token, and issues
/// an access token.
pub(super) async fn register(accounts: Data<Accounts>, from: Network, body: Body) -> Result<HttpResponse, Error> {
    let registration = openid_token(body).await?;
    let token = accounts.register(&from, &registration).await?;
    // Old clients read `access_token`.
    Ok(HttpResponse::Ok().json(json!({ "token": token, "access_token": token })))
}

/// Reads an OpenID token in the form in which homeservers issue it.
pub(super) async fn openid_token(body: Body) -> Result<Registration, Error> {
    let mut params = body.params().await?;
    params.optional_string("token_type")?;
    let expires_in = params.optional_number("expires_in")?;
    Ok(Registration {
        access_token: params.string("access_token")?,
        matrix_server_name: ServerName::parse(params.string("matrix_server_name")?)
            .map_err(|_| Error::invalid("matrix_server_name", "a server name"))?,
        expires_in,
    })
}

/// `GET /_matrix/identity/v2/account`: returns the Matrix ID of the caller.
pub(super) async fn account(Signatory(caller): Signatory) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "user_id": caller.mxid }))
}

/// `POST /_matrix/identity/v2/account/logout`: revokes the access token.
pub(super) async fn logout(accounts: Data<Accounts>, token: AccessToken) -> Result<HttpResponse, Error> {
    accounts.log_out(&token.0).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
