//! The site in the reader's language.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::LOCATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use fluent_bundle::FluentValue;

use super::{CurrentSite, Site};
use crate::http::{self, NO_STORE};
use crate::texts::{Language, direction};

/// The site in its reader's language. Handlers take one as an argument and render their pages with
/// it.
#[derive(Clone, Debug)]
pub struct View {
    site: Arc<Site>,
    language: Language,
}

impl Deref for View {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl From<&HttpRequest> for View {
    fn from(request: &HttpRequest) -> Self {
        let site = http::state::<CurrentSite>(request).load_full();
        let language = http::language(request, &site.texts);
        Self::new(site, language)
    }
}

impl FromRequest for View {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.into()))
    }
}

impl View {
    pub(super) fn new(site: Arc<Site>, language: Language) -> Self {
        Self { site, language }
    }

    /// Returns the same site in another language.
    pub(super) fn in_language(&self, language: Language) -> Self {
        Self::new(self.site.clone(), language)
    }

    /// Returns the reader's language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    pub(super) fn tag(&self) -> &'static str {
        self.language.tag()
    }

    pub(super) fn direction(&self) -> &'static str {
        direction(self.tag())
    }

    pub(super) fn say(&self, id: &str) -> String {
        self.texts.get(self.language, id, &[])
    }

    /// Returns the text of a message with one value in it.
    pub(super) fn say_with<'v>(&self, id: &str, name: &str, value: impl Into<FluentValue<'v>>) -> String {
        self.texts.get(self.language, id, &[(name, value.into())])
    }

    /// Returns `path` with the reader's language in its query.
    pub(super) fn localized(&self, path: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{path}{separator}lang={}", self.tag())
    }

    /// Redirects to the page at `path`, which is below the server's public URL and begins with a
    /// slash.
    pub(super) fn see_other(&self, path: &str) -> HttpResponse {
        let location = (LOCATION, format!("{}{}", self.base, self.localized(path)));
        HttpResponse::SeeOther().insert_header(location).insert_header(NO_STORE).finish()
    }
}
