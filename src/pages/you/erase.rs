//! `/you/erase`: the data that will be erased, the confirmation, and the receipt. Somebody who has
//! not confirmed their addresses can have everything erased three days later.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use askama::Template;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;

use super::{ERASURE_REQUESTED, ERASURE_STOPPED, LOCKED, Person, TOO_MANY_ERASURES, with_fresh_proof};
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::http::state;
use crate::pages::failure::Failure;
use crate::pages::layout::Layout;
use crate::pages::session::{Extraction, Nothing, Submitted};
use crate::pages::sign_in::Errand;
use crate::pages::timestamp::Timestamp;
use crate::pages::{Powers, View};
use crate::service::{Erased, Export, PendingErasure, Receipt, SelfService, WebSessions};

/// The typed confirmation.
#[derive(Deserialize)]
struct Confirmation {
    confirmation: String,
}

/// Somebody who has just proved who they are and typed their Matrix ID, or the page that asks for
/// it again.
pub(super) struct Certain(Result<Person, HttpResponse>);

impl FromRequest for Certain {
    type Error = Failure;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let submitted = Submitted::<Person, Confirmation>::from_request(request, payload);
        let (web_sessions, self_service) =
            (state::<WebSessions>(request).clone(), state::<SelfService>(request).clone());
        let (config, view) = (state::<Config>(request).clone(), View::from(request));
        Box::pin(async move {
            let Submitted(person, form) = submitted.await?;
            let person = with_fresh_proof(&web_sessions, Ok(person), Errand::Erase)?;
            if form.confirmation.trim() == person.mxid.as_str() {
                return Ok(Self(Ok(person)));
            }
            let typed = Some(form.confirmation.as_str());
            Ok(Self(Err(question(&self_service, &config, &view, &person, typed).await?)))
        })
    }
}

#[derive(Template)]
#[template(path = "pages/you_erase.html")]
struct Question<'a> {
    layout: Layout<'a>,
    mxid: &'a str,
    form_token: &'a str,
    /// The data that will be removed, one sentence each.
    losses: Vec<String>,
    kept: String,
    /// The text typed instead of the Matrix ID.
    typed: Option<&'a str>,
    /// True if it happens later, because the addresses are not confirmed.
    is_later: bool,
    /// The erasure that has already been requested.
    pending: Option<Pending>,
}

/// A requested erasure.
pub(super) struct Pending {
    pub requested: Timestamp,
    pub due: Timestamp,
}

#[derive(Template)]
#[template(path = "pages/you_erased.html")]
struct Done<'a> {
    layout: Layout<'a>,
    lead: String,
    mxid: &'a str,
    at: Timestamp,
    /// The removed data, one sentence each.
    removed: Vec<String>,
    kept: Option<(String, Timestamp)>,
    json: String,
    json_in_base64: String,
}

/// `GET /you/erase`
pub(super) async fn ask(
    web_sessions: web::Data<WebSessions>,
    self_service: web::Data<SelfService>,
    config: web::Data<Config>,
    view: View,
    person: Result<Person, Failure>,
) -> Result<HttpResponse, Failure> {
    let person = with_fresh_proof(&web_sessions, person, Errand::Erase)?;
    question(&self_service, &config, &view, &person, None).await
}

/// `POST /you/erase`, the form of that page.
pub(super) async fn erase(
    self_service: web::Data<SelfService>,
    config: web::Data<Config>,
    view: View,
    Certain(person): Certain,
) -> Result<HttpResponse, Failure> {
    let person = match person {
        Ok(person) => person,
        Err(page) => return Ok(page),
    };
    let receipt = match self_service.erase_own(&person.actor(), view.language()).await {
        Ok(receipt) => receipt,
        Err(error) => return unproved(&view, error),
    };
    let signed = serde_json::to_string_pretty(&self_service.signed_receipt(&receipt)).unwrap_or_default();
    let mut response = view.erased(config.server.name.as_str(), &receipt, signed);
    view.forget_session(&mut response);
    Ok(response)
}

/// `POST /you/erase-later`, the form of that page for somebody who has not confirmed their
/// addresses.
pub(super) async fn erase_later(
    self_service: web::Data<SelfService>,
    view: View,
    Certain(person): Certain,
) -> Result<HttpResponse, Failure> {
    let person = match person {
        Ok(person) => person,
        Err(page) => return Ok(page),
    };
    match self_service.request_erasure(&person.actor(), view.language()).await {
        Ok(_) => Ok(view.said(ERASURE_REQUESTED)),
        Err(error) => unproved(&view, error),
    }
}

