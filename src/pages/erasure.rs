//! The page behind the link that stops an erasure. Opening it changes nothing; its button does.

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
use crate::service::{SelfService, Stoppable};

/// The button, pressed.
#[derive(Deserialize)]
pub(super) struct Pressed {
    token: String,
    /// The check box that ends all sessions of the user.
    shut_out: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/erasure.html")]
struct Asking<'a> {
    layout: Layout<'a>,
    mxid: String,
    requested: Timestamp,
    due: Timestamp,
    token: &'a str,
}

/// `GET /erasure?token=…`
pub(super) async fn ask(
    self_service: web::Data<SelfService>,
    view: View,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let token = query.get("token").unwrap_or_default();
    let stoppable = self_service.stoppable(&token).await?;
    Ok(view.asking_to_stop(&token, &stoppable))
}

/// `POST /erasure`, the form of that page.
pub(super) async fn stop(
    self_service: web::Data<SelfService>,
    view: View,
    Form(form): Form<Pressed>,
) -> Result<HttpResponse, Failure> {
    let Some(Pressed { token, shut_out }) = form else { return Ok(view.asking_to_stop("", &Stoppable::Unknown)) };
    Ok(match self_service.stop(&token, shut_out.is_some()).await? {
        Stoppable::Erasure(..) if shut_out.is_some() => {
            view.notice(StatusCode::OK, "page-erasure-stopped", "page-erasure-shut-out-text")
        }
        Stoppable::Erasure(..) => view.notice(StatusCode::OK, "page-erasure-stopped", "page-erasure-stopped-text"),
        useless => view.asking_to_stop("", &useless),
    })
}

impl View {
    /// Asks whether to stop an erasure, if there is one.
    pub(super) fn asking_to_stop(&self, token: &str, stoppable: &Stoppable) -> HttpResponse {
        match stoppable {
            Stoppable::Erasure(mxid, erasure) => {
                let page = Asking {
                    layout: Layout::fixed(self, "page-erasure"),
                    mxid: self.say_with("mail-matrix-id", "mxid", mxid.as_str()),
                    requested: self.timestamp(erasure.requested_at),
                    due: self.timestamp(erasure.due_at),
                    token,
                };
                self.personal(StatusCode::OK, Powers::Forms, &page)
            }
            Stoppable::Over => self.notice(StatusCode::OK, "page-erasure-over", "page-erasure-over-text"),
            Stoppable::Unknown => self.notice(StatusCode::NOT_FOUND, "page-validated-wrong", "page-unlock-broken-text"),
        }
    }
}
