//! The forms of `/you`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::{Person, Said};
use crate::identity::threepid::{Address, Medium};
use crate::pages::Site;
use crate::pages::visit::Nothing;
use crate::service::{Shown, Vouch, Withdrawal};

/// Which policy's consent is withdrawn; none: all.
#[derive(Deserialize)]
pub(super) struct Withdrawn {
    policy: Option<String>,
}

/// Which address is unbound.
#[derive(Deserialize)]
pub(super) struct Unbound {
    medium: String,
    address: String,
}

/// `POST /you/accept`
pub(super) async fn accept(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let (person, shown) = match Person::submitted::<Shown>(&vouch, &site, &request, payload).await {
        Ok(submitted) => submitted,
        Err(answer) => return answer,
    };
    match vouch.give_consent(&person.mxid, &shown).await {
        Ok(true) => site.said(language, Said::Accepted),
        Ok(false) => site.said(language, Said::Outdated),
        Err(error) => site.failed(language, &error),
    }
}

/// `POST /you/withdraw`
pub(super) async fn withdraw(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let (person, form) = match Person::submitted::<Withdrawn>(&vouch, &site, &request, payload).await {
        Ok(submitted) => submitted,
        Err(answer) => return answer,
    };
    let which = form.policy.map_or(Withdrawal::All, |policy| Withdrawal::Of(vec![policy]));
    match vouch.withdraw_terms(&person.mxid, which).await {
        Ok(()) => site.said(language, Said::Withdrawn),
        Err(error) if error.is_refusal() => site.refused(language),
        Err(error) => site.failed(language, &error),
    }
}

/// `POST /you/unbind`
pub(super) async fn unbind(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let (person, form) = match Person::submitted::<Unbound>(&vouch, &site, &request, payload).await {
        Ok(submitted) => submitted,
        Err(answer) => return answer,
    };
    let address = Medium::parse(&form.medium).and_then(|medium| Address::parse(medium, &form.address).ok());
    let Some(address) = address else { return site.refused(language) };
    match vouch.unbind_own(&person.mxid, &address, language).await {
        Ok(true) => site.said(language, Said::Unbound),
        Ok(false) => site.said(language, Said::NotBound),
        Err(error) => site.failed(language, &error),
    }
}

/// `POST /you/unbind-all`
pub(super) async fn unbind_all(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let (person, Nothing {}) = match Person::submitted(&vouch, &site, &request, payload).await {
        Ok(submitted) => submitted,
        Err(answer) => return answer,
    };
    match vouch.unbind_all_own(&person.mxid, language).await {
        Ok(()) => site.said(language, Said::AllUnbound),
        Err(error) => site.failed(language, &error),
    }
}

/// `POST /you/sign-out-everywhere`
pub(super) async fn sign_out_everywhere(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let (person, Nothing {}) = match Person::submitted(&vouch, &site, &request, payload).await {
        Ok(submitted) => submitted,
        Err(answer) => return answer,
    };
    match vouch.log_out_everywhere(&person.mxid, &person.visit).await {
        Ok(()) => site.said(language, Said::SignedOut),
        Err(error) => site.failed(language, &error),
    }
}

/// `POST /you/sign-out`
pub(super) async fn sign_out(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let (person, Nothing {}) = match Person::submitted(&vouch, &site, &request, payload).await {
        Ok(submitted) => submitted,
        Err(answer) => return answer,
    };
    match vouch.end_visit(&person.visit).await {
        Ok(()) => site.end_visit(&site.localized("/you/left", language)),
        Err(error) => site.failed(language, &error),
    }
}
