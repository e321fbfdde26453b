//! API versions and the status check.

use actix_web::HttpResponse;
use serde_json::json;

use crate::service::Network;

/// The versions of the specification that define this API. A version is added when it is tagged.
const VERSIONS: &[&str] = &[
    "r0.2.0", "r0.2.1", "r0.3.0", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10",
    "v1.11", "v1.12", "v1.13", "v1.14", "v1.15", "v1.16", "v1.17", "v1.18", "v1.19",
];

/// `GET /_matrix/identity/versions`: returns the supported versions of the specification.
pub(super) async fn versions() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "versions": VERSIONS }))
}

/// `GET /_matrix/identity/unstable/im.vouch/network`: returns the network that the request comes
/// from, as rate limits see it.
pub(super) async fn network(network: Network) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "network": network.to_string() }))
}

/// `GET /_matrix/identity/v2` and `GET /_matrix/identity/api/v1`: let clients check that this is an
/// identity server.
pub(super) async fn ping() -> HttpResponse {
    HttpResponse::Ok().json(json!({}))
}
