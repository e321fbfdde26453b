//! Web sessions: the cookie that carries a session's token, and the token that its forms carry.
//!
//! This is the only cookie of the server. A proof sets it (see [`WebSessions::begin`]), no script
//! can read it, no other site can make the browser send it (`SameSite=Strict`), and it ends with
//! the browser. Each form of a session also carries a token, in case a browser ignores all that.

use std::future::Future;
use std::pin::Pin;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::form::Form;
use super::{CurrentSite, Site, View};
use crate::error::Error;
use crate::http::state;
use crate::service::{WebSession, WebSessions};

/// The identity that somebody has proved in order to begin a web session.
pub(super) trait Visitor: Sized {
    /// Returns the visitor, unless the session is for another kind of visitor.
    fn from_session(session: WebSession) -> Option<Self>;
    /// Returns the failure of a page that such a visitor must open.
    fn missing() -> Failure;
    /// Returns the failure of a form that such a visitor must send from one of their pages.
    fn refused() -> Failure;
}

pub(super) type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Failure>>>>;

/// The token of a request's session, if it carries one.
pub(super) struct SessionToken {
    sessions: Data<WebSessions>,
    token: Option<String>,
}

impl From<&HttpRequest> for SessionToken {
    fn from(request: &HttpRequest) -> Self {
        let cookie = request.cookie(state::<CurrentSite>(request).load().session_cookie());
        Self { sessions: state::<WebSessions>(request).clone(), token: cookie.map(|cookie| cookie.value().to_owned()) }
    }
}

impl SessionToken {
    /// Returns the session, unless it has ended.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub(super) async fn session(&self) -> Result<Option<WebSession>, Error> {
        match &self.token {
            Some(token) => self.sessions.find(token).await,
            None => Ok(None),
        }
    }

    /// Returns the visitor whose session it is.
    pub(super) async fn visitor<V: Visitor>(self) -> Result<V, Failure> {
        self.session().await?.and_then(V::from_session).ok_or_else(V::missing)
    }
}

/// The fields of a form, and the token of the session whose page it was sent from.
#[derive(Deserialize)]
struct Signed<T> {
    form_token: String,
    #[serde(flatten)]
    fields: T,
}

/// The form of a session without fields.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// A form that a visitor has sent from a page of their session.
pub(super) struct Submitted<V, T>(pub V, pub T);

impl<V: Visitor, T: DeserializeOwned + 'static> FromRequest for Submitted<V, T> {
    type Error = Failure;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (form, token) = (Form::<Signed<T>>::from_request(request, payload), SessionToken::from(request));
        Box::pin(async move {
            // The form comes first: it may take seconds to arrive, and the session may end in the
            // meantime.
            let Ok(Form(form)) = form.await;
            let Signed { form_token, fields } = form.ok_or_else(V::refused)?;
            let session = token.session().await?.filter(|session| session.has_sent(&form_token));
            let visitor = session.and_then(V::from_session).ok_or_else(V::refused)?;
            Ok(Self(visitor, fields))
        })
    }
}

impl View {
    /// Begins a session, and redirects to the page at `path`.
    pub(super) fn begin_session(&self, token: String, path: &str) -> HttpResponse {
        let mut response = self.see_other(path);
        // Adding a cookie fails only if it is not a valid header, which ours always is.
        let _ = response.add_cookie(&self.cookie(token));
        response
    }

    /// Ends a session, and redirects to the page at `path`.
    pub(super) fn end_session(&self, path: &str) -> HttpResponse {
        let mut response = self.see_other(path);
        self.forget_session(&mut response);
        response
    }

    /// Makes the browser forget its session.
    pub(super) fn forget_session(&self, response: &mut HttpResponse) {
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        let _ = response.add_cookie(&cookie);
    }
}

impl Site {
    fn cookie(&self, token: String) -> Cookie<'static> {
        Cookie::build(self.session_cookie(), token)
            .path(format!("{}/", self.base))
            .http_only(true)
            .secure(self.is_encrypted)
            .same_site(SameSite::Strict)
            .finish()
    }

    /// Browsers accept a cookie with one of these prefixes only over an encrypted connection, and
    /// one with `__Host-` only from this very host and for all of it (RFC 6265bis section 4.1.3).
    /// So no other host of the domain can plant a session.
    fn session_cookie(&self) -> &'static str {
        match (self.is_encrypted, self.base.is_empty()) {
            (false, _) => "vouch-visit",
            (true, false) => "__Secure-vouch-visit",
            (true, true) => "__Host-vouch-visit",
        }
    }
}
