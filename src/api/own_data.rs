//! Export, erasure and withdrawal of consent, for the caller's own data. Not part of the
//! specification: see docs/api.md. None of it requires accepted terms.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::account::openid_token;
use super::extract::Caller;
use super::json::Body;
use crate::error::{Error, ErrorKind};
use crate::service::{Accounts, Actor, Confirmations, Network, Origin, SelfService, Withdrawal};
use crate::texts::Language;

/// `GET /_matrix/identity/unstable/im.vouch/account/data`: exports the caller's data. Addresses are
/// masked unless the caller has proved and confirmed who they are.
pub(super) async fn export(
    self_service: Data<SelfService>,
    language: Language,
    caller: Caller,
) -> Result<HttpResponse, Error> {
    let actor = Actor::from(&*caller);
    let export = match self_service.export_own(&actor, language).await {
        Err(error) if matches!(error.kind(), ErrorKind::ProofRequired | ErrorKind::ConfirmationRequired) => {
            self_service.view(&actor).await?
        }
        export => export?,
    };
    Ok(HttpResponse::Ok().json(export))
}

/// `DELETE /_matrix/identity/unstable/im.vouch/account/data`: erases the caller's data, and returns
/// a signed receipt.
pub(super) async fn erase(
    self_service: Data<SelfService>,
    language: Language,
    caller: Caller,
) -> Result<HttpResponse, Error> {
    let receipt = self_service.erase_own(&Actor::from(&*caller), language).await?;
    Ok(HttpResponse::Ok().json(self_service.signed_receipt(&receipt)))
}

/// `POST /_matrix/identity/unstable/im.vouch/account/prove`: gives the caller's token a fresh proof
/// in exchange for an OpenID token.
pub(super) async fn prove(
    accounts: Data<Accounts>,
    from: Network,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, Error> {
    accounts.prove(&caller, &from, &openid_token(body).await?).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// `POST /_matrix/identity/unstable/im.vouch/account/confirm`: sends a link to one of the caller's
/// addresses, which confirms the caller's token.
pub(super) async fn confirm(
    confirmations: Data<Confirmations>,
    from: Network,
    language: Language,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, Error> {
    let id = body.params_if_any().await?.optional_string("id")?;
    confirmations.send(&Actor::from(&*caller), id.as_deref(), &from, language).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// `POST /_matrix/identity/unstable/im.vouch/account/erasure`: has the caller's data erased in
/// three days, unless somebody stops that.
pub(super) async fn request_erasure(
    self_service: Data<SelfService>,
    language: Language,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, Error> {
    body.params_if_any().await?;
    let pending = self_service.request_erasure(&Actor::from(&*caller), language).await?;
    Ok(HttpResponse::Accepted().json(pending))
}

/// `DELETE /_matrix/identity/unstable/im.vouch/account/erasure`: cancels that request.
pub(super) async fn cancel_erasure(self_service: Data<SelfService>, caller: Caller) -> Result<HttpResponse, Error> {
    if self_service.cancel_erasure(&Actor::from(&*caller)).await? {
        return Ok(HttpResponse::Ok().json(json!({})));
    }
    Err(Error::not_found("No erasure is pending"))
}

/// `POST /_matrix/identity/unstable/im.vouch/terms/withdraw`: withdraws the caller's consent to
/// some or all policies.
pub(super) async fn withdraw(accounts: Data<Accounts>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let policies = body.params().await?.optional_strings("policies")?;
    accounts.withdraw_terms(&caller.mxid, policies.map_or(Withdrawal::All, Withdrawal::Of), Origin::Api).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
