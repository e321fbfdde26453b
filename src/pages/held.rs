//! What is held about an address, for whoever reads its messages; and what he does with it.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use ruma_common::OwnedUserId;
use serde::Deserialize;

use super::frame::Frame;
use super::moment::Moment;
use super::visit::{current, submitted};
use super::{Cache, Fault, Powers, Site, hide, parameter, secure};
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::{Held, HeldConfirmation, HeldDelivery, Subject, Visit, Vouch};
use crate::texts::{Language, visible};

/// The longest Matrix ID, in characters.
const MAX_MXID: usize = 255;

/// What the visitor asks for, by a button.
#[derive(Deserialize)]
struct Wish {
    action: Action,
    /// The box that says that he means it.
    sure: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Unbind,
    Cancel,
    Uninvite,
    Object,
    Withdraw,
    Download,
    Erase,
    Leave,
}

/// What the page says was done, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Unbound,
    Cancelled,
    Uninvited,
    Objected,
    Withdrawn,
    /// Nothing: the proof is too old.
    Stale,
    /// Nothing: the box was not ticked.
    Unsure,
}

impl Done {
    const ALL: [Self; 7] =
        [Self::Unbound, Self::Cancelled, Self::Uninvited, Self::Objected, Self::Withdrawn, Self::Stale, Self::Unsure];

    /// As in `?done=`.
    const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::Cancelled => "cancelled",
            Self::Uninvited => "uninvited",
            Self::Objected => "objected",
            Self::Withdrawn => "withdrawn",
            Self::Stale => "stale",
            Self::Unsure => "unsure",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Unbound => "page-held-done-unbound",
            Self::Cancelled => "page-held-done-cancelled",
            Self::Uninvited => "page-held-done-uninvited",
            Self::Objected => "page-held-done-objected",
            Self::Withdrawn => "page-held-done-withdrawn",
            Self::Stale => "page-held-stale",
            Self::Unsure => "page-held-unsure",
        }
    }

    const fn is_failure(self) -> bool {
        matches!(self, Self::Stale | Self::Unsure)
    }
}

/// What is held, in words.
#[derive(Template)]
#[template(path = "pages/held.html")]
struct Page<'a> {
    frame: Frame<'a>,
    done: Option<Done>,
    form_token: &'a str,
    lead: String,
    binding: Option<Entry>,
    confirmations: Vec<Entry>,
    invitations: Vec<Entry>,
    deliveries: Vec<Entry>,
    objects_since: Option<Moment>,
}

/// Something that is held.
struct Entry {
    /// Whom it is about, or who caused it; a homeserver has no name here.
    mxid: Option<String>,
    /// The id of the words before the time.
    what: &'static str,
    at: Moment,
}

/// `GET /address/held`
pub(super) async fn show(vouch: web::Data<Vouch>, site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let language = site.language(&request);
    let Ok(visit) = current(&vouch, &site, &request).await else { return site.fault(language, Fault::Unavailable) };
    let Some((visit, address)) = visit.as_ref().and_then(of_address) else { return site.not_proved(language) };
    match vouch.held_about(address).await {
        Ok(held) => {
            let name = parameter(&request, "done");
            let done = Done::ALL.into_iter().find(|done| Some(done.name()) == name.as_deref());
            site.held(language, &held, &visit.form_token, done)
        }
        Err(_) => site.fault(language, Fault::Unavailable),
    }
}

/// `POST /address/held`, each form of that page.
pub(super) async fn act(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let (visit, wish) = match submitted::<Wish>(&vouch, &site, &request, payload).await {
        Ok(Some(form)) => form,
        Ok(None) => return site.not_proved(language),
        Err(_) => return site.fault(language, Fault::Unavailable),
    };
    let Some((visit, address)) = of_address(&visit) else { return site.not_proved(language) };
    match fulfil(&vouch, &site, language, visit, address, &wish).await {
        Ok(response) => response,
        Err(_) => site.fault(language, Fault::Unavailable),
    }
}

