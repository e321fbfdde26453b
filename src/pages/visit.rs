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
    let Some(visit) = current(vouch, site, request).await? else { return Ok(None) };
    let form = form::read::<Signed<T>>(request, payload).await;
    Ok(form.filter(|form| visit.has_sent(&form.form_token)).map(|form| (visit, form.fields)))
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

    /// A browser takes a cookie of that prefix from nobody who is not encrypted (RFC 6265bis section 4.1.3).
    fn visit_cookie(&self) -> &'static str {
        if self.is_encrypted { "__Secure-vouch-visit" } else { "vouch-visit" }
    }
}
