//! Extractors for the caller of a request.

use std::future::{Future, Ready, ready};
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};

use crate::error::Error;
use crate::http::{Query, state};
use crate::service::{self, Accounts, WebSessions};

/// The access token of a request: `Authorization: Bearer T`, or `?access_token=`, which the
/// specification dropped in v1.20 but Synapse still sends for `hash_details`.
///
/// Extraction fails with 401 `M_UNAUTHORIZED` if there is none.
pub(super) struct AccessToken(pub String);

impl TryFrom<&HttpRequest> for AccessToken {
    type Error = Error;

    fn try_from(request: &HttpRequest) -> Result<Self, Error> {
        let missing = || Error::unauthorized("Missing access token");
        let Some(value) = request.headers().get(header::AUTHORIZATION) else {
            let token = Query::from(request).get("access_token").map(|token| Self(token.into_owned()));
            return token.ok_or_else(missing);
        };
        match value.to_str().ok().and_then(|value| value.split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Self(token.trim().to_owned())),
            _ => Err(missing()),
        }
    }
}

impl FromRequest for AccessToken {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.try_into())
    }
}

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// The owner of the request's access token.
///
/// Extraction fails with 401 `M_UNAUTHORIZED` if there is no valid token.
pub(super) struct Caller(Arc<service::Caller>);

impl Deref for Caller {
    type Target = service::Caller;

    fn deref(&self) -> &service::Caller {
        &self.0
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (accounts, token) = (state::<Accounts>(request).clone(), AccessToken::try_from(request));
        Box::pin(async move {
            // The iOS client renews its token on this errcode only.
            let unrecognised = || Error::unauthorized("Unrecognised access token");
            accounts.authenticate(&token?.0).await?.map(Self).ok_or_else(unrecognised)
        })
    }
}

/// A [`Caller`] that has accepted the terms.
///
/// Extraction also fails with 403 `M_TERMS_NOT_SIGNED`.
pub(super) struct Signatory(pub Caller);

impl FromRequest for Signatory {
    type Error = Error;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        Box::pin(async move {
            let caller = caller.await?;
            if caller.terms_accepted { Ok(Self(caller)) } else { Err(Error::terms_not_signed()) }
        })
    }
}

/// A [`Caller`] whose token was issued in the last few minutes, that is, whose homeserver has just
/// confirmed who they are.
///
/// Extraction also fails with 403 `M_FORBIDDEN`.
pub(super) struct FreshCaller(pub Caller);

impl FromRequest for FreshCaller {
    type Error = Error;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (sessions, caller) = (state::<WebSessions>(request).clone(), Caller::from_request(request, payload));
        let stale = "This needs a fresh proof of who you are: register again, and use the new token within 5 minutes";
        Box::pin(async move {
            let caller = caller.await?;
            if sessions.is_fresh(caller.proved_at) { Ok(Self(caller)) } else { Err(Error::forbidden(stale)) }
        })
    }
}
