//! The routes of the pages, and the handlers of those that are the same for everybody.

use actix_web::body::MessageBody;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, Resource, web};

use super::{
    Cache, Fault, View, address, changes, confirming, erasure, failure, held, invited, not_me, objecting, secure,
    sign_in, unlock, you,
};
use crate::http::{Methods, cacheable, get, post, resource};

/// Mounts the pages, and one for all paths that do not exist, so nothing can be mounted after them.
/// They need `web::Data` of the [`CurrentSite`](super::CurrentSite), and of the components of
/// [`Services`](crate::service::Services).
pub fn routes(app: &mut web::ServiceConfig) {
    let pages = web::scope("")
        .wrap(from_fn(failure::show))
        .wrap(from_fn(cacheable))
        .service(at("/", [get(home)]))
        .service(at("/policies", [get(policies)]))
        .service(at("/policies/{id}/{version}/{lang}", [get(policy)]))
        .service(at("/policies/{id}/{version}/{lang}/changes", [get(changes::changes)]))
        .service(at("/retention", [get(retention)]))
        .service(at("/confirm", [post(confirming::confirm)]))
        .service(at("/unlock", [get(unlock::ask), post(unlock::answer)]))
        .service(at("/erasure", [get(erasure::ask), post(erasure::stop)]))
        .service(at("/not-me", [get(not_me::ask), post(not_me::undo)]))
        .service(at("/you/sign-in", [get(sign_in::show), post(sign_in::sign_in)]))
        .service(at("/invited", [get(invited::show), post(invited::refuse)]))
        .service(at("/address", [get(address::ask), post(address::send)]))
        .service(at("/address/open", [get(address::question), post(address::open)]))
        .service(at("/address/object", [get(objecting::ask), post(objecting::object)]))
        .service(at("/address/held", [get(held::show), post(held::act)]))
        .service(at("/logo", [get(logo)]))
        .service(at("/favicon.svg", [get(favicon)]))
        .service(at("/favicon.ico", [get(favicon)]))
        .configure(you::routes)
        .default_service(web::to(not_found));
    app.service(pages);
}

/// Returns a resource with a route for each method. Any other method is answered with a page.
pub(super) fn at<const N: usize>(path: &str, routes: [Methods; N]) -> Resource {
    resource(path, routes, None, |request| View::from(request).fault(Fault::WrongMethod))
}

/// `GET /`
async fn home(view: View) -> HttpResponse {
    view.home(&view.policies)
}

/// `GET /policies`
async fn policies(view: View) -> HttpResponse {
    view.policies(&view.policies)
}

/// `GET /policies/{id}/{version}/{lang}`
async fn policy(view: View, path: web::Path<(String, String, String)>) -> HttpResponse {
    let (id, version, language) = &*path;
    match view.policies.find(id, version, language) {
        Some(document) => view.policy(document, &view.policies),
        None => view.fault(Fault::NotFound),
    }
}

/// `GET /retention`
async fn retention(view: View) -> HttpResponse {
    view.retention()
}

/// `GET /logo`
async fn logo(view: View) -> HttpResponse {
    let Some(logo) = &view.brand.logo else { return view.fault(Fault::NotFound) };
    image(logo.media_type, logo.bytes.to_vec())
}

/// `GET /favicon.svg`, and the path that browsers try by default.
async fn favicon() -> HttpResponse {
    image("image/svg+xml", include_str!("../../templates/pages/favicon.svg"))
}

fn image(media_type: &'static str, content: impl MessageBody + 'static) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    // An SVG opened on its own is a document: it may style itself, but nothing else.
    response.insert_header(("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"));
    secure(&mut response, Cache::Shared).content_type(media_type).body(content)
}

async fn not_found(view: View) -> HttpResponse {
    view.fault(Fault::NotFound)
}
