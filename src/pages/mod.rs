//! The pages that people see in a browser: a few quiet pages that load nothing from anywhere else
//! and, except for the sign-in page, work without scripts.
//!
//! [`View`] renders them, with the headers that go with each. Pages about one person require a web
//! session or a link that is itself a proof; anybody may open the others. The page behind a
//! validation link is part of the API: see [`open_link`].

use std::ops::Deref;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use arc_swap::ArcSwap;
use askama::Template;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};
use url::Url;

use crate::brand::Colour;
use crate::content::Content;
use crate::http::{NO_STORE, PUBLIC};

mod address;
mod blocks;
mod changes;
mod confirming;
mod diff;
mod documents;
mod entry;
mod erasure;
mod failure;
mod form;
mod held;
mod invited;
mod layout;
mod markdown;
mod not_me;
mod notices;
mod objecting;
mod retention;
mod routes;
mod said;
mod session;
mod sign_in;
mod timestamp;
mod unlock;
mod view;
mod you;

use changes::Comparisons;
pub use confirming::open_link;
pub use notices::Fault;
pub use retention::RetentionRow;
pub use routes::routes;
pub use view::View;

/// The background of all pages, light and dark.
const LIGHT_GROUND: Colour = Colour::rgb(0xfa, 0xfa, 0xf7);
const DARK_GROUND: Colour = Colour::rgb(0x14, 0x19, 0x18);
/// The background of buttons and similar elements in dark mode: the accent colour must be legible
/// on the lighter of the two. In light mode the page background is the darker one.
const DARK_RAISED: Colour = Colour::rgb(0x1d, 0x23, 0x22);

/// The site in effect: a reload replaces it.
pub type CurrentSite = ArcSwap<Site>;

/// The data that all pages are rendered with.
#[derive(Debug)]
pub struct Site {
    content: Arc<Content>,
    /// The path below which the server is reached, without a trailing slash: empty, or like `/id`.
    base: String,
    retention: Vec<RetentionRow>,
    comparisons: Comparisons,
    /// True if any phone number can be sent a message.
    reaches_phones: bool,
    style: String,
    style_hash: String,
    sign_in_hash: String,
    /// True if `public_url` is `https`, so that cookies must only be sent encrypted.
    is_encrypted: bool,
}

#[derive(Template)]
#[template(path = "pages/style.css", escape = "none")]
struct Style {
    light: Colour,
    dark: Colour,
}

/// The caches that may keep a page.
#[derive(Clone, Copy)]
enum Cache {
    /// Any cache: the page is the same for all readers of a language.
    Shared,
    /// None: the page is for one person, or will soon change.
    Never,
}

/// Actions that a page may perform besides being read.
#[derive(Clone, Copy)]
enum Powers {
    None,
    /// Send forms to this server.
    Forms,
    /// Send forms, and run the script that signs people in and talks to their homeservers.
    SignIn,
}

impl Deref for Site {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.content
    }
}

impl Site {
    /// Creates the site that shows this content, for a server reached at `public_url`; `retention`
    /// is the table shown below the privacy policy.
    ///
    /// # Errors
    /// Fails only if the style cannot be rendered.
    pub fn new(
        content: Arc<Content>,
        public_url: &Url,
        retention: Vec<RetentionRow>,
        reaches_phones: bool,
    ) -> Result<Self, askama::Error> {
        let accent = content.brand.accent;
        let style = Style { light: accent.legible_on(LIGHT_GROUND), dark: accent.legible_on(DARK_RAISED) }.render()?;
        let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
        let (style_hash, sign_in_hash) = (hash(&style), hash(sign_in::SCRIPT));
        let base = public_url.path().trim_end_matches('/').to_owned();
        let is_encrypted = public_url.scheme() == "https";
        let comparisons = Comparisons::of(&content.policies);
        Ok(Self {
            content,
            base,
            retention,
            comparisons,
            reaches_phones,
            style,
            style_hash,
            sign_in_hash,
            is_encrypted,
        })
    }

    /// Renders a page that is only read.
    fn respond(&self, status: StatusCode, cache: Cache, page: &impl Template) -> HttpResponse {
        self.respond_with(status, cache, Powers::None, page)
    }

    /// Renders a page about or for one person: no cache may keep it, and no search engine may index
    /// it, since it might find a link that was pasted somewhere.
    fn personal(&self, status: StatusCode, powers: Powers, page: &impl Template) -> HttpResponse {
        let mut response = self.respond_with(status, Cache::Never, powers, page);
        hide(&mut response);
        response
    }

    fn respond_with(&self, status: StatusCode, cache: Cache, powers: Powers, page: &impl Template) -> HttpResponse {
        let Ok(html) = page.render() else { return HttpResponse::InternalServerError().finish() };
        let mut response = HttpResponse::build(status);
        response.insert_header(("Content-Security-Policy", self.content_security_policy(powers)));
        if let Cache::Shared = cache {
            response.insert_header(("Vary", "Accept-Language"));
        }
        secure(&mut response, cache).content_type("text/html; charset=utf-8").body(html)
    }

    fn content_security_policy(&self, powers: Powers) -> String {
        let (forms, script) = match powers {
            Powers::None => ("'none'", String::new()),
            Powers::Forms => ("'self'", String::new()),
            Powers::SignIn => ("'self'", sign_in::policy(&self.sign_in_hash)),
        };
        format!(
            "default-src 'none'; style-src 'sha256-{}'; img-src 'self'; \
             base-uri 'none'; form-action {forms}; frame-ancestors 'none'{script}",
            self.style_hash
        )
    }
}

/// Keeps a page out of search engines.
fn hide(response: &mut HttpResponse) {
    let hidden = HeaderValue::from_static("noindex, nofollow");
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), hidden);
}

/// Adds the headers of every page except the content security policy.
fn secure(response: &mut HttpResponseBuilder, cache: Cache) -> &mut HttpResponseBuilder {
    const HEADERS: [(HeaderName, &str); 3] = [
        (HeaderName::from_static("x-frame-options"), "DENY"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
    ];
    for header in HEADERS {
        response.insert_header(header);
    }
    response.insert_header(match cache {
        Cache::Shared => PUBLIC,
        Cache::Never => NO_STORE,
    })
}

#[cfg(test)]
mod tests;
