//! Reading forms sent by browsers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::http::is_ahead_of_its_user;

/// The time allowed for a form to arrive. A browser sends such a small body at once, and nobody
/// else may keep a connection busy with it.
const PATIENCE: Duration = Duration::from_secs(4);

/// A form of at most 16 KiB, the limit of [`web::Form`]. `None` stands for anything else: no
/// browser sends that, unless another site makes it.
pub(super) struct Form<T>(pub Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Infallible>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = is_from_here(request).then(|| web::Form::<T>::from_request(request, payload));
        Box::pin(async move {
            let Some(form) = form else { return Ok(Self(None)) };
            Ok(Self(timeout(PATIENCE, form).await.ok().and_then(Result::ok).map(web::Form::into_inner)))
        })
    }
}

/// Returns whether somebody has opened a page, from a page of this server or directly. A page of
/// another site that embeds it as an image, or a browser that prefetches it, must not use up a
/// proof.
pub(super) fn is_opened(request: &HttpRequest) -> bool {
    let is_typed = request.headers().get("sec-fetch-site").is_some_and(|site| site == "none");
    !is_ahead_of_its_user(request) && (is_typed || is_from_here(request))
}

/// Returns whether a form was sent from a page of this server, as far as the browser says (Fetch
/// Metadata, `Sec-Fetch-Site`). `Origin` does not help, since our pages send no referrer.
fn is_from_here(request: &HttpRequest) -> bool {
    request.headers().get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}
