//! Version 1 of the API, as far as homeservers listed by the operator need it. There is no access
//! token, so homeservers are recognised by the IP addresses they connect from. For everyone else,
//! these paths do not exist.
//!
//! - Synapse has phone numbers validated (`account_threepid_delegates.msisdn`).
//! - Dendrite sends invitations. It first looks the address up in the clear, and version 1 requires
//!   neither consent nor limits for that, so the answer is always that the address is not bound.
//!   The invitation of a bound address is then delivered at once.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::{Payload, RequestHead};
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Resource};
use ipnet::IpNet;
use serde_json::json;

use super::invites::{invite_request, stored};
use super::json::Body;
use super::validation::{request_code, submit, validated};
use super::{Methods, at, get, post};
use crate::config::{Config, Homeservers};
use crate::crypto::signing::SigningKeys;
use crate::error::Error;
use crate::http::{Query, peer_address, state};
use crate::identity::threepid::Medium;
use crate::service::{Accounts, Asker, IfBound, Invitations, Network, PublicLinks, Validation};
use crate::texts::Language;

/// Mounts the routes below `/_matrix/identity/api/v1`.
pub(super) fn routes(scope: &mut ServiceConfig) {
    scope
        .service(listed("/validate/msisdn/requestToken", post(request_token), checks_phones))
        .service(listed("/validate/msisdn/submitToken", post(submit_token), checks_phones))
        .service(listed("/3pid/getValidated3pid", get(get_validated), checks_phones))
        .service(listed("/lookup", get(look_up), invites))
        .service(listed("/store-invite", post(store_invite), invites));
}

fn checks_phones(listed: &Homeservers, address: IpAddr) -> bool {
    listed.phone_checks_from.iter().any(|range| range.contains(&address))
}

fn invites(listed: &Homeservers, address: IpAddr) -> bool {
    listed.v1_invites.values().flatten().any(|range| range.contains(&address))
}

/// Returns a resource that exists only for homeservers listed for it. Others get 404, even for a
/// wrong method.
fn listed(path: &str, methods: Methods, is_listed: fn(&Homeservers, IpAddr) -> bool) -> Resource {
    let is_known = move |context: &GuardContext<'_>| {
        let config = context.app_data::<Data<Config>>();
        config.is_some_and(|config| is_listed(&config.homeservers, address(context.head(), config)))
    };
    at(path, [methods]).guard(fn_guard(is_known))
}

fn address(head: &RequestHead, config: &Config) -> IpAddr {
    peer_address(head, &config.server.trusted_proxies)
}

/// The configured address range that a homeserver's request comes from.
///
/// Extraction fails with 404 if there is none.
struct Homeserver(IpNet);

impl FromRequest for Homeserver {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let config = state::<Config>(request);
        let address = address(request.head(), config);
        let mut ranges = config.homeservers.phone_checks_from.iter();
        ready(ranges.find(|range| range.contains(&address)).copied().map(Self).ok_or_else(Error::unknown_path))
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

/// `GET /_matrix/identity/api/v1/lookup`: answers that the address is not bound, whether or not it
/// is. Dendrite invites an address only after such an answer.
async fn look_up() -> HttpResponse {
    HttpResponse::Ok().json(json!({}))
}

/// `POST /_matrix/identity/api/v1/store-invite`: invites an address on behalf of one of the
/// homeserver's users.
async fn store_invite(
    invitations: Data<Invitations>,
    accounts: Data<Accounts>,
    signing: Data<SigningKeys>,
    links: Data<PublicLinks>,
    request: HttpRequest,
    from: Network,
    body: Body,
) -> Result<HttpResponse, Error> {
    let mut params = body.params_or_form().await?;
    let (asked, sender) = invite_request(&mut params)?;
    let config = state::<Config>(&request);
    if !config.homeservers.invites_from(sender.server_name(), address(request.head(), config)) {
        return Err(Error::forbidden("You can only invite on behalf of your own users"));
    }
    let caller = accounts.without_token(sender).await?;
    Ok(stored(&invitations.send(&caller, &from, &asked, IfBound::Deliver).await?, &signing, &links))
}
