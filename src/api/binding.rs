//! Establishing associations: binding and unbinding.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use ruma_common::{OwnedUserId, UserId};
use serde_json::json;

use super::extract::{Caller, Signatory};
use super::json::{Body, Params};
use super::validation::{session, submission};
use crate::config::Config;
use crate::error::Error;
use crate::federation::{SignedRequest, XMatrix};
use crate::identity::threepid::{Address, Medium};
use crate::service::{Bindings, Network, SignedUnbinding};
use crate::texts::Language;

/// The maximum number of `X-Matrix` credentials read from one request.
const MAX_CREDENTIALS: usize = 8;

/// `POST /_matrix/identity/v2/3pid/bind`: binds the address that a session has validated, and
/// returns the signed association.
pub(super) async fn bind(
    bindings: Data<Bindings>,
    Signatory(caller): Signatory,
    language: Language,
    body: Body,
) -> Result<HttpResponse, Error> {
    let mut params = body.params().await?;
    let session = submission(&mut params)?;
    let mxid = params.string("mxid")?;
    Ok(HttpResponse::Ok().json(bindings.bind(&caller, &session, &mxid, language).await?))
}

/// `POST /_matrix/identity/v2/3pid/unbind`: removes a binding. The request is either signed by the
/// user's homeserver or names a session that has validated the address. It does not require
/// accepted terms, so users can always leave.
pub(super) async fn unbind(
    config: Data<Config>,
    bindings: Data<Bindings>,
    request: HttpRequest,
    caller: Result<Caller, Error>,
    from: Network,
    language: Language,
    body: Body,
) -> Result<HttpResponse, Error> {
    if let Some(credentials) = credentials(&request) {
        let mut params = body.params().await?;
        let request = signed_request(&config, &request, &params)?;
        let (mxid, address) = target(&mut params)?;
        bindings.unbind_signed(&from, &SignedUnbinding { mxid, address, request, credentials }).await?;
    } else {
        let caller = caller?;
        let mut params = body.params().await?;
        let (mxid, address) = target(&mut params)?;
        let (Some(sid), Some(secret)) = (params.optional_string("sid")?, params.optional_string("client_secret")?)
        else {
            return Err(Error::unauthorized(
                "Nothing shows that the address is yours: sid and client_secret are missing",
            ));
        };
        bindings.unbind(&caller, &session(sid, secret)?, &mxid, &address, language).await?;
    }
    Ok(HttpResponse::Ok().json(json!({})))
}

/// Takes the Matrix ID and the address to unbind.
fn target(params: &mut Params) -> Result<(OwnedUserId, Address), Error> {
    let mxid = UserId::parse(params.string("mxid")?).map_err(|_| Error::invalid("mxid", "a Matrix ID"))?;
    let mut threepid = params.object("threepid")?;
    let medium =
        Medium::parse(&threepid.string("medium")?).ok_or_else(|| Error::invalid("medium", "email or msisdn"))?;
    let address = Address::parse(medium, &threepid.string("address")?)
        .map_err(|_| Error::invalid("address", "an address of its medium"))?;
    Ok((mxid, address))
}

/// Returns the well-formed `X-Matrix` credentials, or `None` if there is no header with that
/// scheme. Homeservers send one for each of their keys.
fn credentials(request: &HttpRequest) -> Option<Vec<XMatrix>> {
    let headers = request.headers().get_all(header::AUTHORIZATION);
    let mut credentials = headers.filter_map(|value| XMatrix::parse(value.as_bytes())).take(MAX_CREDENTIALS).peekable();
    credentials.peek().is_some().then(|| credentials.flatten().collect())
}

/// Returns the request as its sender signed it. A reverse proxy may have removed the path of
/// `public_url`.
fn signed_request(config: &Config, request: &HttpRequest, params: &Params) -> Result<SignedRequest, Error> {
    let uri = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let prefix = config.server.public_url.path().trim_end_matches('/');
    let mut uris = vec![format!("{prefix}{uri}"), uri];
    uris.dedup();
    Ok(SignedRequest { method: request.method().to_string(), uris, content: params.canonical()? })
}
