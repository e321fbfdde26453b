//! The Matrix Identity Service API v2, one module per chapter of the specification. Handlers are
//! thin: they read the request, call the [`service`](crate::service) and write the response.

mod account;
mod binding;
mod bodies;
mod extract;
mod invites;
mod json;
mod keys;
mod lookup;
mod objection;
mod own_data;
mod terms;
mod v1;
mod validation;
mod versions;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error as ActixError, HttpResponse, Resource, ResponseError as _, web};

use crate::clock::Clock;
use crate::error::Error;
use crate::http::{Methods, cacheable, get, get_without_head, post, resource, state};

pub use bodies::Bodies;

/// Mounts all endpoints. Each scope has its own 404 handler, since scopes do not fall back to that
/// of their parent.
pub fn routes(app: &mut web::ServiceConfig) {
    let v2 = web::scope("/v2")
        .service(at("/account/register", [post(account::register)]))
        .service(at("/account/logout", [post(account::logout)]))
        .service(at("/account", [get(account::account)]))
        .service(at("/terms", [get(terms::get), post(terms::accept)]))
        .service(at("/hash_details", [get(lookup::hash_details)]))
        .service(at("/lookup", [post(lookup::lookup)]))
        .service(at("/validate/email/requestToken", [post(validation::request_email_token)]))
        .service(at(
            "/validate/email/submitToken",
            [get_without_head(validation::open_link), post(validation::submit_token)],
        ))
        .service(at("/validate/msisdn/requestToken", [post(validation::request_phone_token)]))
        .service(at(
            "/validate/msisdn/submitToken",
            [get_without_head(validation::open_code), post(validation::submit_code)],
        ))
        .service(at("/3pid/getValidated3pid", [get(validation::get_validated)]))
        .service(at("/3pid/bind", [post(binding::bind)]))
        .service(at("/3pid/unbind", [post(binding::unbind)]))
        .service(at("/store-invite", [post(invites::store)]))
        .service(at("/sign-ed25519", [post(invites::sign)]))
        .configure(public_keys)
        .default_service(web::to(unknown_path));
    let v1 = web::scope("/api/v1")
        .service(at("/sign-ed25519", [post(invites::sign)]))
        .configure(public_keys)
        .configure(v1::routes)
        .default_service(web::to(unknown_path));
    // Extensions to the specification: see docs/api.md.
    let own = web::scope("/unstable/im.vouch")
        .service(at("/3pid/object", [post(objection::object)]))
        .service(at(
            "/account/data",
            [get_without_head(own_data::export), ("DELETE", web::delete().to(own_data::erase))],
        ))
        .service(at("/account/prove", [post(own_data::prove)]))
        .service(at("/account/confirm", [post(own_data::confirm)]))
        .service(at(
            "/account/erasure",
            [post(own_data::request_erasure), ("DELETE", web::delete().to(own_data::cancel_erasure))],
        ))
        .service(at("/terms/withdraw", [post(own_data::withdraw)]))
        .service(at("/network", [get(versions::network)]))
        .default_service(web::to(unknown_path));
    let identity = web::scope("/identity")
        .service(at("/versions", [get(versions::versions)]))
        .service(at("/v2", [get(versions::ping)]))
        .service(at("/api/v1", [get(versions::ping)]))
        .service(v2)
        .service(v1)
        .service(own)
        .default_service(web::to(unknown_path));
    // Wraps the scope instead of matching on the path, because `/%5fmatrix` is routed here too.
    let matrix = web::scope("/_matrix").wrap(from_fn(cross_origin));
    app.service(matrix.service(identity).default_service(web::to(unknown_path)));
}

/// Mounts the key endpoints. They remain available under v1 because the room state of old
/// invitations refers to them.
fn public_keys(scope: &mut web::ServiceConfig) {
    scope
        .service(at("/pubkey/isvalid", [get(keys::is_valid)]))
        .service(at("/pubkey/ephemeral/isvalid", [get(keys::is_ephemeral_valid)]))
        .service(at("/pubkey/{key_id}", [get(keys::public_key)]).wrap(from_fn(cacheable)));
}

/// Returns a resource with a route for each method, and `OPTIONS`, which [`cross_origin`] answers
/// everywhere.
fn at<const N: usize>(path: &str, routes: [Methods; N]) -> Resource {
    resource(path, routes, Some("OPTIONS"), |_| Error::unknown_method().error_response())
}

async fn unknown_path() -> Result<HttpResponse, Error> {
    Err(Error::unknown_path())
}

/// Lets web clients of any origin read all responses below `/_matrix`, prevents caching unless a
/// handler allows it, answers all pre-flight requests, and refuses all others while the clock is
/// wrong.
async fn cross_origin<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, ActixError> {
    let mut response = if request.method() == Method::OPTIONS {
        let answer = HttpResponse::Ok().json(serde_json::json!({}));
        request.into_response(answer).map_into_right_body()
    } else if !state::<Clock>(request.request()).is_right() {
        request.into_response(Error::away().error_response()).map_into_right_body()
    } else {
        next.call(request).await?.map_into_left_body()
    };
    allow(response.headers_mut());
    Ok(response)
}

fn allow(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let methods = HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = HeaderValue::from_static("Origin, X-Requested-With, Content-Type, Accept, Authorization");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
