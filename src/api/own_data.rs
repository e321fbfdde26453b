//! Export, erasure and withdrawal of consent, for the caller's own data. Not part of the
//! specification: see docs/api.md. None of it requires accepted terms.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::extract::{Caller, FreshCaller};
use super::json::Body;
use crate::error::Error;
use crate::service::{Accounts, SelfService, Withdrawal};

/// `GET /_matrix/identity/unstable/im.vouch/account/data`: exports the caller's data.
pub(super) async fn export(
    self_service: Data<SelfService>,
    FreshCaller(caller): FreshCaller,
) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(self_service.export_own(&caller.mxid).await?))
}

/// `DELETE /_matrix/identity/unstable/im.vouch/account/data`: erases the caller's data, and returns
/// a signed receipt.
pub(super) async fn erase(
    self_service: Data<SelfService>,
    FreshCaller(caller): FreshCaller,
) -> Result<HttpResponse, Error> {
    let receipt = self_service.erase_user(&caller.mxid).await?;
    Ok(HttpResponse::Ok().json(self_service.signed_receipt(&receipt)))
}

/// `POST /_matrix/identity/unstable/im.vouch/terms/withdraw`: withdraws the caller's consent to
/// some or all policies.
pub(super) async fn withdraw(accounts: Data<Accounts>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let policies = body.params().await?.optional_strings("policies")?;
    accounts.withdraw_terms(&caller.mxid, policies.map_or(Withdrawal::All, Withdrawal::Of)).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