/// `POST /you/keep`: stops a requested erasure.
pub(super) async fn keep(
    web_sessions: web::Data<WebSessions>,
    self_service: web::Data<SelfService>,
    view: View,
    Submitted(person, Nothing {}): Submitted<Person, Nothing>,
) -> Result<HttpResponse, Failure> {
    let person = with_fresh_proof(&web_sessions, Ok(person), Errand::Erase)?;
    match self_service.cancel_erasure(&person.actor()).await {
        Ok(_) => Ok(view.said(ERASURE_STOPPED)),
        Err(error) => unproved(&view, error),
    }
}

/// Returns the page for somebody whose proof or confirmation is no longer valid.
fn unproved(view: &View, error: Error) -> Result<HttpResponse, Failure> {
    match error.kind() {
        ErrorKind::ProofRequired => Err(Failure::ProofRequired(Errand::Erase)),
        ErrorKind::ConfirmationRequired => Ok(view.said(LOCKED)),
        ErrorKind::LimitExceeded => Ok(view.said(TOO_MANY_ERASURES)),
        _ => Err(error.into()),
    }
}

async fn question(
    self_service: &SelfService,
    config: &Config,
    view: &View,
    person: &Person,
    typed: Option<&str>,
) -> Result<HttpResponse, Failure> {
    let held = match self_service.view(&person.actor()).await {
        Ok(held) => held,
        Err(error) => return view.busy(person, None, error),
    };
    let span = view.texts.span(view.language(), config.retention.consent);
    Ok(view.erase_question(&held, &person.session.form_token, &span, typed))
}

impl View {
    /// Says what an erasure will remove, and asks for the Matrix ID to be typed.
    pub(super) fn erase_question(
        &self,
        held: &Export,
        form_token: &str,
        consents_kept: &str,
        typed: Option<&str>,
    ) -> HttpResponse {
        let (status, title) = match typed {
            Some(_) => (StatusCode::BAD_REQUEST, "page-you-erase-wrong-title"),
            None => (StatusCode::OK, "page-you-erase-title"),
        };
        let question = Question {
            layout: Layout::switchable(self, title),
            mxid: held.user_id.as_str(),
            form_token,
            losses: self.removed(&held.to_be_erased()),
            kept: self.say_with("page-you-erase-kept", "span", consents_kept),
            typed,
            is_later: !held.can_erase,
            pending: held.erasure.map(|erasure| self.pending(erasure)),
        };
        self.personal(status, Powers::Forms, &question)
    }

    /// Says when a requested erasure was requested, and when it is carried out.
    pub(super) fn pending(&self, erasure: PendingErasure) -> Pending {
        Pending { requested: self.timestamp(erasure.requested_at), due: self.timestamp(erasure.due_at) }
    }

    /// Says what was erased, with the signed receipt.
    pub(super) fn erased(&self, server: &str, receipt: &Receipt, signed: String) -> HttpResponse {
        let kept = self.say_with("page-you-erased-kept", "count", receipt.consents);
        let done = Done {
            layout: Layout::fixed(self, "page-you-erased"),
            lead: self.say_with("page-you-erased-text", "server", server),
            mxid: receipt.user_id.as_str(),
            at: self.timestamp(receipt.erased_at),
            removed: self.removed(&receipt.erased),
            kept: (receipt.consents > 0).then(|| (kept, self.timestamp(receipt.consents_until))),
            json_in_base64: BASE64_STANDARD.encode(&signed),
            json: signed,
        };
        self.personal(StatusCode::OK, Powers::None, &done)
    }

    /// Returns the data that an erasure removes, in words.
    fn removed(&self, erased: &Erased) -> Vec<String> {
        let counts = [
            ("page-you-count-account", usize::from(erased.account)),
            ("page-you-count-bindings", erased.bindings),
            ("page-you-count-tokens", erased.access_tokens),
            ("page-you-count-sessions", erased.validation_sessions),
            ("page-you-count-invitations", erased.invitations),
            ("page-you-count-deliveries", erased.deliveries),
            ("page-you-count-visits", erased.web_sessions),
        ];
        let some = counts.into_iter().filter(|(_, count)| *count > 0);
        some.map(|(id, count)| self.say_with(id, "count", count)).collect()
    }
}
