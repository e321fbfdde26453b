//! The error type of the API, and the rules for which error type belongs where:
//!
//! * Failures reported to a caller, over HTTP or on the operator's terminal, are an [`Error`] of
//!   this module: a Matrix `errcode`, a status and a text written here. It never carries an inner
//!   message. Code that handles it compares its [`ErrorKind`].
//! * A lower module whose callers need to distinguish failures has its own error type
//!   (`store::Error`, `federation::Error`, `mail::SendError`), which is converted here or handled.
//! * Problems that prevent the server from starting are texts for the operator ([`StartError`]):
//!   which setting or file, what is wrong, and what to do.

mod forbidden;
mod start;

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use ruma_common::UserId;
use serde_json::{Map, Value};

use crate::clock::{Millis, SECOND};
use crate::crypto::vault::Unsealable;
use crate::identity::phone::InvalidNumber;
use crate::store;

pub use start::StartError;

/// The kind of an [`Error`], which determines its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// 400: the request is not valid, or cannot be fulfilled.
    BadRequest,
    /// 400: the validation session has expired.
    SessionExpired,
    /// 400: no text messages are sent to this number.
    DestinationRejected,
    /// 401: the caller is not known, or has not proved what they claim.
    Unauthorized,
    /// 403: the caller may not do this.
    Forbidden,
    /// 403: this needs a fresh proof of who the caller is.
    ProofRequired,
    /// 403: this needs a confirmation by a link sent to an address of the caller.
    ConfirmationRequired,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 408: the body did not arrive in time.
    Timeout,
    /// 413: the body is too large.
    TooLarge,
    /// 429: a rate limit is exceeded.
    LimitExceeded,
    /// 500: a bug, or data that cannot be read.
    Internal,
    /// 502: a homeserver cannot be reached.
    BadGateway,
    /// 503: the server or something it needs is temporarily unavailable.
    Unavailable,
}

impl ErrorKind {
    const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::SessionExpired | Self::DestinationRejected => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::ProofRequired | Self::ConfirmationRequired => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::LimitExceeded => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A [standard error
/// response](https://spec.matrix.org/latest/identity-service-api/#standard-error-response).
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    errcode: &'static str,
    text: Cow<'static, str>,
    extras: Map<String, Value>,
    retry_after: Option<Millis>,
}

/// The time that clients wait before they retry while the database is unavailable.
const AWAY: Millis = 2 * SECOND;
/// The time that clients wait before they retry while a homeserver is unavailable. We do not ask it
/// again earlier.
const HOMESERVER_AWAY: Millis = 30 * SECOND;

impl Error {
    fn new(kind: ErrorKind, errcode: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, errcode, text: text.into(), extras: Map::new(), retry_after: None }
    }

