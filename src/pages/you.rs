//! What is held about somebody, for that person.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::frame::Frame;
use super::{Fault, Powers, Site, sign_in, visit};
use crate::service::{Subject, Visit, Vouch};

#[derive(Template)]
#[template(path = "pages/you.html")]
struct You<'a> {
    frame: Frame<'a>,
    visit: &'a Visit,
}

/// `GET /you`
pub(super) async fn page(vouch: web::Data<Vouch>, site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let language = site.language(&request);
    match visit::current(&vouch, &site, &request).await {
        Ok(Some(visit)) => match &visit.subject {
            Subject::User(mxid) => {
                let frame = Frame::fixed(&site, language, mxid.to_string());
                site.personal(StatusCode::OK, Powers::Forms, &You { frame, visit: &visit })
            }
            Subject::Address(_) => sign_in::page(&site, &request),
        },
        Ok(None) => sign_in::page(&site, &request),
        Err(_) => site.fault(language, Fault::Unavailable),
    }
}
