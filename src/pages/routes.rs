//! The routes of the pages, and the handlers of those that are the same for everybody.

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};

use super::{Cache, Fault, View, address, changes, failure, held, invited, not_me, secure, sign_in, you};
use crate::identity::policy::Policies;

/// Mounts the pages, and one for all paths that do not exist, so nothing can be mounted after them. They need `web::Data` of a
/// [`Site`](super::Site), and of the components of [`Services`](crate::service::Services).
pub fn routes(app: &mut web::ServiceConfig) {
    let pages = web::scope("")
        .wrap(from_fn(failure::show))
        .route("/", web::get().to(home))
        .route("/", web::head().to(home))
        .route("/policies", web::get().to(policies))
        .route("/policies", web::head().to(policies))
        .route("/policies/{id}/{version}/{lang}", web::get().to(policy))
        .route("/policies/{id}/{version}/{lang}", web::head().to(policy))
        .route("/policies/{id}/{version}/{lang}/changes", web::get().to(changes::changes))
        .route("/policies/{id}/{version}/{lang}/changes", web::head().to(changes::changes))
        .route("/retention", web::get().to(retention))
        .route("/retention", web::head().to(retention))
        .route("/not-me", web::get().to(not_me::ask))
        .route("/not-me", web::head().to(not_me::ask))
        .route("/not-me", web::post().to(not_me::undo))
        .route("/you/sign-in", web::get().to(sign_in::show))
        .route("/you/sign-in", web::head().to(sign_in::show))
        .route("/you/sign-in", web::post().to(sign_in::sign_in))
        .route("/invited", web::get().to(invited::show))
        .route("/invited", web::head().to(invited::show))
        .route("/invited", web::post().to(invited::refuse))
        .route("/address", web::get().to(address::ask))
        .route("/address", web::head().to(address::ask))
        .route("/address", web::post().to(address::send))
        .route("/address/open", web::get().to(address::question))
        .route("/address/open", web::head().to(address::question))
        .route("/address/open", web::post().to(address::open))
        .route("/address/held", web::get().to(held::show))
        .route("/address/held", web::head().to(held::show))
        .route("/address/held", web::post().to(held::act))
        .route("/logo", web::get().to(logo))
        .route("/logo", web::head().to(logo))
        .configure(you::routes)
        .default_service(web::to(not_found));
    app.service(pages);
}

/// `GET /`
async fn home(view: View, policies: web::Data<Policies>) -> HttpResponse {
    view.home(&policies)
}

/// `GET /policies`
async fn policies(view: View, policies: web::Data<Policies>) -> HttpResponse {
    view.policies(&policies)
}

/// `GET /policies/{id}/{version}/{lang}`
async fn policy(view: View, policies: web::Data<Policies>, path: web::Path<(String, String, String)>) -> HttpResponse {
    let (id, version, language) = &*path;
    match policies.find(id, version, language) {
        Some(document) => view.policy(document, &policies),
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
    let mut response = HttpResponse::Ok();
    // An SVG opened on its own is a document: it may style itself, and nothing else.
    response.insert_header(("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"));
    secure(&mut response, Cache::Shared).content_type(logo.media_type).body(logo.bytes.clone())
}

async fn not_found(view: View) -> HttpResponse {
    view.fault(Fault::NotFound)
}
