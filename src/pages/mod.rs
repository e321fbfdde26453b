//! What people see in a browser: a few quiet pages that load nothing from anywhere else, and work without scripts but for the one on which one
//! signs in.
//!
//! [`Site`] renders them; each answer carries the headers that go with it. Pages about one person need a visit, or a link that is a
//! proof by itself; anybody may open the others. The page behind a validation link is rendered for `api` by [`Site::validated`].

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::brand::{Brand, Colour};
use crate::texts::{Language, Texts};

mod address;
mod blocks;
mod changes;
mod diff;
mod documents;
mod form;
mod frame;
mod held;
mod invited;
mod markdown;
mod moment;
mod not_me;
mod notices;
mod retention;
mod routes;
mod sign_in;
mod visit;
mod you;

pub use notices::{AskedBy, Fault, Validation};
pub use retention::RetentionRow;
pub use routes::{not_found, routes};

/// The background of all pages, light and dark.
const LIGHT_GROUND: Colour = Colour::rgb(0xfa, 0xfa, 0xf7);
const DARK_GROUND: Colour = Colour::rgb(0x14, 0x19, 0x18);
/// What stands out from the dark ground, such as buttons: the accent colour must be legible on the lighter of the two. By day the ground is
/// the darker one.
const DARK_RAISED: Colour = Colour::rgb(0x1d, 0x23, 0x22);

/// Renders all pages.
#[derive(Debug)]
pub struct Site {
    brand: Arc<Brand>,
    texts: Arc<Texts>,
    /// The path below which the server is reached, without a slash at its end: empty, or such as `/id`.
    base: String,
    retention: Vec<RetentionRow>,
    style: String,
    style_hash: String,
    sign_in_hash: String,
    /// Whether cookies may only travel encrypted: `public_url` is `https`.
    is_encrypted: bool,
}

#[derive(Template)]
#[template(path = "pages/style.css", escape = "none")]
struct Style {
    light: Colour,
    dark: Colour,
}

/// Who may keep a copy of a page.
#[derive(Clone, Copy)]
enum Cache {
    /// The same for everybody who reads that language.
    Shared,
    /// For one person, or for one moment.
    Never,
}

/// What a page can do beside being read; all else is forbidden to it.
#[derive(Clone, Copy)]
enum Powers {
    None,
    /// Send forms to this server.
    Forms,
    /// That, run the script that signs people in, and ask their homeservers.
    SignIn,
}

impl Site {
    /// Pages of that brand in those languages, for a server reached at `public_url`; `retention` is the table shown
    /// below the privacy policy.
    ///
    /// # Errors
    /// Only if the style cannot be rendered.
    pub fn new(
        brand: Arc<Brand>,
        texts: Arc<Texts>,
        public_url: &Url,
        retention: Vec<RetentionRow>,
    ) -> Result<Self, askama::Error> {
        let accent = brand.accent;
        let style = Style { light: accent.legible_on(LIGHT_GROUND), dark: accent.legible_on(DARK_RAISED) }.render()?;
        let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
        let (style_hash, sign_in_hash) = (hash(&style), hash(sign_in::SCRIPT));
        let base = public_url.path().trim_end_matches('/').to_owned();
        let is_encrypted = public_url.scheme() == "https";
        Ok(Self { brand, texts, base, retention, style, style_hash, sign_in_hash, is_encrypted })
    }

    /// The language to answer in: the one the query asks for (`?lang=fr`), else the best for `Accept-Language`.
    #[must_use]
    pub fn language(&self, request: &HttpRequest) -> Language {
        let asked = parameter(request, "lang").and_then(|tag| self.texts.nearest(&tag));
        let header = || request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        asked.unwrap_or_else(|| self.texts.negotiate(header()))
    }

    /// A page that is only read.
    fn respond(&self, status: StatusCode, cache: Cache, page: &impl Template) -> HttpResponse {
        self.respond_with(status, cache, Powers::None, page)
    }

    /// A page about one person, or for one alone: kept by nobody, and for no search engine, which would find a link that was pasted somewhere.
    fn personal(&self, status: StatusCode, powers: Powers, page: &impl Template) -> HttpResponse {
        let mut response = self.respond_with(status, Cache::Never, powers, page);
        hide(&mut response);
        response
    }

    fn respond_with(&self, status: StatusCode, cache: Cache, powers: Powers, page: &impl Template) -> HttpResponse {
        let Ok(html) = page.render() else { return HttpResponse::InternalServerError().finish() };
        let mut response = HttpResponse::build(status);
        response.insert_header(("Content-Security-Policy", self.content_security_policy(powers)));
        secure(&mut response, cache).content_type("text/html; charset=utf-8").body(html)
    }

    fn content_security_policy(&self, powers: Powers) -> String {
        let images = if self.brand.logo.is_some() { "'self'" } else { "'none'" };
        let (forms, script) = match powers {
            Powers::None => ("'none'", String::new()),
            Powers::Forms => ("'self'", String::new()),
            Powers::SignIn => ("'self'", sign_in::policy(&self.sign_in_hash)),
        };
        format!(
            "default-src 'none'; style-src 'sha256-{}'; img-src {images}; \
             base-uri 'none'; form-action {forms}; frame-ancestors 'none'{script}",
            self.style_hash
        )
    }
}

/// The first query parameter of that name.
fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Keeps a page out of search engines.
fn hide(response: &mut HttpResponse) {
    let hidden = HeaderValue::from_static("noindex, nofollow");
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), hidden);
}

/// The headers of everything under `pages` but for the content security policy.
fn secure(response: &mut HttpResponseBuilder, cache: Cache) -> &mut HttpResponseBuilder {
    const HEADERS: [(HeaderName, &str); 3] = [
        (HeaderName::from_static("x-frame-options"), "DENY"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
    ];
    for header in HEADERS {
        response.insert_header(header);
    }
    match cache {
        Cache::Shared => {
            response.insert_header(("Cache-Control", "public, max-age=300")).insert_header(("Vary", "Accept-Language"))
        }
        Cache::Never => response.insert_header(("Cache-Control", "no-store")),
    }
}

#[cfg(test)]
mod tests;
