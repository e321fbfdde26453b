//! The forms of `/you`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::{
    ACCEPTED, ALL_UNBOUND, LINK_NOT_SENT, LINK_SENT, LOCKED, NOT_BOUND, OUTDATED, Person, SIGNED_OUT, TOO_MANY_LINKS,
    UNBOUND, WITHDRAWN,
};
use crate::error::ErrorKind;
use crate::notify::emails::Remover;
use crate::pages::View;
use crate::pages::failure::Failure;
use crate::pages::session::{Nothing, Submitted};
use crate::service::{Accounts, Bindings, Confirmations, Network, Origin, SelfService, Shown, WebSessions, Withdrawal};

/// The policy to which consent is withdrawn; without one, all.
#[derive(Deserialize)]
pub(super) struct Withdrawn {
    policy: Option<String>,
}

/// The id of an address of the person.
#[derive(Deserialize)]
pub(super) struct Chosen {
    id: String,
}

/// `POST /you/accept`
pub(super) async fn accept(
    accounts: web::Data<Accounts>,
    view: View,
    Submitted(person, shown): Submitted<Person, Shown>,
) -> Result<HttpResponse, Failure> {
    match accounts.give_consent(&person.actor(), &shown).await {
        Ok(is_given) => Ok(view.said(if is_given { ACCEPTED } else { OUTDATED })),
        Err(error) => view.busy(&person, None, error),
    }
}

/// `POST /you/withdraw`
pub(super) async fn withdraw(
    accounts: web::Data<Accounts>,
    view: View,
    Submitted(person, form): Submitted<Person, Withdrawn>,
) -> Result<HttpResponse, Failure> {
    let which = form.policy.map_or(Withdrawal::All, |policy| Withdrawal::Of(vec![policy]));
    match accounts.withdraw_terms(&person.mxid, which, Origin::Page).await {
        Err(error) if error.is_refusal() => Err(Failure::Refused),
        withdrawn => Ok(withdrawn.map(|()| view.said(WITHDRAWN))?),
    }
}

/// `POST /you/unbind`
pub(super) async fn unbind(
    bindings: web::Data<Bindings>,
    self_service: web::Data<SelfService>,
    view: View,
    Submitted(person, form): Submitted<Person, Chosen>,
) -> Result<HttpResponse, Failure> {
    let is_unbound = removed(&bindings, &self_service, &view, &person, Some(&form.id)).await?;
    Ok(view.said(is_unbound.map_or(LOCKED, |is_unbound| if is_unbound { UNBOUND } else { NOT_BOUND })))
}

/// `POST /you/confirm`
pub(super) async fn confirm(
    confirmations: web::Data<Confirmations>,
    from: Network,
    view: View,
    Submitted(person, form): Submitted<Person, Chosen>,
) -> Result<HttpResponse, Failure> {
    let Err(error) = confirmations.send(&person.actor(), Some(&form.id), &from, view.language()).await else {
        return Ok(view.said(LINK_SENT));
    };
    match error.kind() {
        ErrorKind::NotFound => Ok(view.said(NOT_BOUND)),
        ErrorKind::DestinationRejected => Ok(view.said(LINK_NOT_SENT)),
        ErrorKind::LimitExceeded => Ok(view.said(TOO_MANY_LINKS)),
        _ => Err(error.into()),
    }
}

/// `POST /you/unbind-all`
pub(super) async fn unbind_all(
    bindings: web::Data<Bindings>,
    self_service: web::Data<SelfService>,
    view: View,
    Submitted(person, Nothing {}): Submitted<Person, Nothing>,
) -> Result<HttpResponse, Failure> {
    let is_allowed = removed(&bindings, &self_service, &view, &person, None).await?.is_some();
    Ok(view.said(if is_allowed { ALL_UNBOUND } else { LOCKED }))
}

/// Unbinds the person's address with this id, or all; returns whether there was one, or `None` if
/// one of them is not confirmed. Nothing is unbound in that case.
async fn removed(
    bindings: &Bindings,
    self_service: &SelfService,
    view: &View,
    person: &Person,
    id: Option<&str>,
) -> Result<Option<bool>, Failure> {
    let addresses = match self_service.unbindable(&person.actor(), id).await {
        Err(error) if error.kind() == ErrorKind::ConfirmationRequired => return Ok(None),
        addresses => addresses?,
    };
    let mut is_any = false;
    for address in addresses {
        is_any |= bindings.unbind_address(&address, &person.mxid, Remover::User, view.language()).await?;
    }
    Ok(Some(is_any))
}

/// `POST /you/sign-out-everywhere`
pub(super) async fn sign_out_everywhere(
    self_service: web::Data<SelfService>,
    view: View,
    Submitted(person, Nothing {}): Submitted<Person, Nothing>,
) -> Result<HttpResponse, Failure> {
    self_service.log_out_everywhere(&person.mxid, &person.session).await?;
    Ok(view.said(SIGNED_OUT))
}

/// `POST /you/sign-out`
pub(super) async fn sign_out(
    web_sessions: web::Data<WebSessions>,
    view: View,
    Submitted(person, Nothing {}): Submitted<Person, Nothing>,
) -> Result<HttpResponse, Failure> {
    web_sessions.end(&person.session).await?;
    Ok(view.end_session("/you/left"))
}
