//! Establishing associations: binding and unbinding.

use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ruma_common::UserId;
use serde_json::json;

use super::extract::{caller, language, signatory};
use super::json::Params;
use super::validation::submission;
use crate::error::Error;
use crate::identity::threepid::{Address, Medium};
use crate::service::Vouch;

/// `POST /_matrix/identity/v2/3pid/bind`
pub(super) async fn bind(vouch: Data<Vouch>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let caller = signatory(&vouch, &request).await?;
    let mut params = Params::read(&request, payload).await?;
    let session = submission(params.string("sid")?, params.string("client_secret")?)?;
    let mxid = params.string("mxid")?;
    Ok(HttpResponse::Ok().json(vouch.bind(&caller, &session, &mxid, language(&vouch, &request)).await?))
}

/// `POST /_matrix/identity/v2/3pid/unbind`, by a session that proves the address. Terms are not asked: a user can always leave.
pub(super) async fn unbind(vouch: Data<Vouch>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    if is_signed_by_a_homeserver(&request) {
        return Err(Error::not_implemented("This server does not take unbindings signed by a homeserver yet"));
    }
    let caller = caller(&vouch, &request).await?;
    let mut params = Params::read(&request, payload).await?;
    let mxid = UserId::parse(params.string("mxid")?).map_err(|_| Error::invalid("mxid", "a Matrix ID"))?;
    let mut threepid = params.object("threepid")?;
    let medium =
        Medium::parse(&threepid.string("medium")?).ok_or_else(|| Error::invalid("medium", "email or msisdn"))?;
    let address = Address::parse(medium, &threepid.string("address")?)
        .map_err(|_| Error::invalid("address", "an address of its medium"))?;
    let (Some(sid), Some(secret)) = (params.optional_string("sid")?, params.optional_string("client_secret")?) else {
        return Err(Error::unauthorized("Nothing shows that the address is yours: sid and client_secret are missing"));
    };
    vouch.unbind(&caller, &submission(sid, secret)?, &mxid, &address, language(&vouch, &request)).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

fn is_signed_by_a_homeserver(request: &HttpRequest) -> bool {
    request.headers().get_all(header::AUTHORIZATION).any(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("x-matrix")))
    })
}
