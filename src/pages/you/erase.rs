//! `/you/erase`: what will be erased, the question, and the receipt.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;

use super::Person;
use crate::pages::frame::Frame;
use crate::pages::moment::Moment;
use crate::pages::{Powers, Site};
use crate::service::{Erased, Export, Receipt, Vouch};
use crate::texts::Language;

/// The typed confirmation.
#[derive(Deserialize)]
pub(super) struct Confirmation {
    confirmation: String,
}

#[derive(Template)]
#[template(path = "pages/you_erase.html")]
struct Question<'a> {
    frame: Frame<'a>,
    mxid: &'a str,
    form_token: &'a str,
    /// What will be removed: a sentence each.
    losses: Vec<String>,
    kept: String,
    /// What was typed instead of the Matrix ID.
    typed: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "pages/you_erased.html")]
struct Done<'a> {
    frame: Frame<'a>,
    lead: String,
    mxid: &'a str,
    at: Moment,
    /// What was removed: a sentence each.
    removed: Vec<String>,
    kept: Option<(String, Moment)>,
    json: String,
    json_in_base64: String,
}

/// `GET /you/erase`
pub(super) async fn ask(vouch: web::Data<Vouch>, site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let language = site.language(&request);
    match Person::current(&vouch, &site, &request).await {
        Ok(Some(person)) if vouch.is_fresh(person.visit.proved_at) => {
            question(&vouch, &site, language, &person, None).await
        }
        Ok(_) => site.see_other(&site.localized("/you?for=erase", language)),
        Err(error) => site.failed(language, &error),
    }
}

/// `POST /you/erase`, the form of that page.
pub(super) async fn erase(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let (person, form) = match Person::submitted::<Confirmation>(&vouch, &site, &request, payload).await {
        Ok(submitted) => submitted,
        Err(answer) => return answer,
    };
    if !vouch.is_fresh(person.visit.proved_at) {
        return site.see_other(&site.localized("/you?for=erase", language));
    }
    if form.confirmation.trim() != person.mxid.as_str() {
        return question(&vouch, &site, language, &person, Some(&form.confirmation)).await;
    }
    match vouch.erase_user(&person.mxid).await {
        Ok(receipt) => {
            let signed = serde_json::to_string_pretty(&vouch.signed_receipt(&receipt)).unwrap_or_default();
            let mut response = site.erased(language, vouch.config.server.name.as_str(), &receipt, signed);
            site.forget_visit(&mut response);
            response
        }
        Err(error) => site.failed(language, &error),
    }
}

async fn question(
    vouch: &Vouch,
    site: &Site,
    language: Language,
    person: &Person,
    typed: Option<&str>,
) -> HttpResponse {
    match vouch.export(&person.mxid).await {
        Ok(held) => {
            let span = site.texts.span(language, vouch.config.retention.consent);
            site.erase_question(language, &held, &person.visit.form_token, &span, typed)
        }
        Err(error) => site.failed(language, &error),
    }
}

impl Site {
    /// The page that says what an erasure will remove, and asks for the Matrix ID to be typed.
    pub(super) fn erase_question(
        &self,
        language: Language,
        held: &Export,
        form_token: &str,
        consents_kept: &str,
        typed: Option<&str>,
    ) -> HttpResponse {
        let title = if typed.is_some() { "page-you-erase-wrong-title" } else { "page-you-erase-title" };
        let frame = Frame::switchable(self, language, self.texts.get(language, title, &[]));
        let question = Question {
            frame,
            mxid: held.user_id.as_str(),
            form_token,
            losses: self.removed(language, &held.to_be_erased()),
            kept: self.texts.get(language, "page-you-erase-kept", &[("span", consents_kept.into())]),
            typed,
        };
        let status = if typed.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        self.personal(status, Powers::Forms, &question)
    }

    /// The page that says what was erased, with the signed receipt.
    pub(super) fn erased(&self, language: Language, server: &str, receipt: &Receipt, signed: String) -> HttpResponse {
        let frame = Frame::fixed(self, language, self.texts.get(language, "page-you-erased", &[]));
        let consents = [("count", receipt.consents.into())];
        let kept = self.texts.get(language, "page-you-erased-kept", &consents);
        let done = Done {
            lead: self.texts.get(language, "page-you-erased-text", &[("server", server.into())]),
            frame,
            mxid: receipt.user_id.as_str(),
            at: self.moment(language, receipt.erased_at),
            removed: self.removed(language, &receipt.erased),
            kept: (receipt.consents > 0).then(|| (kept, self.moment(language, receipt.consents_until))),
            json_in_base64: BASE64_STANDARD.encode(&signed),
            json: signed,
        };
        self.personal(StatusCode::OK, Powers::None, &done)
    }

    /// What an erasure removes, in words.
    fn removed(&self, language: Language, erased: &Erased) -> Vec<String> {
        let counts = [
            ("page-you-count-account", usize::from(erased.account)),
            ("page-you-count-bindings", erased.bindings),
            ("page-you-count-tokens", erased.access_tokens),
            ("page-you-count-sessions", erased.validation_sessions),
            ("page-you-count-invitations", erased.invitations),
            ("page-you-count-deliveries", erased.deliveries),
            ("page-you-count-visits", erased.visits),
        ];
        let some = counts.into_iter().filter(|(_, count)| *count > 0);
        some.map(|(id, count)| self.texts.get(language, id, &[("count", count.into())])).collect()
    }
}
