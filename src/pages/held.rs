//! The data stored about an address, for anyone who reads its messages, and what they can do about
//! it.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev, web};
use askama::Template;
use serde::Deserialize;

use super::entry::{Entry, party_name, shown_address};
use super::failure::Failure;
use super::layout::Layout;
use super::said::Said;
use super::session::{Extraction, SessionToken, Submitted, Visitor};
use super::timestamp::Timestamp;
use super::{Cache, Powers, View, hide, secure};
use crate::http::Query;
use crate::identity::threepid::Address;
use crate::service::{AddressExport, Objections, Objector, SelfService, Subject, WebSession, WebSessions};

/// A button, pressed.
#[derive(Deserialize)]
pub(super) struct Wish {
    action: Action,
    /// The check box that confirms an erasure.
    sure: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Unbind,
    Cancel,
    Uninvite,
    Object,
    Withdraw,
    Download,
    Erase,
    Leave,
}

const UNBOUND: Said = Said::done("unbound", "page-held-done-unbound");
const CANCELLED: Said = Said::done("cancelled", "page-held-done-cancelled");
const UNINVITED: Said = Said::done("uninvited", "page-held-done-uninvited");
pub(super) const OBJECTED: Said = Said::done("objected", "page-held-done-objected");
const WITHDRAWN: Said = Said::done("withdrawn", "page-held-done-withdrawn");
/// Nothing was done, because the proof is too old.
pub(super) const STALE: Said = Said::not_done("stale", "page-held-stale");
/// Nothing was done, because the box was not ticked.
const UNSURE: Said = Said::not_done("unsure", "page-held-unsure");
/// The outcomes that the page can report.
const SAYINGS: [Said; 7] = [UNBOUND, CANCELLED, UNINVITED, OBJECTED, WITHDRAWN, STALE, UNSURE];

/// Somebody who has proved that they read the messages of an address.
pub(super) struct AddressOwner {
    address: Address,
    session: WebSession,
}

impl Visitor for AddressOwner {
    fn from_session(session: WebSession) -> Option<Self> {
        let Subject::Address(address) = &session.subject else { return None };
        Some(Self { address: address.clone(), session })
    }

    fn missing() -> Failure {
        Failure::AddressNotProved
    }

    fn refused() -> Failure {
        Failure::AddressNotProved
    }
}

impl FromRequest for AddressOwner {
    type Error = Failure;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        Box::pin(SessionToken::from(request).visitor())
    }
}

/// The stored data, in words.
#[derive(Template)]
#[template(path = "pages/held.html")]
struct Page<'a> {
    layout: Layout<'a>,
    done: Option<Said>,
    form_token: &'a str,
    lead: String,
    binding: Option<Entry>,
    confirmations: Vec<Entry>,
    invitations: Vec<Entry>,
    deliveries: Vec<Entry>,
    objects_since: Option<Timestamp>,
}

/// `GET /address/held`
pub(super) async fn show(
    self_service: web::Data<SelfService>,
    view: View,
    owner: AddressOwner,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let held = self_service.export_address(&owner.address).await?;
    let done = query.get("done").and_then(|name| Said::named(&name, &SAYINGS));
    Ok(view.held(&held, &owner.session.form_token, done))
}

/// `POST /address/held`, each form of that page.
pub(super) async fn act(
    web_sessions: web::Data<WebSessions>,
    self_service: web::Data<SelfService>,
    objections: web::Data<Objections>,
    view: View,
    Submitted(AddressOwner { address, session }, wish): Submitted<AddressOwner, Wish>,
) -> Result<HttpResponse, Failure> {
    let done = match wish.action {
        Action::Download | Action::Erase if !web_sessions.is_fresh(session.proved_at) => STALE,
        Action::Erase if wish.sure.is_none() => UNSURE,
        Action::Unbind => self_service.release(&address, view.language()).await.map(|()| UNBOUND)?,
        Action::Cancel => self_service.cancel_confirmations(&address).await.map(|()| CANCELLED)?,
        Action::Uninvite => self_service.delete_invitations(&address).await.map(|()| UNINVITED)?,
        Action::Object => objections.object(&address, Objector::Reader, view.language()).await.map(|_| OBJECTED)?,
        Action::Withdraw => objections.withdraw(&address, Objector::Reader).await.map(|_| WITHDRAWN)?,
        Action::Download => return Ok(download(&self_service.download_address(&address).await?)),
        Action::Erase => {
            self_service.erase_address(&address, Objector::Reader, view.language()).await?;
            return Ok(view.end_session("/address?done=erased"));
        }
        Action::Leave => {
            web_sessions.end(&session).await?;
            return Ok(view.end_session("/address?done=left"));
        }
    };
    Ok(view.see_other(&format!("/address/held?done={}", done.name)))
}

fn download(held: &AddressExport) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    let as_file = HeaderValue::from_static("attachment; filename=\"vouch-address.json\"");
    let mut response = secure(&mut response, Cache::Never).insert_header((CONTENT_DISPOSITION, as_file)).json(held);
    hide(&mut response);
    response
}

impl View {
    /// Shows what is stored about an address.
    pub(super) fn held(&self, held: &AddressExport, form_token: &str, done: Option<Said>) -> HttpResponse {
        let mut layout = Layout::switchable(self, "page-held");
        if let Some(done) = done {
            layout.title = format!("{} – {}", layout.say(done.text), layout.title);
        }
        let entry = |party, what, at| Entry { party: party_name(party), what, at: self.timestamp(at) };
        let address = shown_address(held.medium, &held.address);
        let sessions = ["page-held-confirmation-proved", "page-held-confirmation-asked"];
        let deliveries = ["page-held-delivery-notice", "page-held-delivery-onbind"];
        let page = Page {
            layout,
            done,
            form_token,
            lead: self.say_with("page-held-lead", "address", address),
            binding: held.binding.as_ref().map(|it| entry(&it.to, "page-you-since", it.bound_at)),
            confirmations: held.validation_sessions.iter().map(|it| self.session_entry(it, sessions)).collect(),
            invitations: held
                .invitations
                .iter()
                .map(|it| entry(&it.party, "page-held-invitation", it.invited_at))
                .collect(),
            deliveries: held.deliveries.iter().map(|it| self.delivery_entry(it, deliveries)).collect(),
            objects_since: held.objects_since.map(|at| self.timestamp(at)),
        };
        self.personal(StatusCode::OK, Powers::Forms, &page)
    }
}
