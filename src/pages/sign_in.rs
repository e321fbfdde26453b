//! Signing in with a Matrix account, to see what is held about it.
//!
//! The page's script does it, in the browser, with the person's own homeserver; see `templates/pages/sign_in.js`. All that comes here is an
//! OpenID token: the homeserver says whose it is, and then it is forgotten. Where a homeserver sends people back with a login token, that stands
//! in the URL which the browser asks for. Nothing here reads or logs it, it works once, and the script redeems it before anything else.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use askama::Template;
use ruma_common::ServerName;
use serde::Deserialize;

use super::frame::Frame;
use super::{Powers, Site, form, parameter, visit};
use crate::api::network;
use crate::error::Error;
use crate::service::{Registration, Vouch};
use crate::texts::Language;

/// What signs people in.
pub(super) const SCRIPT: &str = include_str!("../../templates/pages/sign_in.js");

/// What the page may do beside sending forms: run that one script, which makes no HTML, and ask any homeserver there is.
pub(super) fn policy(script_hash: &str) -> String {
    format!(
        "; script-src 'sha256-{script_hash}'; connect-src https:; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
}

/// What somebody signs in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    /// To see what is held.
    Look,
    /// To download all of it, which wants a fresh proof.
    Export,
    /// To have all of it erased, which wants one too.
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

    /// The one that the query names: `?for=export`.
    fn of(request: &HttpRequest) -> Self {
        parameter(request, "for").map_or(Self::Look, |word| Self::from_word(&word))
    }

    fn word(self) -> &'static str {
        match self {
            Self::Look => "",
            Self::Export => "export",
            Self::Erase => "erase",
        }
    }

    /// Why somebody who may be signed in has to do it again.
    fn why(self) -> Option<&'static str> {
        match self {
            Self::Look => None,
            Self::Export => Some("page-sign-in-for-export"),
            Self::Erase => Some("page-sign-in-for-erase"),
        }
    }
}

/// What the script hands over.
#[derive(Deserialize)]
struct HandedOver {
    access_token: String,
    matrix_server_name: String,
    #[serde(default, rename = "for")]
    errand: String,
}

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct SignIn<'a> {
    frame: Frame<'a>,
    errand: Errand,
    /// What went wrong before.
    problem: Option<String>,
    script: &'static str,
}

impl SignIn<'_> {
    /// A text in which the script puts the name of a homeserver, or how long to wait.
    fn pattern(&self, id: &str) -> String {
        let values = ["server", "seconds"].map(|name| (name, format!("{{{name}}}").into()));
        self.frame.site.texts.get(self.frame.language, id, &values)
    }

    /// What the homeserver lists among the person's devices, for a moment.
    fn device(&self) -> String {
        let name = self.frame.brand().name.as_str();
        self.frame.site.texts.get(self.frame.language, "page-sign-in-device", &[("name", name.into())])
    }
}

/// The sign-in page, for whoever has no visit yet.
pub(super) fn page(site: &Site, request: &HttpRequest) -> HttpResponse {
    site.sign_in(site.language(request), Errand::of(request), StatusCode::OK, None)
}

/// `GET /you/sign-in`: also for who visits already, because a fresh proof may be asked for, and homeservers send people back to it.
pub(super) async fn show(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    page(&site, &request)
}

/// `POST /you/sign-in`: the token that the script has got.
pub(super) async fn sign_in(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let Some((errand, registration)) = handed_over(&request, payload).await else {
        return site.sign_in(language, Errand::Look, StatusCode::BAD_REQUEST, Some("page-sign-in-unreadable"));
    };
    match begin(&vouch, &site, &request, &registration).await {
        Ok(token) => site.begin_visit(token, &format!("/you?{}", site.query(language, errand))),
        Err(error) => site.not_signed_in(language, errand, &error),
    }
}

async fn handed_over(request: &HttpRequest, payload: web::Payload) -> Option<(Errand, Registration)> {
    let HandedOver { access_token, matrix_server_name, errand } = form::read(request, payload).await?;
    let matrix_server_name = ServerName::parse(matrix_server_name).ok()?;
    let registration = Registration { matrix_server_name, access_token };
    (!registration.access_token.is_empty()).then(|| (Errand::from_word(&errand), registration))
}

/// Begins a visit, which takes the place of the one before.
async fn begin(
    vouch: &Vouch,
    site: &Site,
    request: &HttpRequest,
    registration: &Registration,
) -> Result<String, Error> {
    let from = network(request, &vouch.config.server.trusted_proxies);
    let token = vouch.sign_in(&from, registration).await?;
    if let Some(before) = visit::current(vouch, site, request).await? {
        vouch.end_visit(&before).await?;
    }
    Ok(token)
}

impl Site {
    fn query(&self, language: Language, errand: Errand) -> String {
        let tag = self.texts.tag(language);
        match errand {
            Errand::Look => format!("lang={tag}"),
            Errand::Export | Errand::Erase => format!("for={}&lang={tag}", errand.word()),
        }
    }

    fn sign_in(
        &self,
        language: Language,
        errand: Errand,
        status: StatusCode,
        problem: Option<&'static str>,
    ) -> HttpResponse {
        let title = if problem.is_some() { "page-sign-in-failed" } else { "page-sign-in" };
        let mut frame = Frame::switchable(self, language, self.texts.get(language, title, &[]));
        // Where a form was sent to, and for whatever one came, the page is there in other languages too.
        for (choice, language) in frame.choices.iter_mut().zip(self.texts.languages()) {
            choice.href = format!("{}/you/sign-in?{}", self.base, self.query(language, errand));
        }
        let problem = problem.map(|id| frame.say(id));
        self.personal(status, Powers::SignIn, &SignIn { frame, errand, problem, script: SCRIPT })
    }

    /// The page again, with what was wrong and what to do.
    fn not_signed_in(&self, language: Language, errand: Errand, error: &Error) -> HttpResponse {
        let status = error.status_code();
        let problem = match status {
            StatusCode::UNAUTHORIZED => "page-sign-in-not-vouched",
            StatusCode::FORBIDDEN => "page-sign-in-blocked",
            StatusCode::TOO_MANY_REQUESTS => "page-sign-in-too-often",
            StatusCode::BAD_GATEWAY => "page-sign-in-homeserver-away",
            _ => "page-unavailable-text",
        };
        let mut response = self.sign_in(language, errand, status, Some(problem));
        if let Some(wait) = error.error_response().headers().get(RETRY_AFTER) {
            response.headers_mut().insert(RETRY_AFTER, wait.clone());
        }
        response
    }
}
