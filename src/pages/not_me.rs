//! The page behind a “this was not me” link. To open it changes nothing, for mail scanners open links and browsers fetch them ahead; the
//! button on it does.
//!
//! There is no cookie, and so nothing that another site could make a visitor's browser do in his name: the token is the whole proof, and who
//! has it could press the button anyway. So the form carries it and no second one.
//!
//! The page names the Matrix ID, without which nobody could tell what to answer, but never the address: a link that somebody finds does
//! not say whose it is.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::frame::Frame;
use super::{Fault, Powers, Site, form, hide, parameter};
use crate::service::{Dispute, Vouch};
use crate::texts::Language;

/// The button, pressed.
#[derive(Deserialize)]
pub(super) struct Confirmation {
    token: String,
}

/// The question, and the form that answers it.
#[derive(Template)]
#[template(path = "pages/not_me.html")]
struct Question<'a> {
    frame: Frame<'a>,
    text: String,
    mxid: String,
    consequence: String,
    token: &'a str,
}

/// `GET /not-me?token=…`
pub(super) async fn ask(vouch: web::Data<Vouch>, site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let language = site.language(&request);
    let token = parameter(&request, "token").unwrap_or_default();
    match vouch.disputes.open(&token).await {
        Ok(dispute) => site.question(language, vouch.config.server.name.as_str(), &token, &dispute),
        Err(_) => site.fault(language, Fault::Unavailable),
    }
}

/// `POST /not-me`, the form of that page.
pub(super) async fn undo(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let Some(form) = form::read::<Confirmation>(&request, payload).await else {
        return site.undone(language, &Dispute::Unknown);
    };
    match vouch.disputes.undo(&form.token).await {
        Ok(dispute) => site.undone(language, &dispute),
        Err(_) => site.fault(language, Fault::Unavailable),
    }
}

impl Site {
    /// The question whether to undo, if there is something to undo.
    pub(super) fn question(&self, language: Language, server: &str, token: &str, dispute: &Dispute) -> HttpResponse {
        let (mxid, text, consequence) = match dispute {
            Dispute::Bound(mxid) => (mxid, "page-not-me-bound", "page-not-me-bound-consequence"),
            Dispute::Asked(mxid) => (mxid, "page-not-me-asked", "page-not-me-asked-consequence"),
            Dispute::Settled | Dispute::Superseded | Dispute::Unknown => return self.undone(language, dispute),
        };
        let frame = Frame::fixed(self, language, self.texts.get(language, "page-not-me", &[]));
        let text = self.texts.get(language, text, &[("server", server.into())]);
        let mxid = self.texts.get(language, "mail-matrix-id", &[("mxid", mxid.as_str().into())]);
        let question = Question { consequence: frame.say(consequence), frame, text, mxid, token };
        self.personal(StatusCode::OK, Powers::Forms, &question)
    }

    /// What came of it.
    pub(super) fn undone(&self, language: Language, dispute: &Dispute) -> HttpResponse {
        let (status, title, text) = match dispute {
            Dispute::Bound(_) => (StatusCode::OK, "page-not-me-unbound", "page-not-me-unbound-text"),
            Dispute::Asked(_) => (StatusCode::OK, "page-not-me-cancelled", "page-not-me-cancelled-text"),
            Dispute::Settled => (StatusCode::OK, "page-not-me-settled", "page-not-me-settled-text"),
            Dispute::Superseded => (StatusCode::GONE, "page-not-me-superseded", "page-not-me-superseded-text"),
            Dispute::Unknown => (StatusCode::NOT_FOUND, "page-validated-wrong", "page-not-me-wrong-text"),
        };
        let mut page = self.notice(language, status, title, text);
        hide(&mut page);
        page
    }
}
