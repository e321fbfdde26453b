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
use crate::service::{self, Accounts};

/// The access token of a request: `Authorization: Bearer T`.
///
/// Extraction fails with 401 `M_UNAUTHORIZED` if there is none.
pub(super) struct AccessToken(pub String);

impl AccessToken {
    /// Takes the token from `?access_token=` if there is no `Authorization`. The specification
    /// dropped that in v1.20, because URLs end up in logs.
    fn in_query(request: &HttpRequest) -> Result<Self, Error> {
        if request.headers().contains_key(header::AUTHORIZATION) {
            return request.try_into();
        }
        Query::from(request).get("access_token").map(|token| Self(token.into_owned())).ok_or_else(no_token)
    }
}

impl TryFrom<&HttpRequest> for AccessToken {
    type Error = Error;

    fn try_from(request: &HttpRequest) -> Result<Self, Error> {
        let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match value.and_then(|value| value.split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Self(token.trim().to_owned())),
            _ => Err(no_token()),
        }
    }
}

fn no_token() -> Error {
    Error::unauthorized("Missing access token")
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

impl Caller {
    fn of(request: &HttpRequest, token: Result<AccessToken, Error>) -> Extraction<Self> {
        let accounts = state::<Accounts>(request).clone();
        Box::pin(async move {
            // The iOS client renews its token only on this errcode.
            let unrecognised = || Error::unauthorized("Unrecognised access token");
            accounts.authenticate(&token?.0).await?.map(Self).ok_or_else(unrecognised)
        })
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::of(request, request.try_into())
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

/// A [`Signatory`] whose token may be in the query, where Synapse (last checked: 1.163) sends it
/// for `hash_details`. Synapse sends a header everywhere else, and clients always do.
pub(super) struct SynapseSignatory;

impl FromRequest for SynapseSignatory {
    type Error = Error;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = Caller::of(request, AccessToken::in_query(request));
        Box::pin(async move { if caller.await?.terms_accepted { Ok(Self) } else { Err(Error::terms_not_signed()) } })
    }
}
