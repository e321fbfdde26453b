//! `/you`: the data that somebody who has signed in with a Matrix account sees about themselves,
//! and what they can do with it.
//!
//! Every change is a form with the token of the web session. Its response redirects to this page,
//! which reports one of a few [outcomes](Said), named in the query. Addresses are masked until the
//! person follows a link that is sent to one of them. Downloading or erasing everything requires
//! that, and a [fresh proof](crate::service::WebSessions::has_proof), or the person must sign in
//! again first. Everything is done for the Matrix ID of the session, so no form can name anybody
//! else's.

mod actions;
mod busy;
mod erase;
mod view;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev, web};
use ruma_common::OwnedUserId;

use super::failure::Failure;
use super::form::is_opened;
use super::routes::at;
use super::said::Said;
use super::session::{Extraction, SessionToken, Visitor};
use super::sign_in::Errand;
use super::{View, hide};
use crate::error::ErrorKind;
use crate::http::{NO_STORE, Query, get, get_without_head, post};
use crate::service::{Actor, Need, SelfService, Subject, WebSession, WebSessions};

/// Mounts these pages.
pub(super) fn routes(app: &mut web::ServiceConfig) {
    app.service(at("/you", [get(page)]))
        .service(at("/you/export", [get_without_head(export)]))
        .service(at("/you/accept", [post(actions::accept)]))
        .service(at("/you/withdraw", [post(actions::withdraw)]))
        .service(at("/you/unbind", [post(actions::unbind)]))
        .service(at("/you/unbind-all", [post(actions::unbind_all)]))
        .service(at("/you/sign-out-everywhere", [post(actions::sign_out_everywhere)]))
        .service(at("/you/sign-out", [post(actions::sign_out)]))
        .service(at("/you/confirm", [post(actions::confirm)]))
        .service(at("/you/left", [get(left)]))
        .service(at("/you/erase", [get(erase::ask), post(erase::erase)]))
        .service(at("/you/erase-later", [post(erase::erase_later)]))
        .service(at("/you/keep", [post(erase::keep)]));
}

/// Somebody who has signed in.
pub(super) struct Person {
    mxid: OwnedUserId,
    session: WebSession,
}

impl Visitor for Person {
    fn from_session(session: WebSession) -> Option<Self> {
        let Subject::User(mxid) = &session.subject else { return None };
        Some(Self { mxid: mxid.clone(), session })
    }

    fn missing() -> Failure {
        Failure::NotSignedIn
    }

    fn refused() -> Failure {
        Failure::Refused
    }
}

impl FromRequest for Person {
    type Error = Failure;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        Box::pin(SessionToken::from(request).visitor())
    }
}

impl Person {
    /// Returns the actor on whose behalf this person acts.
    fn actor(&self) -> Actor {
        Actor::of_session(self.mxid.clone(), &self.session)
    }
}

/// Returns the person if they have signed in within the last minutes, and have not used that proof
/// yet.
///
/// # Errors
/// [`Failure::ProofRequired`] otherwise.
fn with_fresh_proof(
    web_sessions: &WebSessions,
    person: Result<Person, Failure>,
    errand: Errand,
) -> Result<Person, Failure> {
    match person {
        Ok(person) if web_sessions.has_proof(&person.session) => Ok(person),
        Ok(_) | Err(Failure::NotSignedIn) => Err(Failure::ProofRequired(errand)),
        Err(failure) => Err(failure),
    }
}

