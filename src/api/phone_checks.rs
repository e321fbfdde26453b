//! Validation of phone numbers for homeservers that do not send texts themselves
//! (`account_threepid_delegates.msisdn` in Synapse). They use v1, without an access token, so the
//! operator configures the IP addresses they connect from. To all others, these paths do not exist.

use std::future::{Ready, ready};

use actix_web::dev::{Payload, RequestHead};
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Resource};
use ipnet::IpNet;

use super::json::Body;
use super::validation::{request_code, submit, validated};
use super::{Methods, at, get, post};
use crate::config::Config;
use crate::error::Error;
use crate::http::{Query, peer_address, state};
use crate::identity::threepid::Medium;
use crate::service::{Asker, Network, Validation};
use crate::texts::Language;

/// Mounts the three routes below `/_matrix/identity/api/v1`.
pub(super) fn routes(scope: &mut ServiceConfig) {
    scope
        .service(listed("/validate/msisdn/requestToken", post(request_token)))
        .service(listed("/validate/msisdn/submitToken", post(submit_token)))
        .service(listed("/3pid/getValidated3pid", get(get_validated)));
}

/// Returns a resource that exists only for listed homeservers. Others get 404, even for a wrong
/// method.
fn listed(path: &str, methods: Methods) -> Resource {
    let is_listed = |context: &GuardContext<'_>| {
        let config = context.app_data::<Data<Config>>();
        config.is_some_and(|config| Homeserver::of(context.head(), config).is_some())
    };
    at(path, [methods]).guard(fn_guard(is_listed))
}

/// The configured address range that a homeserver's request comes from.
///
/// Extraction fails with 404 if there is none.
struct Homeserver(IpNet);

impl Homeserver {
    fn of(head: &RequestHead, config: &Config) -> Option<Self> {
        let address = peer_address(head, &config.server.trusted_proxies);
        let ranges = &config.homeservers.phone_checks_from;
        ranges.iter().find(|range| range.contains(&address)).copied().map(Self)
    }
}

impl FromRequest for Homeserver {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request.head(), state::<Config>(request)).ok_or_else(Error::unknown_path))
    }
}

/// `POST /_matrix/identity/api/v1/validate/msisdn/requestToken`: sends a code by text.
async fn request_token(
    validation: Data<Validation>,
    Homeserver(range): Homeserver,
    from: Network,
    language: Language,
    body: Body,
) -> Result<HttpResponse, Error> {
    request_code(validation, Asker::Homeserver(range), &from, language, body).await
}

/// `POST /_matrix/identity/api/v1/validate/msisdn/submitToken`: submits the code.
async fn submit_token(
    validation: Data<Validation>,
    Homeserver(range): Homeserver,
    body: Body,
) -> Result<HttpResponse, Error> {
    submit(&validation, Asker::Homeserver(range), Medium::Msisdn, body).await
}

/// `GET /_matrix/identity/api/v1/3pid/getValidated3pid`: returns the validated phone number.
async fn get_validated(
    validation: Data<Validation>,
    Homeserver(range): Homeserver,
    query: Query,
) -> Result<HttpResponse, Error> {
    validated(&validation, Asker::Homeserver(range), &query).await
}
