//! Pages with a single message: the outcomes of a validation, and faults.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use ruma_common::OwnedUserId;
use url::Url;

use super::layout::Layout;
use super::{Powers, View};
use crate::identity::session::NextLink;

/// The outcome of a validation link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validation {
    /// The address is now validated.
    Proved,
    /// The address had been validated before.
    AlreadyDone,
    /// The session has expired.
    Expired,
    /// There is no such session, or it has another token.
    WrongLink,
    /// The code in a text has expired, or there were too many attempts.
    CodeExpired,
    /// There is no such session, or it has another code.
    WrongCode,
}

/// The user who asked for an address to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AskedBy {
    /// The Matrix ID.
    pub mxid: OwnedUserId,
    /// The page on which the reader can say that it was not them.
    pub cancel: Url,
}

/// The reason why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such page.
    NotFound,
    /// The page exists, but not for this method.
    WrongMethod,
    /// The server is temporarily unavailable.
    Unavailable,
    /// The reader has opened such pages too often.
    TooOften,
}

#[derive(Template)]
#[template(path = "pages/notice.html")]
struct Notice<'a> {
    layout: Layout<'a>,
    text: &'static str,
    is_done: bool,
}

/// A confirmed address: what comes next, and who asked for it.
#[derive(Template)]
#[template(path = "pages/validated.html")]
struct Confirmed<'a> {
    layout: Layout<'a>,
    text: &'static str,
    asked_by: Option<&'a AskedBy>,
    mxid: String,
    /// The link and name of the page that the reader can continue to.
    next: Option<(&'a str, String)>,
}

impl View {
    /// Shows the outcome of a validation link. Its URL holds secrets, so there is no link to it in
    /// other languages. Only a reader who has all the secrets learns who asked and where to
    /// continue.
    pub(super) fn validated(
        &self,
        outcome: Validation,
        asked_by: Option<&AskedBy>,
        next: Option<&NextLink>,
    ) -> HttpResponse {
        let (status, title, text) = match outcome {
            Validation::Proved => (StatusCode::OK, "page-validated", "page-validated-text"),
            Validation::AlreadyDone => (StatusCode::OK, "page-validated-again", "page-validated-again-text"),
            Validation::Expired => (StatusCode::BAD_REQUEST, "page-validated-expired", "page-validated-expired-text"),
            Validation::WrongLink => (StatusCode::NOT_FOUND, "page-validated-wrong", "page-validated-wrong-text"),
            Validation::CodeExpired => (StatusCode::BAD_REQUEST, "page-code-expired", "page-code-expired-text"),
            Validation::WrongCode => (StatusCode::NOT_FOUND, "page-code-wrong", "page-code-wrong-text"),
        };
        if status != StatusCode::OK {
            return self.notice(status, title, text);
        }
        let mxid = asked_by.map(|asked| self.say_with("mail-matrix-id", "mxid", asked.mxid.as_str()));
        let (mxid, layout) = (mxid.unwrap_or_default(), Layout::fixed(self, title));
        let next = next.map(|next| (next.as_str(), self.say_with("page-validated-continue", "host", next.host())));
        let page = Confirmed { layout, text, asked_by, mxid, next };
        self.personal(status, Powers::None, &page)
    }

    /// Shows a page in place of one that cannot be shown.
    #[must_use]
    pub fn fault(&self, fault: Fault) -> HttpResponse {
        let (status, title, text) = match fault {
            Fault::NotFound => (StatusCode::NOT_FOUND, "page-missing", "page-missing-text"),
            Fault::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "page-wrong-method", "page-wrong-method-text"),
            Fault::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "page-unavailable", "page-unavailable-text"),
            Fault::TooOften => (StatusCode::TOO_MANY_REQUESTS, "page-too-often", "page-too-often-text"),
        };
        self.notice(status, title, text)
    }

    /// Shows a single message.
    pub(super) fn notice(&self, status: StatusCode, title: &str, text: &'static str) -> HttpResponse {
        let notice = Notice { layout: Layout::fixed(self, title), text, is_done: status == StatusCode::OK };
        self.personal(status, Powers::None, &notice)
    }
}
