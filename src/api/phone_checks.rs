//! Phone checks for homeservers, which send no texts themselves (`account_threepid_delegates.msisdn` in Synapse). They still speak v1, without a
//! token, so the operator lists the addresses they come from. From anywhere else these paths are as unknown as any other.

use actix_web::guard::{GuardContext, fn_guard};
use actix_web::web::{Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route};

use super::extract::listed_homeserver;
use super::validation::{request_code, submit, validated};
use super::{at, get, post};
use crate::error::Error;
use crate::identity::threepid::Medium;
use crate::service::{Asker, Vouch};

/// Mounts the three routes below `/_matrix/identity/api/v1`.
pub(super) fn routes(scope: &mut ServiceConfig) {
    scope
        .service(listed("/validate/msisdn/requestToken", post(request_token)))
        .service(listed("/validate/msisdn/submitToken", post(submit_token)))
        .service(listed("/3pid/getValidated3pid", get(get_validated)));
}

/// A resource that is there for listed homeservers alone: whoever else comes is not even told that its method is wrong.
fn listed(path: &str, route: Route) -> Resource {
    let is_listed = |context: &GuardContext<'_>| {
        let vouch = context.app_data::<Data<Vouch>>();
        vouch.is_some_and(|vouch| listed_homeserver(context.head(), &vouch.config).is_some())
    };
    at(path, route).guard(fn_guard(is_listed))
}

fn asker(vouch: &Vouch, request: &HttpRequest) -> Result<Asker<'static>, Error> {
    listed_homeserver(request.head(), &vouch.config).map(Asker::Homeserver).ok_or_else(Error::unknown_path)
}

/// `POST /_matrix/identity/api/v1/validate/msisdn/requestToken`
async fn request_token(vouch: Data<Vouch>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let asker = asker(&vouch, &request)?;
    request_code(vouch, &request, payload, asker).await
}

/// `POST /_matrix/identity/api/v1/validate/msisdn/submitToken`
async fn submit_token(vouch: Data<Vouch>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let asker = asker(&vouch, &request)?;
    submit(&vouch, &request, payload, asker, Medium::Msisdn).await
}

/// `GET /_matrix/identity/api/v1/3pid/getValidated3pid`
async fn get_validated(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let asker = asker(&vouch, &request)?;
    validated(&vouch, &request, asker).await
}
