//! Signing in with a Matrix account, to see the data stored about it.
//!
//! The page's script does this in the browser, with the person's own homeserver; see
//! `templates/pages/sign_in.js`. This server receives only an OpenID token, asks the homeserver
//! whose it is, and forgets it. A homeserver that sends people back with a login token puts it into
//! the URL that the browser requests. Nothing here reads or logs it, it works once, and the script
//! redeems it before anything else.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use askama::Template;
use ruma_common::ServerName;
use serde::Deserialize;

use super::form::Form;
use super::layout::Layout;
use super::session::SessionToken;
use super::{Powers, View};
use crate::error::{Error, ErrorKind};
use crate::http::{Query, add_retry_after};
use crate::service::{Accounts, Network, Registration, Subject, WebSessions};

/// The script that signs people in.
pub(super) const SCRIPT: &str = include_str!("../../templates/pages/sign_in.js");

/// Returns a policy that allows the page, besides sending forms, to run that one script, which
/// creates no HTML, and to talk to any homeserver.
pub(super) fn policy(script_hash: &str) -> String {
    format!(
        "; script-src 'sha256-{script_hash}'; connect-src https:; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
}

/// The reason why somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// To see the stored data.
    Look,
    /// To download all of it, which requires a fresh proof.
    Export,
    /// To erase all of it, which also requires one.
    Erase,
}

impl Errand {
    fn from_word(word: &str) -> Self {
        match word {
            "export" => Self::Export,
            "erase" => Self::Erase,
            _ => Self::Look,
        }
    }

    /// Returns the errand that the query names: `?for=export`.
    pub(super) fn of(query: &Query) -> Self {
        query.get("for").map_or(Self::Look, |word| Self::from_word(&word))
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Look => "",
            Self::Export => "export",
            Self::Erase => "erase",
        }
    }

    /// Returns `path` for this errand.
    fn path(self, path: &str) -> String {
        if self == Self::Look { path.to_owned() } else { format!("{path}?for={}", self.word()) }
    }

    /// Returns the message that tells somebody who may already be signed in why they have to do it
    /// again.
    fn why(self) -> Option<&'static str> {
        match self {
            Self::Look => None,
            Self::Export => Some("page-sign-in-for-export"),
            Self::Erase => Some("page-sign-in-for-erase"),
        }
    }
}

/// The form that the script sends.
#[derive(Deserialize)]
pub(super) struct HandedOver {
    access_token: String,
    matrix_server_name: String,
    /// The validity of the token in seconds. Empty if the homeserver did not give it.
    #[serde(default)]
    expires_in: String,
    #[serde(default, rename = "for")]
    errand: String,
}

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct SignIn<'a> {
    layout: Layout<'a>,
    errand: Errand,
    /// The problem with the previous attempt.
    problem: Option<&'static str>,
    script: &'static str,
}

impl SignIn<'_> {
    /// Returns a text into which the script puts the name of a homeserver, or the time to wait.
    fn pattern(&self, id: &str) -> String {
        let values = ["server", "seconds"].map(|name| (name, format!("{{{name}}}").into()));
        self.layout.view.texts.get(self.layout.view.language(), id, &values)
    }

    /// Returns the name that the homeserver briefly lists among the person's devices.
    fn device(&self) -> String {
        let view = self.layout.view;
        view.say_with("page-sign-in-device", "name", view.brand.name.as_str())
    }
}

/// Shows the sign-in page.
pub(super) fn page(view: &View, query: &Query) -> HttpResponse {
    view.sign_in(Errand::of(query), StatusCode::OK, None)
}

/// `GET /you/sign-in`: even for somebody who has signed in, since a fresh proof may be required,
/// and homeservers redirect to it.
pub(super) async fn show(view: View, query: Query) -> HttpResponse {
    page(&view, &query)
}

/// `POST /you/sign-in`: the token that the script has obtained.
pub(super) async fn sign_in(
    accounts: web::Data<Accounts>,
    web_sessions: web::Data<WebSessions>,
    view: View,
    from: Network,
    request: HttpRequest,
    Form(form): Form<HandedOver>,
) -> HttpResponse {
    let Some((errand, registration)) = form.and_then(HandedOver::read) else {
        return view.sign_in(Errand::Look, StatusCode::BAD_REQUEST, Some("page-sign-in-unreadable"));
    };
    match begin(&accounts, &web_sessions, (&request).into(), &from, &registration).await {
        Ok(token) => view.begin_session(token, &errand.path("/you")),
        Err(error) => view.not_signed_in(errand, &error),
    }
}

impl HandedOver {
    fn read(self) -> Option<(Errand, Registration)> {
        let Self { access_token, matrix_server_name, expires_in, errand } = self;
        let matrix_server_name = ServerName::parse(matrix_server_name).ok()?;
        let registration = Registration { matrix_server_name, access_token, expires_in: expires_in.parse().ok() };
        (!registration.access_token.is_empty()).then(|| (Errand::from_word(&errand), registration))
    }
}

/// Begins a web session in place of the current one.
async fn begin(
    accounts: &Accounts,
    web_sessions: &WebSessions,
    current: SessionToken,
    from: &Network,
    registration: &Registration,
) -> Result<String, Error> {
    let mxid = accounts.identify_once(from, registration).await?;
    match current.session().await? {
        Some(session) => web_sessions.begin_again(&Subject::User(mxid), &session).await,
        None => web_sessions.begin(&Subject::User(mxid)).await,
    }
}

impl View {
    fn sign_in(&self, errand: Errand, status: StatusCode, problem: Option<&'static str>) -> HttpResponse {
        let title = if problem.is_some() { "page-sign-in-failed" } else { "page-sign-in" };
        // The response to the form and the page for an errand are also available in other
        // languages.
        let href = |tag: &str| {
            let path = errand.path("/you/sign-in");
            format!("{}{path}{}lang={tag}", self.base, if path.contains('?') { '&' } else { '?' })
        };
        let layout = Layout::with_choices(self, title, href);
        self.personal(status, Powers::SignIn, &SignIn { layout, errand, problem, script: SCRIPT })
    }

    /// Shows the page again, with the problem and what to do.
    fn not_signed_in(&self, errand: Errand, error: &Error) -> HttpResponse {
        let problem = match error.kind() {
            ErrorKind::Unauthorized => "page-sign-in-not-vouched",
            ErrorKind::Forbidden => "page-sign-in-blocked",
            ErrorKind::LimitExceeded => "page-sign-in-too-often",
            ErrorKind::BadGateway => "page-sign-in-homeserver-away",
            _ => "page-unavailable-text",
        };
        let mut response = self.sign_in(errand, error.status_code(), Some(problem));
        add_retry_after(&mut response, error);
        response
    }
}
