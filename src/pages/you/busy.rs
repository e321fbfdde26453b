//! The page that `/you` shows to somebody who has opened it too often. Others may have done so with
//! one of their tokens, so it still offers to sign out, here and everywhere.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::Person;
use crate::error::{Error, ErrorKind};
use crate::http::add_retry_after;
use crate::pages::failure::Failure;
use crate::pages::layout::Layout;
use crate::pages::said::Said;
use crate::pages::{Powers, View};

#[derive(Template)]
#[template(path = "pages/you_busy.html")]
struct Busy<'a> {
    layout: Layout<'a>,
    said: Option<String>,
    form_token: &'a str,
}

impl View {
    /// Shows that page if a limit is exceeded.
    pub(super) fn busy(&self, person: &Person, said: Option<Said>, error: Error) -> Result<HttpResponse, Failure> {
        if error.kind() != ErrorKind::LimitExceeded {
            return Err(error.into());
        }
        let mut page = self.busy_page(&person.session.form_token, said);
        add_retry_after(&mut page, &error);
        Ok(page)
    }

    pub(super) fn busy_page(&self, form_token: &str, said: Option<Said>) -> HttpResponse {
        let said = said.map(|said| self.say(said.text));
        let page = Busy { layout: Layout::fixed(self, "page-too-often"), said, form_token };
        self.personal(StatusCode::TOO_MANY_REQUESTS, Powers::Forms, &page)
    }
}
