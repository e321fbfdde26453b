//! A visit in the browser: the cookie that carries its token, and the token that its forms carry.
//!
//! The only cookie of this server. It is set by a proof (see [`Vouch::begin_visit`](crate::service::Vouch::begin_visit)), no script can read it, no other site can make the browser send
//! it (`SameSite=Strict`), and it goes with the browser. Each form of a visit carries a token besides, so that a browser that knows
//! nothing of all that sends none in its user's name.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Site, form};
use crate::error::Error;
use crate::service::{Visit, Vouch};

/// A form of a visit: its own fields, and the visit's token.
#[derive(Deserialize)]
struct Signed<T> {
    form_token: String,
    #[serde(flatten)]
    fields: T,
}

/// The form of a visit that has no fields.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// The visit that a request belongs to, if any.
///
/// # Errors
/// 503 if the database is away.
pub(super) async fn current(vouch: &Vouch, site: &Site, request: &HttpRequest) -> Result<Option<Visit>, Error> {
    match request.cookie(site.visit_cookie()) {
        Some(cookie) => vouch.visit(cookie.value()).await,
        None => Ok(None),
    }
}

/// The visit that a form belongs to, and what it says; `None` if there is no visit, or the form is not one of its pages'.
///
/// # Errors
/// 503 if the database is away.
pub(super) async fn submitted<T: DeserializeOwned + 'static>(
    vouch: &Vouch,
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Option<(Visit, T)>, Error> {
    // First the form: it may take its time, and the visit may end meanwhile.
    let Some(Signed { form_token, fields }) = form::read(request, payload).await else { return Ok(None) };
    let visit = current(vouch, site, request).await?.filter(|visit| visit.has_sent(&form_token));
    Ok(visit.map(|visit| (visit, fields)))
}

impl Site {
    /// The answer that begins a visit, and leads to the page at `path`.
    pub(super) fn begin_visit(&self, token: String, path: &str) -> HttpResponse {
        let mut response = self.see_other(path);
        // A cookie is left out only if it cannot be written, and this one can.
        let _ = response.add_cookie(&self.cookie(token));
        response
    }

    /// The answer that ends a visit, and leads to the page at `path`.
    pub(super) fn end_visit(&self, path: &str) -> HttpResponse {
        let mut response = self.see_other(path);
        self.forget_visit(&mut response);
        response
    }

    /// Has the browser forget the visit.
    pub(super) fn forget_visit(&self, response: &mut HttpResponse) {
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        let _ = response.add_cookie(&cookie);
    }

    /// Leads to the page at `path`, which begins with a slash, below the server's public URL.
    pub(super) fn see_other(&self, path: &str) -> HttpResponse {
        let mut response = HttpResponse::SeeOther();
        response.insert_header((LOCATION, format!("{}{path}", self.base))).insert_header(("Cache-Control", "no-store"));
        response.finish()
    }

    fn cookie(&self, token: String) -> Cookie<'static> {
        Cookie::build(self.visit_cookie(), token)
            .path(format!("{}/", self.base))
            .http_only(true)
            .secure(self.is_encrypted)
            .same_site(SameSite::Strict)
            .finish()
    }

    /// A browser takes a cookie of these prefixes from nobody who is not encrypted, and one of the second only from this very host and for all of
    /// it (RFC 6265bis section 4.1.3): so no other host of the domain can have somebody visit in another's name.
    fn visit_cookie(&self) -> &'static str {
        match (self.is_encrypted, self.base.is_empty()) {
            (false, _) => "vouch-visit",
            (true, false) => "__Secure-vouch-visit",
            (true, true) => "__Host-vouch-visit",
        }
    }
}
