//! The one error type of the API, and the page on which error type belongs where:
//!
//! * What a caller is told, over HTTP or on the operator's terminal, is an [`Error`] of this module: a Matrix `errcode`, a
//!   status and a text of ours. It never carries an inner message.
//! * A module below that can fail in ways its caller tells apart has an error type of its own ([`store::Error`], `federation::Error`,
//!   `mail::SendError`), turned into an [`Error`] here or where it is met.
//! * What stops a start is text for the operator ([`StartError`]): which setting or file, what is wrong, what to do.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use ruma_common::UserId;
use serde_json::{Map, Value, json};

use crate::clock::{Millis, SECOND};
use crate::crypto::vault::Unsealable;
use crate::store;

/// Why the server does not start, for the operator.
#[derive(Debug)]
pub struct StartError(pub String);

impl StartError {
    /// Several in one, a line each.
    #[must_use]
    pub fn all(problems: &[Self]) -> Self {
        Self(problems.iter().map(|problem| problem.0.as_str()).collect::<Vec<_>>().join("\n"))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// A [standard error response](https://spec.matrix.org/latest/identity-service-api/#standard-error-response).
#[derive(Debug)]
pub struct Error {
    status: StatusCode,
    errcode: &'static str,
    text: Cow<'static, str>,
    extras: Map<String, Value>,
    retry_after: Option<Millis>,
}

/// How long a client waits before it asks again while the database is away.
const AWAY: Millis = 2 * SECOND;
/// The same while a homeserver is away, which is not asked again sooner.
const HOMESERVER_AWAY: Millis = 30 * SECOND;

impl Error {
    fn new(status: StatusCode, errcode: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, errcode, text: text.into(), extras: Map::new(), retry_after: None }
    }

    fn bad_request(errcode: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, errcode, text)
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

    /// 400 `M_INVALID_PEPPER`; Android reads the right one from the answer.
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

    /// 400 `M_UNRECOGNIZED`, for a medium that is none.
    #[must_use]
    pub fn unknown_medium() -> Self {
        Self::bad_request("M_UNRECOGNIZED", "The medium is not supported")
    }

    /// 400 `M_THREEPID_IN_USE`: whoever wants to invite an address can invite its owner.
    #[must_use]
    pub fn threepid_in_use(mxid: &UserId) -> Self {
        let mut error = Self::bad_request("M_THREEPID_IN_USE", "The address is bound to a Matrix ID already");
        error.extras.insert("mxid".into(), mxid.as_str().into());
        error
    }

    /// 400 `M_EMAIL_SEND_ERROR`
    #[must_use]
    pub fn email_not_sent() -> Self {
        Self::bad_request("M_EMAIL_SEND_ERROR", "The email could not be sent; try again later")
    }

    /// 400 `M_INVALID_ADDRESS`
    #[must_use]
    pub fn invalid_phone_number() -> Self {
        Self::bad_request("M_INVALID_ADDRESS", "The phone number is not valid")
    }

    /// 400 `M_SEND_ERROR`
    #[must_use]
    pub fn text_not_sent() -> Self {
        Self::bad_request("M_SEND_ERROR", "The text message could not be sent; try again later")
    }

    /// 400 `M_DESTINATION_REJECTED`
    #[must_use]
    pub fn destination_rejected() -> Self {
        Self::bad_request("M_DESTINATION_REJECTED", "This server does not send text messages to that country or region")
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
        Self::bad_request("M_SESSION_EXPIRED", "This validation session has expired")
    }

    /// 404 `M_NO_VALID_SESSION`, for an unknown sid and a wrong secret alike.
    #[must_use]
    pub fn no_valid_session() -> Self {
        let text = "No valid session was found matching that sid and client secret";
        Self::new(StatusCode::NOT_FOUND, "M_NO_VALID_SESSION", text)
    }

    /// 401 `M_UNAUTHORIZED`
    #[must_use]
    pub fn unauthorized(text: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "M_UNAUTHORIZED", text)
    }

