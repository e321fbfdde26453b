//! What people see in a browser: a few quiet pages that work without scripts and load nothing from anywhere else.
//!
//! [`Site`] renders them; each answer carries the headers that go with it. The handlers in here are for pages that
//! anybody may open; the page behind a validation link is rendered for `api` by [`Site::validated`].

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderName};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::brand::{Brand, Colour};
use crate::texts::{Language, Texts};

mod documents;
mod frame;
mod markdown;
mod not_me;
mod notices;
mod retention;
mod routes;

pub use notices::{Fault, Validation};
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
    content_security_policy: String,
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
        let hash = BASE64_STANDARD.encode(Sha256::digest(&style));
        let images = if brand.logo.is_some() { "'self'" } else { "'none'" };
        let content_security_policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src {images}; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let base = public_url.path().trim_end_matches('/').to_owned();
        Ok(Self { brand, texts, base, retention, style, content_security_policy })
    }

    /// The language to answer in: the one the query asks for (`?lang=fr`), else the best for `Accept-Language`.
    #[must_use]
    pub fn language(&self, request: &HttpRequest) -> Language {
        let asked = form_urlencoded::parse(request.query_string().as_bytes()).find(|(key, _)| key == "lang");
        let asked = asked.and_then(|(_, tag)| self.texts.nearest(&tag));
        let header = || request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        asked.unwrap_or_else(|| self.texts.negotiate(header()))
    }

    fn respond(&self, status: StatusCode, cache: Cache, page: &impl Template) -> HttpResponse {
        let Ok(html) = page.render() else { return HttpResponse::InternalServerError().finish() };
        let mut response = HttpResponse::build(status);
        response.insert_header(("Content-Security-Policy", self.content_security_policy.as_str()));
        secure(&mut response, cache).content_type("text/html; charset=utf-8").body(html)
    }
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
