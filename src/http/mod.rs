//! Code shared by [`api`](crate::api) and [`pages`](crate::pages): routes by method, extractors for
//! the parts of a request that both read, and header values that both send.

mod caching;
mod measured;
mod methods;
mod peer;

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use url::form_urlencoded;

pub(crate) use caching::{PUBLIC, cacheable};
pub(crate) use measured::observe;
pub(crate) use methods::{Methods, get, get_without_head, post, resource};
pub(crate) use peer::{network, peer_address};

use crate::clock::SECOND;
use crate::config::Config;
use crate::content::Published;
use crate::error::Error;
use crate::service::Network;
use crate::texts::{Language, Texts};

/// Keeps an answer out of every cache.
pub(crate) const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// Returns whether the client says that its user has not asked for this page yet, because it
/// prefetches the page or previews a link. Chromium, Firefox (`X-Moz`), Safari and Facebook's apps
/// (`X-Purpose`) say so.
pub(crate) fn is_ahead_of_its_user(request: &HttpRequest) -> bool {
    let headers = ["sec-purpose", "purpose", "x-purpose", "x-moz"].map(|name| request.headers().get_all(name));
    let values = headers.into_iter().flatten().filter_map(|value| value.to_str().ok()).map(str::to_ascii_lowercase);
    let tells = ["prefetch", "prerender", "preview", "instant"];
    values.into_iter().any(|value| tells.iter().any(|tell| value.contains(tell)))
}

/// Adds `Retry-After` to the response to an error that may succeed after a wait: in whole seconds,
/// rounded up.
pub(crate) fn add_retry_after(response: &mut HttpResponse, error: &Error) {
    if let Some(wait) = error.retry_after() {
        let seconds = wait.max(0).cast_unsigned().div_ceil(SECOND.cast_unsigned());
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
}

/// The query of a request.
pub(crate) struct Query(String);

impl Query {
    /// Returns the first parameter of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        form_urlencoded::parse(self.0.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns the first parameter of that name.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` if there is none.
    pub(crate) fn required(&self, name: &str) -> Result<Cow<'_, str>, Error> {
        self.get(name).ok_or_else(|| Error::missing(name))
    }
}

impl From<&HttpRequest> for Query {
    fn from(request: &HttpRequest) -> Self {
        Self(request.query_string().to_owned())
    }
}

impl FromRequest for Query {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.into()))
    }
}

/// The network that rate limits count a request against.
impl FromRequest for Network {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let trusted = &state::<Config>(request).server.trusted_proxies;
        ready(Ok(network(request.head(), trusted)))
    }
}

/// The language to answer in: the one that the query asks for (`?lang=fr`), otherwise the best for
/// `Accept-Language`.
impl FromRequest for Language {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(language(request, &state::<Published>(request).load().texts)))
    }
}

/// Returns the [`Language`] that a request asks for.
pub(crate) fn language(request: &HttpRequest, texts: &Texts) -> Language {
    let asked = Query::from(request).get("lang").and_then(|tag| texts.nearest(&tag));
    let header = || request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    asked.unwrap_or_else(|| texts.negotiate(header()))
}

/// Returns the shared state of that type.
///
/// # Panics
/// If the server was built without it.
pub(crate) fn state<T: 'static>(request: &HttpRequest) -> &Data<T> {
    request.app_data::<Data<T>>().expect("the server shares it with every handler")
}
