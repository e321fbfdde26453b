//! Pages shown instead of the requested one.

use std::fmt;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, HttpResponse, ResponseError};

use super::sign_in::{self, Errand};
use super::{Fault, View};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::http::{Query, add_retry_after, state};

/// The reason why a handler does not return its page. [`show`] renders the page that is shown
/// instead.
#[derive(Debug)]
pub(super) enum Failure {
    /// The service failed.
    Service(Error),
    /// Nobody has signed in.
    NotSignedIn,
    /// The errand requires signing in again.
    ProofRequired(Errand),
    /// A form was not sent from a page of the reader's web session.
    Refused,
    /// The reader has not proved that an address is theirs.
    AddressNotProved,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Service(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The response has no content yet: [`show`] replaces it with a page.
impl ResponseError for Failure {}

/// Middleware that turns a [`Failure`] into a page, and refuses every page while the clock is
/// wrong.
///
/// # Errors
/// The errors of the wrapped service.
pub(super) async fn show<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, ActixError> {
    if !state::<Clock>(request.request()).is_right() {
        let (view, query) = (request.request().into(), request.request().into());
        let page = page(&Failure::Service(Error::away()), &view, &query);
        return Ok(request.into_response(page).map_into_right_body());
    }
    let response = next.call(request).await?;
    let failure = response.response().error().and_then(|error| error.as_error());
    let page = failure.map(|failure| page(failure, &response.request().into(), &response.request().into()));
    Ok(match page {
        Some(page) => response.into_response(page).map_into_right_body(),
        None => response.map_into_left_body(),
    })
}

fn page(failure: &Failure, view: &View, query: &Query) -> HttpResponse {
    match failure {
        Failure::Service(error) => {
            let is_limited = error.kind() == ErrorKind::LimitExceeded;
            let mut page = view.fault(if is_limited { Fault::TooOften } else { Fault::Unavailable });
            add_retry_after(&mut page, error);
            page
        }
        Failure::NotSignedIn => sign_in::page(view, query),
        Failure::ProofRequired(errand) => view.see_other(&format!("/you?for={}", errand.word())),
        Failure::Refused => view.notice(StatusCode::FORBIDDEN, "page-you-refused", "page-you-refused-text"),
        Failure::AddressNotProved => {
            view.address_outcome(StatusCode::FORBIDDEN, "page-held-over", "page-held-over-text", true)
        }
    }
}
