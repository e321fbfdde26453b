//! What a browser sends with a form.

use std::time::Duration;

use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// How long a form may take to come. A browser sends so little at once; nobody else keeps a connection busy with it.
const PATIENCE: Duration = Duration::from_secs(4);

/// Reads a form of at most 16 KiB, the limit of [`web::Form`]. `None` is for what is no form, or not this one: no browser sends that, unless
/// another site has it do so.
pub(super) async fn read<T: DeserializeOwned + 'static>(request: &HttpRequest, payload: web::Payload) -> Option<T> {
    if !is_from_here(request) {
        return None;
    }
    let form = web::Form::<T>::from_request(request, &mut payload.into_inner());
    timeout(PATIENCE, form).await.ok()?.ok().map(web::Form::into_inner)
}

/// Whether a form was sent from a page of this server, as far as the browser says (Fetch Metadata, `Sec-Fetch-Site`); `Origin` says nothing, for
/// our pages tell no referrer.
fn is_from_here(request: &HttpRequest) -> bool {
    request.headers().get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}