    /// 401 `M_UNKNOWN_TOKEN`, which `logout` alone answers.
    #[must_use]
    pub fn unknown_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN", "Unrecognised access token")
    }

    /// 403 `M_TERMS_NOT_SIGNED`
    #[must_use]
    pub fn terms_not_signed() -> Self {
        let text = "Please accept our terms of service before continuing";
        Self::new(StatusCode::FORBIDDEN, "M_TERMS_NOT_SIGNED", text)
    }

    /// 403 `M_FORBIDDEN`
    #[must_use]
    pub fn forbidden(text: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "M_FORBIDDEN", text)
    }

    /// 403 `M_FORBIDDEN`, for whoever would list an address that is not to be. Who binds has proved to read its messages, or runs this
    /// server: either may know.
    #[must_use]
    pub fn owner_objects() -> Self {
        Self::forbidden("The owner of the address objects to its being listed")
    }

    /// 404 `M_NOT_FOUND`
    #[must_use]
    pub fn not_found(text: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "M_NOT_FOUND", text)
    }

    /// 404 `M_UNRECOGNIZED`, for a path that is none.
    #[must_use]
    pub fn unknown_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "Unrecognized request")
    }

    /// 404 `M_UNRECOGNIZED`, for the token of an invitation.
    #[must_use]
    pub fn unknown_invite() -> Self {
        Self::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "Didn't recognize token")
    }

    /// 405 `M_UNRECOGNIZED`, for a method that the path has not.
    #[must_use]
    pub fn unknown_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "M_UNRECOGNIZED", "Unrecognized request method")
    }

    /// 408 `M_UNKNOWN`, for a body that does not come.
    #[must_use]
    pub fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN", "The body did not arrive in time")
    }

    /// 413 `M_TOO_LARGE`
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", "The body is too large")
    }

    /// 429 `M_LIMIT_EXCEEDED`; the same may succeed after `retry_after`.
    #[must_use]
    pub fn limit_exceeded(retry_after: Millis) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED", "Too many requests").retry_after(retry_after)
    }

    /// 502 `M_UNKNOWN`, when a homeserver cannot be asked. It does not say why: the answer would tell a stranger what our network reaches.
    #[must_use]
    pub fn homeserver_unreachable() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "M_UNKNOWN", "The homeserver could not be asked about the token")
    }

    /// 503 `M_UNKNOWN`, when a homeserver cannot be asked for its keys: it is a matter of time, so its request may be sent again.
    #[must_use]
    pub fn homeserver_away() -> Self {
        let text = "The homeserver could not be asked for its keys";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", text).retry_after(HOMESERVER_AWAY)
    }

    /// 503 `M_UNKNOWN`, while the server is not ready or its database is away.
    #[must_use]
    pub fn away() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", "The server is not available for a moment")
            .retry_after(AWAY)
    }

    /// 500 `M_UNKNOWN`
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", "Internal server error")
    }

    fn retry_after(mut self, wait: Millis) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Whether it is the request's fault, and not a matter of time.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.status.is_client_error() && self.retry_after.is_none()
    }

    /// The Matrix error code.
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
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = json!({ "errcode": self.errcode, "error": self.text });
        let mut response = HttpResponse::build(self.status);
        if let (Value::Object(body), extras) = (&mut body, self.extras.clone()) {
            body.extend(extras);
            if let Some(wait) = self.retry_after {
                body.insert("retry_after_ms".into(), wait.into());
                let seconds = HeaderValue::from(wait.max(0).cast_unsigned().div_ceil(1000));
                response.insert_header((header::RETRY_AFTER, seconds));
            }
        }
        response.json(body)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Away => Self::away(),
            // The one thing that is referred to and can go meanwhile is the account.
            store::Error::Broken(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
                Self::unauthorized("The account is gone")
            }
            broken @ store::Error::Broken(_) => {
                log::error!("{broken}");
                Self::internal()
            }
        }
    }
}

impl From<Unsealable> for Error {
    fn from(error: Unsealable) -> Self {
        log::error!("{error}: was the database restored with another master key?");
        Self::internal()
    }
}
