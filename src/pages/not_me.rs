//! The page behind a “this wasn't me” link. Opening it changes nothing, because mail scanners open
//! links and browsers prefetch them; its button does.
//!
//! There is no cookie, and so nothing that another site could make a visitor's browser do on their
//! behalf: the token is the whole proof, and anyone who has it could press the button anyway. So
//! the form carries it and needs no second one.
//!
//! The page names the Matrix ID, without which nobody could tell how to answer, but never the
//! address: a link found by a stranger does not reveal whose it is.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::failure::Failure;
use super::form::Form;
use super::layout::Layout;
use super::{Powers, View};
use crate::config::Config;
use crate::http::Query;
use crate::service::{Dispute, Disputes};

/// The button, pressed.
#[derive(Deserialize)]
pub(super) struct Confirmation {
    token: String,
}

/// The question, and the form that answers it.
#[derive(Template)]
#[template(path = "pages/not_me.html")]
struct Question<'a> {
    layout: Layout<'a>,
    text: String,
    mxid: String,
    consequence: &'static str,
    leave: &'static str,
    token: &'a str,
}

/// `GET /not-me?token=…`
pub(super) async fn ask(
    disputes: web::Data<Disputes>,
    config: web::Data<Config>,
    view: View,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let token = query.get("token").unwrap_or_default();
    let dispute = disputes.open(&token).await?;
    Ok(view.question(config.server.name.as_str(), &token, &dispute))
}

/// `POST /not-me`, the form of that page.
pub(super) async fn undo(
    disputes: web::Data<Disputes>,
    view: View,
    Form(form): Form<Confirmation>,
) -> Result<HttpResponse, Failure> {
    let Some(form) = form else { return Ok(view.undone(&Dispute::Unknown)) };
    Ok(view.undone(&disputes.undo(&form.token, view.language()).await?))
}

impl View {
    /// Asks whether to undo something, if there is something to undo.
    pub(super) fn question(&self, server: &str, token: &str, dispute: &Dispute) -> HttpResponse {
        let (mxid, text, consequence, leave) = match dispute {
            Dispute::Bound(mxid) => (mxid, "page-not-me-bound", "page-not-me-bound-consequence", "page-not-me-leave"),
            Dispute::Asked(mxid) => (mxid, "page-not-me-asked", "page-not-me-asked-consequence", "page-not-me-leave"),
            Dispute::Added(mxid) => {
                (mxid, "page-not-me-added", "page-not-me-added-consequence", "page-not-me-added-leave")
            }
            Dispute::SignedOut | Dispute::Settled | Dispute::Superseded | Dispute::Unknown => {
                return self.undone(dispute);
            }
        };
        let layout = Layout::fixed(self, "page-not-me");
        let text = self.say_with(text, "server", server);
        let mxid = self.say_with("mail-matrix-id", "mxid", mxid.as_str());
        self.personal(StatusCode::OK, Powers::Forms, &Question { layout, text, mxid, consequence, leave, token })
    }

    /// Says what has been undone.
    pub(super) fn undone(&self, dispute: &Dispute) -> HttpResponse {
        let (status, title, text) = match dispute {
            Dispute::Bound(_) => (StatusCode::OK, "page-not-me-unbound", "page-not-me-unbound-text"),
            Dispute::Added(_) => (StatusCode::OK, "page-not-me-removed", "page-not-me-removed-text"),
            Dispute::SignedOut => (StatusCode::OK, "page-not-me-signed-out", "page-not-me-signed-out-text"),
            Dispute::Asked(_) => (StatusCode::OK, "page-not-me-cancelled", "page-not-me-cancelled-text"),
            Dispute::Settled => (StatusCode::OK, "page-not-me-settled", "page-not-me-settled-text"),
            Dispute::Superseded => (StatusCode::GONE, "page-not-me-superseded", "page-not-me-superseded-text"),
            Dispute::Unknown => (StatusCode::NOT_FOUND, "page-validated-wrong", "page-not-me-wrong-text"),
        };
        self.notice(status, title, text)
    }
}
