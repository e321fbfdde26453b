//! Managing an address without an account: the page where a link is requested, and the page that
//! the link opens.
//!
//! Opening the link changes nothing and shows no stored data, because mail scanners open links and
//! browsers prefetch them; the button on its page begins a web session. The form carries the link's
//! token and needs no second one: it is the whole proof, and anyone who has it could press the
//! button anyway.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::failure::Failure;
use super::form::Form;
use super::layout::Layout;
use super::{Powers, View};
use crate::error::ErrorKind;
use crate::http::{Query, add_retry_after};
use crate::identity::typed::typed;
use crate::service::{AddressProofs, Network, Proof, Subject, WebSessions};

/// The number of bytes beyond which input is not shown again.
const MAX_SHOWN: usize = 600;

/// The form for an address.
#[derive(Template)]
#[template(path = "pages/address.html")]
struct Asking<'a> {
    layout: Layout<'a>,
    /// The result of an earlier action on another page.
    done: Option<&'static str>,
    error: Option<&'static str>,
    typed: &'a str,
    /// True if any phone number can be reached.
    phones: bool,
}

/// An outcome, and perhaps a link to the form.
#[derive(Template)]
#[template(path = "pages/address_outcome.html")]
struct Outcome<'a> {
    layout: Layout<'a>,
    text: &'static str,
    is_done: bool,
    /// True if a link can be requested (again).
    has_link: bool,
}

/// The button that begins a web session.
#[derive(Template)]
#[template(path = "pages/address_open.html")]
struct Opening<'a> {
    layout: Layout<'a>,
    token: &'a str,
}

/// The address, typed.
#[derive(Deserialize)]
pub(super) struct Typed {
    address: String,
}

/// The button, pressed.
#[derive(Deserialize)]
pub(super) struct Opened {
    token: String,
}

/// `GET /address`
pub(super) async fn ask(view: View, query: Query) -> HttpResponse {
    view.asking(match query.get("done").as_deref() {
        Some("left") => Some("page-address-left"),
        Some("erased") => Some("page-address-erased"),
        _ => None,
    })
}

/// `POST /address`, the form of that page. The response does not depend on the data stored about
/// the address.
pub(super) async fn send(
    address_proofs: web::Data<AddressProofs>,
    view: View,
    from: Network,
    Form(form): Form<Typed>,
) -> Result<HttpResponse, Failure> {
    let text = form.map(|form| form.address).unwrap_or_default();
    let wrong = if view.reaches_phones { "page-address-wrong-text" } else { "page-address-wrong-email-text" };
    let Ok(address) = typed(&text) else { return Ok(view.mistyped(&text, wrong)) };
    let Err(error) = address_proofs.send(address, &from, view.language()).await else {
        return Ok(view.sent());
    };
    match error.kind() {
        ErrorKind::DestinationRejected => Ok(view.mistyped(&text, "page-address-unreached-text")),
        ErrorKind::LimitExceeded => {
            let (status, text) = (StatusCode::TOO_MANY_REQUESTS, "page-address-busy-text");
            let mut page = view.address_outcome(status, "page-address-busy", text, false);
            add_retry_after(&mut page, &error);
            Ok(page)
        }
        _ => Err(error.into()),
    }
}

/// `GET /address/open?token=…`
pub(super) async fn question(address_proofs: web::Data<AddressProofs>, view: View, query: Query) -> HttpResponse {
    let token = query.get("token").unwrap_or_default();
    view.opening(&token, &address_proofs.open(&token))
}

/// `POST /address/open`, the form of that page.
pub(super) async fn open(
    address_proofs: web::Data<AddressProofs>,
    web_sessions: web::Data<WebSessions>,
    view: View,
    Form(form): Form<Opened>,
) -> Result<HttpResponse, Failure> {
    match form.map_or(Proof::None, |form| address_proofs.open(&form.token)) {
        Proof::Of { address, .. } => {
            let token = web_sessions.begin(&Subject::Address(address)).await?;
            Ok(view.begin_session(token, "/address/held"))
        }
        useless => Ok(view.opening("", &useless)),
    }
}

impl View {
    /// Shows the form for an address, and the result of an earlier action.
    pub(super) fn asking(&self, done: Option<&'static str>) -> HttpResponse {
        let layout = Layout::switchable(self, "page-address");
        let page = Asking { layout, done, error: None, typed: "", phones: self.reaches_phones };
        self.personal(StatusCode::OK, Powers::Forms, &page)
    }

    /// Shows the form again, with the input and what is wrong with it.
    pub(super) fn mistyped(&self, typed: &str, error: &'static str) -> HttpResponse {
        let typed = if typed.len() > MAX_SHOWN { "" } else { typed };
        let layout = Layout::fixed(self, "page-address-wrong");
        let page = Asking { layout, done: None, error: Some(error), typed, phones: self.reaches_phones };
        self.personal(StatusCode::BAD_REQUEST, Powers::Forms, &page)
    }

    /// Says that a message has been sent, if it can be.
    pub(super) fn sent(&self) -> HttpResponse {
        self.address_outcome(StatusCode::OK, "page-address-sent", "page-address-sent-text", false)
    }

    /// Shows the button that begins a web session, if the link proves something.
    pub(super) fn opening(&self, token: &str, proof: &Proof) -> HttpResponse {
        let (status, title, text) = match proof {
            Proof::Of { .. } => {
                let page = Opening { layout: Layout::fixed(self, "page-address-open"), token };
                return self.personal(StatusCode::OK, Powers::Forms, &page);
            }
            Proof::Expired => (StatusCode::GONE, "page-address-expired", "page-address-expired-text"),
            Proof::None => (StatusCode::NOT_FOUND, "page-validated-wrong", "page-address-broken-text"),
        };
        self.address_outcome(status, title, text, true)
    }

    /// Shows an outcome, with a link to the form if it `has_link`.
    pub(super) fn address_outcome(
        &self,
        status: StatusCode,
        title: &str,
        text: &'static str,
        has_link: bool,
    ) -> HttpResponse {
        let (layout, is_done) = (Layout::fixed(self, title), status == StatusCode::OK);
        self.personal(status, Powers::None, &Outcome { layout, text, is_done, has_link })
    }
}
