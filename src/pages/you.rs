//! `/you`: what a person who has signed in with a Matrix account sees of his own data, and does about it.
//!
//! Whatever changes something is a form with the token of the visit, answered with 303 to this page, which says what was done by one of a few
//! [notices](Said) named in its query. To download or to erase everything, the proof has to be [fresh](Vouch::is_fresh): otherwise the
//! person signs in again first. Each thing is done for the Matrix ID of the visit, so that no form can name somebody else's.

mod actions;
mod erase;
mod view;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use ruma_common::OwnedUserId;
use serde::de::DeserializeOwned;

use super::{Fault, Site, hide, parameter, sign_in, visit};
use crate::error::Error;
use crate::service::{Subject, Visit, Vouch};
use crate::texts::Language;

/// Mounts these pages.
pub(super) fn routes(app: &mut web::ServiceConfig) {
    app.route("/you", web::get().to(page))
        .route("/you", web::head().to(page))
        .route("/you/export", web::get().to(export))
        .route("/you/accept", web::post().to(actions::accept))
        .route("/you/withdraw", web::post().to(actions::withdraw))
        .route("/you/unbind", web::post().to(actions::unbind))
        .route("/you/unbind-all", web::post().to(actions::unbind_all))
        .route("/you/sign-out-everywhere", web::post().to(actions::sign_out_everywhere))
        .route("/you/sign-out", web::post().to(actions::sign_out))
        .route("/you/left", web::get().to(left))
        .route("/you/erase", web::get().to(erase::ask))
        .route("/you/erase", web::head().to(erase::ask))
        .route("/you/erase", web::post().to(erase::erase));
}

/// Somebody who has signed in.
struct Person {
    mxid: OwnedUserId,
    visit: Visit,
}

impl Person {
    /// Whoever visits as the reader of an address has no Matrix ID to show anything of.
    fn of(visit: Visit) -> Option<Self> {
        let Subject::User(mxid) = &visit.subject else { return None };
        Some(Self { mxid: mxid.clone(), visit })
    }

    /// Who has signed in, if anybody.
    async fn current(vouch: &Vouch, site: &Site, request: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(visit::current(vouch, site, request).await?.and_then(Self::of))
    }

    /// Who has sent a form of these pages, and what it says; or the answer to what is no such form.
    async fn submitted<T: DeserializeOwned + 'static>(
        vouch: &Vouch,
        site: &Site,
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<(Self, T), HttpResponse> {
        let language = site.language(request);
        let sent = visit::submitted::<T>(vouch, site, request, payload).await;
        let sent = sent.map_err(|error| site.failed(language, &error))?;
        sent.and_then(|(visit, form)| Some((Self::of(visit)?, form))).ok_or_else(|| site.refused(language))
    }
}

/// What these pages say when they are opened after something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Accepted,
    Outdated,
    Withdrawn,
    Unbound,
    NotBound,
    AllUnbound,
    SignedOut,
    Ready,
    Later,
}

impl Said {
    const ALL: [Self; 9] = [
        Self::Accepted,
        Self::Outdated,
        Self::Withdrawn,
        Self::Unbound,
        Self::NotBound,
        Self::AllUnbound,
        Self::SignedOut,
        Self::Ready,
        Self::Later,
    ];

    /// As the query has it.
    const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Outdated => "outdated",
            Self::Withdrawn => "withdrawn",
            Self::Unbound => "unbound",
            Self::NotBound => "not-bound",
            Self::AllUnbound => "all-unbound",
            Self::SignedOut => "signed-out",
            Self::Ready => "ready",
            Self::Later => "later",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Accepted => "page-you-said-accepted",
            Self::Outdated => "page-you-said-outdated",
            Self::Withdrawn => "page-you-said-withdrawn",
            Self::Unbound => "page-you-said-unbound",
            Self::NotBound => "page-you-said-not-bound",
            Self::AllUnbound => "page-you-said-all-unbound",
            Self::SignedOut => "page-you-said-signed-out",
            Self::Ready => "page-you-said-ready",
            Self::Later => "page-you-said-later",
        }
    }

    /// Whether it is what the person wanted.
    const fn is_good(self) -> bool {
        !matches!(self, Self::Outdated | Self::NotBound | Self::Later)
    }

    fn of(request: &HttpRequest) -> Option<Self> {
        let name = parameter(request, "said")?;
        Self::ALL.into_iter().find(|said| said.name() == name)
    }
}

/// `GET /you`. With `?for=export` or `?for=erase` it is for whoever is sent here to prove anew who he is, and leads back.
async fn page(vouch: web::Data<Vouch>, site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let language = site.language(&request);
    let person = match Person::current(&vouch, &site, &request).await {
        Ok(Some(person)) => person,
        Ok(None) => return sign_in::page(&site, &request),
        Err(error) => return site.failed(language, &error),
    };
    let purpose = parameter(&request, "for");
    let said = match purpose.as_deref() {
        Some("export" | "erase") if !vouch.is_fresh(person.visit.proved_at) => return sign_in::page(&site, &request),
        Some("erase") => return site.see_other(&site.localized("/you/erase", language)),
        Some("export") => Some(Said::Ready),
        _ => Said::of(&request),
    };
    match vouch.export(&person.mxid).await {
        Ok(held) => site.overview(language, &person.visit.form_token, &held, &vouch.policies, said),
        Err(error) => site.failed(language, &error),
    }
}

/// `GET /you/export`
async fn export(vouch: web::Data<Vouch>, site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let language = site.language(&request);
    let person = match Person::current(&vouch, &site, &request).await {
        Ok(Some(person)) if vouch.is_fresh(person.visit.proved_at) => person,
        Ok(_) => return site.see_other(&site.localized("/you?for=export", language)),
        Err(error) => return site.failed(language, &error),
    };
    match vouch.export_own(&person.mxid).await {
        Ok(held) => {
            let mut response = HttpResponse::Ok();
            response
                .insert_header(("Content-Disposition", "attachment; filename=\"my-data.json\""))
                .insert_header(("Cache-Control", "no-store"))
                .insert_header(("X-Content-Type-Options", "nosniff"));
            let mut response = response.json(held);
            hide(&mut response);
            response
        }
        Err(error) => site.failed(language, &error),
    }
}

/// `GET /you/left`
async fn left(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let mut page = site.notice(site.language(&request), StatusCode::OK, "page-you-left", "page-you-left-text");
    hide(&mut page);
    page
}

impl Site {
    /// The path of a page in a language.
    fn localized(&self, path: &str, language: Language) -> String {
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{path}{sign}lang={}", self.texts.tag(language))
    }

    /// Leads back to `/you`, which then says that.
    fn said(&self, language: Language, said: Said) -> HttpResponse {
        self.see_other(&self.localized(&format!("/you?said={}", said.name()), language))
    }

    /// What could not be done for the moment.
    fn failed(&self, language: Language, error: &Error) -> HttpResponse {
        if error.status_code() == StatusCode::TOO_MANY_REQUESTS {
            return self.said(language, Said::Later);
        }
        self.fault(language, Fault::Unavailable)
    }

    /// The answer to a form that is of no visit, or of none of its pages.
    fn refused(&self, language: Language) -> HttpResponse {
        let mut page = self.notice(language, StatusCode::FORBIDDEN, "page-you-refused", "page-you-refused-text");
        hide(&mut page);
        page
    }
}

#[cfg(test)]
mod tests;
