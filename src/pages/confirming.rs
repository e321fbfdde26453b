//! The page behind a validation link.
//!
//! In the specification, opening the link proves the address. Browsers that prefetch pages, and
//! previews of links, get a button instead; so does everybody if the operator wants that, because
//! mail scanners open links without saying so.
//!
//! As on the page behind a “this wasn’t me” link, the secrets in the form are the whole proof, so
//! it needs no other token.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::form::Form;
use super::layout::Layout;
use super::notices::{AskedBy, Validation};
use super::{Fault, Powers, View};
use crate::error::{Error, ErrorKind};
use crate::http::{NO_STORE, Query, is_ahead_of_its_user};
use crate::identity::session::{ClientSecret, NextLink, Sid};
use crate::identity::threepid::Medium;
use crate::service::{self, Disputes, Submission};

/// The parameters of a validation link.
const FIELDS: [&str; 3] = ["sid", "client_secret", "token"];

/// The button, pressed.
#[derive(Deserialize)]
pub(super) struct Pressed {
    medium: String,
    sid: String,
    client_secret: String,
    token: String,
}

#[derive(Template)]
#[template(path = "pages/confirm.html")]
struct Question<'a> {
    layout: Layout<'a>,
    medium: &'static str,
    fields: Vec<(&'static str, String)>,
}

/// The result of a link or its button, and the page that its reader continues to.
struct Outcome {
    said: Validation,
    asked_by: Option<AskedBy>,
    next: Option<NextLink>,
    is_told_first: bool,
}

/// Opens a validation link, on behalf of the API, of which it is a part.
pub async fn open_link(
    validation: &service::Validation,
    disputes: &Disputes,
    view: &View,
    request: &HttpRequest,
    medium: Medium,
) -> HttpResponse {
    let query = Query::from(request);
    let field = |name| query.get(name).unwrap_or_default().into_owned();
    let is_early = is_ahead_of_its_user(request);
    if is_early || validation.needs_button() {
        // Browsers discard prefetched pages unless the status is a success.
        let status = if is_early { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        let layout = Layout::fixed(view, "page-confirm");
        let fields = FIELDS.map(|name| (name, field(name))).to_vec();
        return view.personal(status, Powers::Forms, &Question { layout, medium: medium.as_str(), fields });
    }
    let [sid, client_secret, token] = FIELDS.map(field);
    match submit(validation, disputes, view, medium, (sid, client_secret, token)).await {
        Ok(Outcome { next: Some(next), is_told_first: false, .. }) => {
            HttpResponse::Found().insert_header((header::LOCATION, next.as_str())).insert_header(NO_STORE).finish()
        }
        Ok(outcome) => view.outcome(&outcome),
        Err(fault) => view.fault(fault),
    }
}

/// `POST /confirm`, the button of that page. Its answer links to the page that the reader continues
/// to, since some browsers do not follow a form to another site.
pub(super) async fn confirm(
    validation: web::Data<service::Validation>,
    disputes: web::Data<Disputes>,
    view: View,
    Form(form): Form<Pressed>,
) -> HttpResponse {
    let Some(Pressed { medium, sid, client_secret, token }) = form else { return view.fault(Fault::NotFound) };
    let medium = if medium == Medium::Msisdn.as_str() { Medium::Msisdn } else { Medium::Email };
    match submit(&validation, &disputes, &view, medium, (sid, client_secret, token)).await {
        Ok(outcome) => view.outcome(&outcome),
        Err(fault) => view.fault(fault),
    }
}

/// Takes the session's id, the client's secret and the token of a link.
async fn submit(
    validation: &service::Validation,
    disputes: &Disputes,
    view: &View,
    medium: Medium,
    (id, client_secret, token): (String, String, String),
) -> Result<Outcome, Fault> {
    let session =
        Sid::parse(id).and_then(|sid| Ok(Submission { sid, client_secret: ClientSecret::parse(client_secret)? }));
    let submitted = match &session {
        Ok(session) => validation.submit(None, medium, session, &token).await,
        Err(_) => Err(Error::no_valid_session()),
    };
    let said = match (&submitted, medium) {
        (Ok(submitted), _) if submitted.again => Validation::AlreadyDone,
        (Ok(_), _) => Validation::Proved,
        (Err(error), medium) => match (error.kind(), medium) {
            (ErrorKind::Unavailable | ErrorKind::Internal, _) => return Err(Fault::Unavailable),
            (ErrorKind::SessionExpired, Medium::Email) => Validation::Expired,
            (ErrorKind::SessionExpired, Medium::Msisdn) => Validation::CodeExpired,
            (_, Medium::Email) => Validation::WrongLink,
            (_, Medium::Msisdn) => Validation::WrongCode,
        },
    };
    let (Ok(submitted), Ok(session)) = (submitted, session) else {
        return Ok(Outcome { said, asked_by: None, next: None, is_told_first: false });
    };
    let cancel = || disputes.cancellation_link(session.sid.as_str(), view.language());
    let asked_by = submitted.asked_by.map(|mxid| AskedBy { mxid, cancel: cancel() });
    Ok(Outcome { said, asked_by, next: submitted.next_link, is_told_first: submitted.is_told_first })
}

impl View {
    fn outcome(&self, outcome: &Outcome) -> HttpResponse {
        self.validated(outcome.said, outcome.asked_by.as_ref(), outcome.next.as_ref())
    }
}