const ACCEPTED: Said = Said::done("accepted", "page-you-said-accepted");
const OUTDATED: Said = Said::not_done("outdated", "page-you-said-outdated");
const WITHDRAWN: Said = Said::done("withdrawn", "page-you-said-withdrawn");
const UNBOUND: Said = Said::done("unbound", "page-you-said-unbound");
const NOT_BOUND: Said = Said::not_done("not-bound", "page-you-said-not-bound");
const ALL_UNBOUND: Said = Said::done("all-unbound", "page-you-said-all-unbound");
const SIGNED_OUT: Said = Said::done("signed-out", "page-you-said-signed-out");
const READY: Said = Said::done("ready", "page-you-said-ready");
const LATER: Said = Said::not_done("later", "page-you-said-later");
const LINK_SENT: Said = Said::done("link-sent", "page-you-said-link-sent");
const LINK_NOT_SENT: Said = Said::not_done("link-not-sent", "page-you-said-link-not-sent");
const TOO_MANY_LINKS: Said = Said::not_done("too-many-links", "page-you-said-too-many-links");
const LOCKED: Said = Said::not_done("locked", "page-you-said-locked");
const ERASURE_REQUESTED: Said = Said::done("erasure-requested", "page-you-said-erasure-requested");
const ERASURE_STOPPED: Said = Said::done("erasure-stopped", "page-you-said-erasure-stopped");
const TOO_MANY_ERASURES: Said = Said::not_done("too-many-erasures", "page-you-said-too-many-erasures");
/// The outcomes that these pages can report.
const SAYINGS: [Said; 16] = [
    ACCEPTED,
    OUTDATED,
    WITHDRAWN,
    UNBOUND,
    NOT_BOUND,
    ALL_UNBOUND,
    SIGNED_OUT,
    READY,
    LATER,
    LINK_SENT,
    LINK_NOT_SENT,
    TOO_MANY_LINKS,
    LOCKED,
    ERASURE_REQUESTED,
    ERASURE_STOPPED,
    TOO_MANY_ERASURES,
];

fn said_in(query: &Query) -> Option<Said> {
    Said::named(&query.get("said")?, &SAYINGS)
}

/// `GET /you`. With `?for=export` or `?for=erase`, it asks for a fresh proof and then continues.
async fn page(
    web_sessions: web::Data<WebSessions>,
    self_service: web::Data<SelfService>,
    view: View,
    person: Person,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let said = match Errand::of(&query) {
        Errand::Look => said_in(&query),
        _ if !web_sessions.has_proof(&person.session) => return Err(Failure::NotSignedIn),
        Errand::Erase => return Ok(view.see_other("/you/erase")),
        Errand::Export => Some(READY),
    };
    let held = match self_service.view(&person.actor()).await {
        Ok(held) => held,
        Err(error) => return view.busy(&person, said, error),
    };
    let is_locked = held.needs.contains(&Need::Confirmation);
    let said = said.map(|said| if said == READY && is_locked { LOCKED } else { said });
    Ok(view.overview(&person.session.form_token, &held, &view.policies, said))
}

/// `GET /you/export`
async fn export(
    web_sessions: web::Data<WebSessions>,
    self_service: web::Data<SelfService>,
    view: View,
    request: HttpRequest,
    person: Result<Person, Failure>,
) -> Result<HttpResponse, Failure> {
    if !is_opened(&request) {
        return Ok(view.see_other("/you"));
    }
    let person = with_fresh_proof(&web_sessions, person, Errand::Export)?;
    let held = match self_service.export_own(&person.actor(), view.language()).await {
        Ok(held) => held,
        Err(error) => match error.kind() {
            ErrorKind::LimitExceeded => return Ok(view.said(LATER)),
            ErrorKind::ConfirmationRequired => return Ok(view.said(LOCKED)),
            ErrorKind::ProofRequired => return Err(Failure::ProofRequired(Errand::Export)),
            _ => return Err(error.into()),
        },
    };
    let mut response = HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""))
        .insert_header(NO_STORE)
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .json(held);
    hide(&mut response);
    Ok(response)
}

/// `GET /you/left`
async fn left(view: View) -> HttpResponse {
    view.notice(StatusCode::OK, "page-you-left", "page-you-left-text")
}

impl View {
    /// Redirects to `/you`, which then reports this outcome.
    fn said(&self, said: Said) -> HttpResponse {
        self.see_other(&format!("/you?said={}", said.name))
    }
}

#[cfg(test)]
mod tests;
