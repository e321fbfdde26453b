//! The page behind a link by which somebody confirms that they read one of their addresses. Opening
//! it changes nothing, because mail scanners open links and browsers prefetch them; its buttons do.
//!
//! As on the page behind a “this wasn't me” link, the token is the whole proof, and the page names
//! the Matrix ID but never the address.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::failure::Failure;
use super::form::Form;
use super::layout::Layout;
use super::timestamp::Timestamp;
use super::{Powers, View};
use crate::http::Query;
use crate::service::{Confirmations, Question};

/// One of the buttons, pressed.
#[derive(Deserialize)]
pub(super) struct Pressed {
    token: String,
    action: Action,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Confirm,
    Deny,
}

#[derive(Template)]
#[template(path = "pages/unlock.html")]
struct Asking<'a> {
    layout: Layout<'a>,
    mxid: String,
    at: Timestamp,
    /// The asking party: an app or a browser.
    by: &'static str,
    token: &'a str,
}

/// `GET /unlock?token=…`
pub(super) async fn ask(
    confirmations: web::Data<Confirmations>,
    view: View,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let token = query.get("token").unwrap_or_default();
    let question = confirmations.open(&token).await?;
    Ok(view.asking_to_confirm(&token, &question))
}

/// `POST /unlock`, the forms of that page.
pub(super) async fn answer(
    confirmations: web::Data<Confirmations>,
    view: View,
    Form(form): Form<Pressed>,
) -> Result<HttpResponse, Failure> {
    let Some(Pressed { token, action }) = form else { return Ok(view.asking_to_confirm("", &Question::Unknown)) };
    let question = match action {
        Action::Confirm => confirmations.confirm(&token, view.language()).await?,
        Action::Deny => confirmations.deny(&token).await?,
    };
    Ok(match (question, action) {
        (Question::Asked { .. }, Action::Confirm) => {
            view.notice(StatusCode::OK, "page-unlock-done", "page-unlock-done-text")
        }
        (Question::Asked { .. }, Action::Deny) => {
            view.notice(StatusCode::OK, "page-unlock-denied", "page-unlock-denied-text")
        }
        (useless, _) => view.asking_to_confirm("", &useless),
    })
}

impl View {
    /// Asks the reader whether they have asked, if the link confirms something.
    pub(super) fn asking_to_confirm(&self, token: &str, question: &Question) -> HttpResponse {
        let (status, title, text) = match question {
            Question::Asked { mxid, at, by_app } => {
                let page = Asking {
                    layout: Layout::fixed(self, "page-unlock"),
                    mxid: self.say_with("mail-matrix-id", "mxid", mxid.as_str()),
                    at: self.timestamp(*at),
                    by: if *by_app { "page-unlock-by-app" } else { "page-unlock-by-browser" },
                    token,
                };
                return self.personal(StatusCode::OK, Powers::Forms, &page);
            }
            Question::Over => (StatusCode::GONE, "page-unlock-over", "page-unlock-over-text"),
            Question::Expired => (StatusCode::GONE, "page-address-expired", "page-unlock-expired-text"),
            Question::Unknown => (StatusCode::NOT_FOUND, "page-validated-wrong", "page-unlock-broken-text"),
        };
        self.notice(status, title, text)
    }
}
