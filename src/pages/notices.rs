//! Pages that say one thing: how a validation went, and what is wrong.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use ruma_common::OwnedUserId;
use url::Url;

use super::frame::Frame;
use super::{Cache, Powers, Site};
use crate::texts::Language;

/// How it went with a validation link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// The address is proved now.
    Proved,
    /// It was proved before.
    AlreadyDone,
    /// The session has expired.
    Expired,
    /// No session and token like these: which of the two is not said.
    WrongLink,
    /// The code of a text has expired, or was tried too often.
    CodeExpired,
    /// No session and code like these.
    WrongCode,
}

/// Who asked that an address be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedBy {
    /// The Matrix ID.
    pub mxid: OwnedUserId,
    /// The page on which the reader says that it was not him.
    pub cancel: Url,
}

/// What a page could not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such page.
    NotFound,
    /// The server cannot answer for the moment.
    Unavailable,
}

#[derive(Template)]
#[template(path = "pages/notice.html")]
struct Notice<'a> {
    frame: Frame<'a>,
    text: String,
    is_done: bool,
}

/// A confirmed address: what happens next, and who asked.
#[derive(Template)]
#[template(path = "pages/validated.html")]
struct Confirmed<'a> {
    frame: Frame<'a>,
    text: String,
    asked_by: Option<&'a AskedBy>,
    mxid: String,
}

impl Site {
    /// The page behind a validation link. Its URL holds secrets, so it is not linked to in other languages. Who asked is told only to a reader
    /// who has them all.
    #[must_use]
    pub fn validated(&self, language: Language, outcome: Validation, asked_by: Option<&AskedBy>) -> HttpResponse {
        let (status, title, text) = match outcome {
            Validation::Proved => (StatusCode::OK, "page-validated", "page-validated-text"),
            Validation::AlreadyDone => (StatusCode::OK, "page-validated-again", "page-validated-again-text"),
            Validation::Expired => (StatusCode::BAD_REQUEST, "page-validated-expired", "page-validated-expired-text"),
            Validation::WrongLink => (StatusCode::NOT_FOUND, "page-validated-wrong", "page-validated-wrong-text"),
            Validation::CodeExpired => (StatusCode::BAD_REQUEST, "page-code-expired", "page-code-expired-text"),
            Validation::WrongCode => (StatusCode::NOT_FOUND, "page-code-wrong", "page-code-wrong-text"),
        };
        if status == StatusCode::OK {
            return self.confirmed(language, title, text, asked_by);
        }
        self.notice(language, status, title, text)
    }

    fn confirmed(&self, language: Language, title: &str, text: &str, asked_by: Option<&AskedBy>) -> HttpResponse {
        let frame = Frame::fixed(self, language, self.texts.get(language, title, &[]));
        let mxid = asked_by.map(|asked| [("mxid", asked.mxid.as_str().into())]);
        let mxid = mxid.map(|mxid| self.texts.get(language, "mail-matrix-id", &mxid)).unwrap_or_default();
        let page = Confirmed { text: frame.say(text), frame, asked_by, mxid };
        self.personal(StatusCode::OK, Powers::None, &page)
    }

    /// The page in place of one that cannot be shown.
    #[must_use]
    pub fn fault(&self, language: Language, fault: Fault) -> HttpResponse {
        let (status, title, text) = match fault {
            Fault::NotFound => (StatusCode::NOT_FOUND, "page-missing", "page-missing-text"),
            Fault::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "page-unavailable", "page-unavailable-text"),
        };
        self.notice(language, status, title, text)
    }

    pub(super) fn notice(&self, language: Language, status: StatusCode, title: &str, text: &str) -> HttpResponse {
        let frame = Frame::fixed(self, language, self.texts.get(language, title, &[]));
        let notice = Notice { text: frame.say(text), frame, is_done: status == StatusCode::OK };
        self.respond(status, Cache::Never, &notice)
    }
}