    fn bad_request(errcode: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::BadRequest, errcode, text)
    }

    /// 400 `M_NOT_JSON`
    #[must_use]
    pub fn not_json() -> Self {
        Self::bad_request("M_NOT_JSON", "The body is not JSON")
    }

    /// 400 `M_BAD_JSON`
    #[must_use]
    pub fn bad_json(text: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("M_BAD_JSON", text)
    }

    /// 400 `M_MISSING_PARAMS`, naming the parameter.
    #[must_use]
    pub fn missing(name: &str) -> Self {
        Self::bad_request("M_MISSING_PARAMS", format!("Missing parameter: {name}"))
    }

    /// 400 `M_INVALID_PARAM`, naming the parameter.
    #[must_use]
    pub fn invalid(name: &str, expected: &str) -> Self {
        Self::bad_request("M_INVALID_PARAM", format!("Invalid parameter {name}: expected {expected}"))
    }

    /// 400 `M_INVALID_PEPPER`; Element Android reads the current pepper from the answer.
    #[must_use]
    pub fn invalid_pepper(algorithm: &str, lookup_pepper: &str) -> Self {
        let mut error = Self::bad_request("M_INVALID_PEPPER", "Unknown or invalid pepper - has it been rotated?");
        error.extras.insert("algorithm".into(), algorithm.into());
        error.extras.insert("lookup_pepper".into(), lookup_pepper.into());
        error
    }

    /// 400 `M_INVALID_EMAIL`
    #[must_use]
    pub fn invalid_email() -> Self {
        Self::bad_request("M_INVALID_EMAIL", "The email address is not valid")
    }

    /// 400 `M_UNRECOGNIZED`, for an unknown medium.
    #[must_use]
    pub fn unknown_medium() -> Self {
        Self::bad_request("M_UNRECOGNIZED", "The medium is not supported")
    }

    /// 400 `M_THREEPID_IN_USE`, with the Matrix ID, which can be invited instead.
    #[must_use]
    pub fn threepid_in_use(mxid: &UserId) -> Self {
        let mut error = Self::bad_request("M_THREEPID_IN_USE", "The address is already bound to a Matrix ID");
        error.extras.insert("mxid".into(), mxid.as_str().into());
        error
    }

    /// 400 `M_EMAIL_SEND_ERROR`
    #[must_use]
    pub fn email_not_sent() -> Self {
        Self::bad_request("M_EMAIL_SEND_ERROR", "The email could not be sent; try again later")
    }

    /// 400 `M_EMAIL_SEND_ERROR`, if the mail server will never send this email to this address.
    #[must_use]
    pub fn email_refused() -> Self {
        Self::bad_request("M_EMAIL_SEND_ERROR", "The mail server refuses to send this email to this address")
    }

    /// 400 `M_EMAIL_SEND_ERROR`, if no email can be sent until the operator changes something.
    #[must_use]
    pub fn mail_out_of_order() -> Self {
        let text = "This server cannot send emails until its operator has corrected a problem";
        Self::bad_request("M_EMAIL_SEND_ERROR", text)
    }

    /// 400 `M_INVALID_EMAIL`, for an address that needs SMTPUTF8, which the mail server does not
    /// support.
    #[must_use]
    pub fn email_not_supported() -> Self {
        let text = "This server's mail server does not support email addresses that are not ASCII before the @";
        Self::bad_request("M_INVALID_EMAIL", text)
    }

    /// 400 `M_INVALID_ADDRESS`
    #[must_use]
    pub fn invalid_phone_number(why: InvalidNumber) -> Self {
        Self::bad_request("M_INVALID_ADDRESS", why.text())
    }

    /// 400 `M_SEND_ERROR`
    #[must_use]
    pub fn text_not_sent() -> Self {
        Self::bad_request("M_SEND_ERROR", "The text message could not be sent; try again later")
    }

    /// 400 `M_DESTINATION_REJECTED`
    #[must_use]
    pub fn destination_rejected() -> Self {
        let text = "This server does not send text messages to that country or region";
        Self::new(ErrorKind::DestinationRejected, "M_DESTINATION_REJECTED", text)
    }

    /// 400 `M_TOKEN_INCORRECT`
    #[must_use]
    pub fn token_incorrect() -> Self {
        Self::bad_request("M_TOKEN_INCORRECT", "The token is incorrect")
    }

    /// 400 `M_SESSION_NOT_VALIDATED`
    #[must_use]
    pub fn session_not_validated() -> Self {
        Self::bad_request("M_SESSION_NOT_VALIDATED", "This validation session has not yet been completed")
    }

    /// 400 `M_SESSION_EXPIRED`
    #[must_use]
    pub fn session_expired() -> Self {
        Self::new(ErrorKind::SessionExpired, "M_SESSION_EXPIRED", "This validation session has expired")
    }

    /// 404 `M_NO_VALID_SESSION`, for an unknown sid and a wrong secret alike.
    #[must_use]
    pub fn no_valid_session() -> Self {
        let text = "No valid session was found matching that sid and client secret";
        Self::new(ErrorKind::NotFound, "M_NO_VALID_SESSION", text)
    }

    /// 401 `M_UNAUTHORIZED`
    #[must_use]
    pub fn unauthorized(text: &'static str) -> Self {
        Self::new(ErrorKind::Unauthorized, "M_UNAUTHORIZED", text)
    }

    /// 401 `M_UNKNOWN_TOKEN`, which only `logout` returns.
    #[must_use]
    pub fn unknown_token() -> Self {
        Self::new(ErrorKind::Unauthorized, "M_UNKNOWN_TOKEN", "Unrecognised access token")
    }

    /// 404 `M_NOT_FOUND`
    #[must_use]
    pub fn not_found(text: &'static str) -> Self {
        Self::new(ErrorKind::NotFound, "M_NOT_FOUND", text)
    }

    /// 404 `M_UNRECOGNIZED`, for an unknown path.
    #[must_use]
    pub fn unknown_path() -> Self {
        Self::new(ErrorKind::NotFound, "M_UNRECOGNIZED", "Unrecognized request")
    }

    /// 404 `M_UNRECOGNIZED`, for the unknown token of an invitation.
    #[must_use]
    pub fn unknown_invite() -> Self {
        Self::new(ErrorKind::NotFound, "M_UNRECOGNIZED", "Didn't recognize token")
    }

    /// 405 `M_UNRECOGNIZED`, for a method that the path does not support.
    #[must_use]
    pub fn unknown_method() -> Self {
        Self::new(ErrorKind::MethodNotAllowed, "M_UNRECOGNIZED", "Unrecognized request method")
    }

    /// 408 `M_UNKNOWN`, for a body that does not arrive.
    #[must_use]
    pub fn too_slow() -> Self {
        Self::new(ErrorKind::Timeout, "M_UNKNOWN", "The body did not arrive in time")
    }

    /// 413 `M_TOO_LARGE`
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(ErrorKind::TooLarge, "M_TOO_LARGE", "The body is too large")
    }

    /// 429 `M_LIMIT_EXCEEDED`; the same request may succeed after `retry_after`.
    #[must_use]
    pub fn limit_exceeded(retry_after: Millis) -> Self {
        Self::new(ErrorKind::LimitExceeded, "M_LIMIT_EXCEEDED", "Too many requests").with_retry_after(retry_after)
    }

    /// 502 `M_UNKNOWN`, when a homeserver cannot be reached. It does not say why, since that would
    /// tell strangers what can be reached from our network.
    #[must_use]
    pub fn homeserver_unreachable(retry_after: Option<Millis>) -> Self {
        let error = Self::new(ErrorKind::BadGateway, "M_UNKNOWN", "The homeserver could not be asked about the token");
        Self { retry_after, ..error }
    }

    /// 503 `M_UNKNOWN`, when a homeserver cannot be asked for its keys; the request may succeed
    /// later.
    #[must_use]
    pub fn homeserver_away() -> Self {
        let text = "The homeserver could not be asked for its keys";
        Self::new(ErrorKind::Unavailable, "M_UNKNOWN", text).with_retry_after(HOMESERVER_AWAY)
    }

    /// 503 `M_UNKNOWN`, while the server is not ready or its database is unavailable.
    #[must_use]
    pub fn away() -> Self {
        Self::new(ErrorKind::Unavailable, "M_UNKNOWN", "The server is temporarily unavailable").with_retry_after(AWAY)
    }

    /// 500 `M_UNKNOWN`
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorKind::Internal, "M_UNKNOWN", "Internal server error")
    }

    fn with_retry_after(mut self, wait: Millis) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Returns the kind of error.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the time to wait before the same request may succeed.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Millis> {
        self.retry_after
    }

    /// Returns whether the request is at fault, so that repeating it is pointless.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.kind.status().is_client_error() && self.retry_after.is_none()
    }

    /// Returns the Matrix error code.
    #[must_use]
    pub const fn errcode(&self) -> &'static str {
        self.errcode
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.errcode)
    }
}

impl std::error::Error for Error {}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = self.extras.clone();
        body.insert("errcode".into(), self.errcode.into());
        body.insert("error".into(), self.text.as_ref().into());
        let mut response = HttpResponse::build(self.kind.status());
        if let Some(wait) = self.retry_after {
            body.insert("retry_after_ms".into(), wait.into());
            let seconds = HeaderValue::from(wait.max(0).cast_unsigned().div_ceil(1000));
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.json(body)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            // Only an account can be deleted while a row that refers to it is being written.
            store::Error::MissingReference => Self::unauthorized("The account no longer exists"),
            error if error.is_temporary() => Self::away(),
            _ => Self::internal(),
        }
    }
}

impl From<Unsealable> for Error {
    fn from(error: Unsealable) -> Self {
        log::error!("{error}: was the database restored with another master key?");
        Self::internal()
    }
}
