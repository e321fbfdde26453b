//! Phone checks for homeservers that send no texts themselves (`account_threepid_delegates.msisdn` in Synapse). They still speak v1, without a
//! token, so the operator lists the addresses they come from. From anywhere else, these paths do not exist.

use std::future::{Ready, ready};

use actix_web::dev::{Payload, RequestHead};
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Resource};
use ipnet::IpNet;

use super::json::Body;
use super::validation::{request_code, submit, validated};
use super::{Methods, at, get, post};
use crate::error::Error;
use crate::http::{Query, peer_address, state};
use crate::identity::threepid::Medium;
use crate::service::{Asker, Network, Vouch};
use crate::texts::Language;

/// Mounts the three routes below `/_matrix/identity/api/v1`.
pub(super) fn routes(scope: &mut ServiceConfig) {
    scope
        .service(listed("/validate/msisdn/requestToken", post(request_token)))
        .service(listed("/validate/msisdn/submitToken", post(submit_token)))
        .service(listed("/3pid/getValidated3pid", get(get_validated)));
}

/// Returns a resource that exists only for listed homeservers: others are not even told that they used the wrong method.
fn listed(path: &str, methods: Methods) -> Resource {
    let is_listed = |context: &GuardContext<'_>| {
        let vouch = context.app_data::<Data<Vouch>>();
        vouch.is_some_and(|vouch| Homeserver::of(context.head(), vouch).is_some())
    };
    at(path, [methods]).guard(fn_guard(is_listed))
}

/// The listed range that a homeserver's request comes from.
///
/// Extraction fails with 404 if it comes from none.
struct Homeserver(IpNet);

impl Homeserver {
    fn of(head: &RequestHead, vouch: &Vouch) -> Option<Self> {
        let address = peer_address(head, &vouch.config.server.trusted_proxies);
        let ranges = &vouch.config.homeservers.phone_checks_from;
        ranges.iter().find(|range| range.contains(&address)).copied().map(Self)
    }
}

impl FromRequest for Homeserver {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request.head(), state(request)).ok_or_else(Error::unknown_path))
    }
}

/// `POST /_matrix/identity/api/v1/validate/msisdn/requestToken`
async fn request_token(
    vouch: Data<Vouch>,
    Homeserver(range): Homeserver,
    from: Network,
    language: Language,
    body: Body,
) -> Result<HttpResponse, Error> {
    request_code(vouch, Asker::Homeserver(range), &from, language, body).await
}

/// `POST /_matrix/identity/api/v1/validate/msisdn/submitToken`
async fn submit_token(vouch: Data<Vouch>, Homeserver(range): Homeserver, body: Body) -> Result<HttpResponse, Error> {
    submit(&vouch, Asker::Homeserver(range), Medium::Msisdn, body).await
}

/// `GET /_matrix/identity/api/v1/3pid/getValidated3pid`
async fn get_validated(vouch: Data<Vouch>, Homeserver(range): Homeserver, query: Query) -> Result<HttpResponse, Error> {
    validated(&vouch, Asker::Homeserver(range), &query).await
}
