//! An address without an account: where a link to it is asked for, and where that link leads.
//!
//! To open the link changes nothing and shows nothing of what is held, for mail scanners open links and browsers fetch them ahead; the button
//! on its page does, which begins a visit. The form carries the link's token and no second one: it is the whole proof, and who has it could
//! press the button anyway.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use serde::Deserialize;

use super::frame::Frame;
use super::{Fault, Powers, Site, form, parameter};
use crate::api;
use crate::error::{Error, ErrorKind};
use crate::identity::typed::typed;
use crate::service::{Proof, Subject, Vouch};
use crate::texts::Language;

/// The most bytes of what was typed that are shown again.
const MAX_SHOWN: usize = 600;

/// Where an address is typed.
#[derive(Template)]
#[template(path = "pages/address.html")]
struct Asking<'a> {
    frame: Frame<'a>,
    heading: String,
    /// What was done before, elsewhere.
    done: Option<String>,
    error: Option<String>,
    typed: &'a str,
}

/// What came of something, and perhaps where to go on.
#[derive(Template)]
#[template(path = "pages/address_outcome.html")]
struct Outcome<'a> {
    frame: Frame<'a>,
    text: String,
    is_done: bool,
    /// Whether a link can be asked for (again).
    leads_on: bool,
}

/// The button that begins a visit.
#[derive(Template)]
#[template(path = "pages/address_open.html")]
struct Opening<'a> {
    frame: Frame<'a>,
    token: &'a str,
}

/// The address, typed.
#[derive(Deserialize)]
struct Typed {
    address: String,
}

/// The button, pressed.
#[derive(Deserialize)]
struct Opened {
    token: String,
}

/// `GET /address`
pub(super) async fn ask(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let done = match parameter(&request, "done").as_deref() {
        Some("left") => Some("page-address-left"),
        Some("erased") => Some("page-address-erased"),
        _ => None,
    };
    site.asking(site.language(&request), done)
}

/// `POST /address`, the form of that page. The answer to an address is the same whatever is held about it.
pub(super) async fn send(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let Some(form) = form::read::<Typed>(&request, payload).await else {
        return site.mistyped(language, "", "page-address-wrong-text");
    };
    let Ok(address) = typed(&form.address) else {
        return site.mistyped(language, &form.address, "page-address-wrong-text");
    };
    let network = api::network(&request, &vouch.config.server.trusted_proxies);
    match vouch.into_inner().send_proof(address, &network, language).await {
        Ok(()) => site.sent(language),
        Err(error) => match error.kind() {
            ErrorKind::DestinationRejected => site.mistyped(language, &form.address, "page-address-unreached-text"),
            ErrorKind::LimitExceeded => site.asked_too_often(language, &error),
            _ => site.fault(language, Fault::Unavailable),
        },
    }
}

/// `GET /address/open?token=…`
pub(super) async fn question(vouch: web::Data<Vouch>, site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let token = parameter(&request, "token").unwrap_or_default();
    site.opening(site.language(&request), &token, &vouch.proof(&token))
}

/// `POST /address/open`, the form of that page.
pub(super) async fn open(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let form = form::read::<Opened>(&request, payload).await;
    match form.map_or(Proof::None, |form| vouch.proof(&form.token)) {
        Proof::Of(address) => match vouch.begin_visit(&Subject::Address(address)).await {
            Ok(token) => site.begin_visit(token, &site.held_path(language, None)),
            Err(_) => site.fault(language, Fault::Unavailable),
        },
        useless => site.opening(language, "", &useless),
    }
}

impl Site {
    /// The form for an address; `done` names what was done before.
    pub(super) fn asking(&self, language: Language, done: Option<&str>) -> HttpResponse {
        let frame = Frame::switchable(self, language, self.texts.get(language, "page-address", &[]));
        let (heading, done) = (frame.title.clone(), done.map(|id| frame.say(id)));
        let page = Asking { frame, heading, done, error: None, typed: "" };
        self.personal(StatusCode::OK, Powers::Forms, &page)
    }

    /// The same with what was typed, and what is wrong with it.
    pub(super) fn mistyped(&self, language: Language, typed: &str, error: &str) -> HttpResponse {
        let frame = Frame::fixed(self, language, self.texts.get(language, "page-address-wrong", &[]));
        let (heading, error) = (frame.say("page-address"), Some(frame.say(error)));
        let typed = if typed.len() > MAX_SHOWN { "" } else { typed };
        self.personal(StatusCode::BAD_REQUEST, Powers::Forms, &Asking { frame, heading, done: None, error, typed })
    }

    /// That a message is on its way, if it can be.
    pub(super) fn sent(&self, language: Language) -> HttpResponse {
        self.address_outcome(language, StatusCode::OK, "page-address-sent", "page-address-sent-text", false)
    }

    /// That there are too many messages for the asker's network, or for the server.
    fn asked_too_often(&self, language: Language, error: &Error) -> HttpResponse {
        let (status, text) = (StatusCode::TOO_MANY_REQUESTS, "page-address-busy-text");
        let mut page = self.address_outcome(language, status, "page-address-busy", text, false);
        if let Some(wait) = error.error_response().headers().get(RETRY_AFTER) {
            page.headers_mut().insert(RETRY_AFTER, wait.clone());
        }
        page
    }

    /// The page behind a link, if it proves something.
    pub(super) fn opening(&self, language: Language, token: &str, proof: &Proof) -> HttpResponse {
        match proof {
            Proof::Of(_) => {
                let frame = Frame::fixed(self, language, self.texts.get(language, "page-address-open", &[]));
                self.personal(StatusCode::OK, Powers::Forms, &Opening { frame, token })
            }
            Proof::Expired => {
                let (title, text) = ("page-address-expired", "page-address-expired-text");
                self.address_outcome(language, StatusCode::GONE, title, text, true)
            }
            Proof::None => {
                let (title, text) = ("page-validated-wrong", "page-address-broken-text");
                self.address_outcome(language, StatusCode::NOT_FOUND, title, text, true)
            }
        }
    }

    /// A page that says one thing, and where a link can be asked for if it `leads_on`.
    pub(super) fn address_outcome(
        &self,
        language: Language,
        status: StatusCode,
        title: &str,
        text: &str,
        leads_on: bool,
    ) -> HttpResponse {
        let frame = Frame::fixed(self, language, self.texts.get(language, title, &[]));
        let outcome = Outcome { text: frame.say(text), frame, is_done: status == StatusCode::OK, leads_on };
        self.personal(status, Powers::None, &outcome)
    }
}