async fn fulfil(
    vouch: &Vouch,
    site: &Site,
    language: Language,
    visit: &Visit,
    address: &Address,
    wish: &Wish,
) -> Result<HttpResponse, Error> {
    let back = |done| Ok(site.see_other(&site.held_path(language, Some(done))));
    let tag = site.texts.tag(language);
    match wish.action {
        Action::Download | Action::Erase if !vouch.is_fresh(visit.proved_at) => back(Done::Stale),
        Action::Erase if wish.sure.is_none() => back(Done::Unsure),
        Action::Unbind => vouch.release(address).await.and_then(|()| back(Done::Unbound)),
        Action::Cancel => vouch.cancel_confirmations(address).await.and_then(|()| back(Done::Cancelled)),
        Action::Uninvite => vouch.delete_invitations(address).await.and_then(|()| back(Done::Uninvited)),
        Action::Object => vouch.object(address).await.and_then(|()| back(Done::Objected)),
        Action::Withdraw => vouch.withdraw_objection(address).await.and_then(|_| back(Done::Withdrawn)),
        Action::Download => Ok(download(&vouch.held_about(address).await?)),
        Action::Erase => {
            vouch.erase_address(address).await?;
            Ok(site.end_visit(&format!("/address?lang={tag}&done=erased")))
        }
        Action::Leave => {
            vouch.end_visit(visit).await?;
            Ok(site.end_visit(&format!("/address?lang={tag}&done=left")))
        }
    }
}

fn of_address(visit: &Visit) -> Option<(&Visit, &Address)> {
    match &visit.subject {
        Subject::Address(address) => Some((visit, address)),
        Subject::User(_) => None,
    }
}

fn download(held: &Held) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    let as_file = HeaderValue::from_static("attachment; filename=\"vouch-address.json\"");
    let mut response = secure(&mut response, Cache::Never).insert_header((CONTENT_DISPOSITION, as_file)).json(held);
    hide(&mut response);
    response
}

impl Site {
    /// The path of the page, on which something is said to be done.
    pub(super) fn held_path(&self, language: Language, done: Option<Done>) -> String {
        let done = done.map(|done| format!("&done={}", done.name())).unwrap_or_default();
        format!("/address/held?lang={}{done}", self.texts.tag(language))
    }

    /// The page in place of one that only a visit shows.
    fn not_proved(&self, language: Language) -> HttpResponse {
        let (title, text) = ("page-held-over", "page-held-over-text");
        self.address_outcome(language, StatusCode::FORBIDDEN, title, text, true)
    }

    /// What is held about an address.
    pub(super) fn held(&self, language: Language, held: &Held, form_token: &str, done: Option<Done>) -> HttpResponse {
        let mut frame = Frame::switchable(self, language, self.texts.get(language, "page-held", &[]));
        if let Some(done) = done {
            frame.title = format!("{} – {}", frame.say(done.text()), frame.title);
        }
        let entry = |mxid: Option<&OwnedUserId>, what, at| Entry {
            mxid: mxid.map(|mxid| visible(mxid.as_str(), MAX_MXID)),
            what,
            at: self.moment(language, at),
        };
        let address = if held.medium == "msisdn" { format!("+{}", held.address) } else { held.address.clone() };
        let confirmation = |it: &HeldConfirmation| match it.validated_at {
            Some(at) => entry(it.user_id.as_ref(), "page-held-confirmation-proved", at),
            None => entry(it.user_id.as_ref(), "page-held-confirmation-asked", it.modified_at),
        };
        let delivery = |it: &HeldDelivery| {
            let what = if it.kind == "notice" { "page-held-delivery-notice" } else { "page-held-delivery-onbind" };
            entry(Some(&it.user_id), what, it.queued_at)
        };
        let page = Page {
            done,
            form_token,
            lead: self.texts.get(language, "page-held-lead", &[("address", address.into())]),
            binding: held.binding.as_ref().map(|it| entry(Some(&it.user_id), "page-you-since", it.bound_at)),
            confirmations: held.confirmations.iter().map(confirmation).collect(),
            invitations: held
                .invitations
                .iter()
                .map(|it| entry(Some(&it.user_id), "page-held-invitation", it.invited_at))
                .collect(),
            deliveries: held.deliveries.iter().map(delivery).collect(),
            objects_since: held.objects_since.map(|at| self.moment(language, at)),
            frame,
        };
        self.personal(StatusCode::OK, Powers::Forms, &page)
    }
}
