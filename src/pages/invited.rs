//! The page behind the link in the mail of an invitation: who invites where, how to answer, and how to refuse. To open it changes nothing, for mail
//! scanners open links; its buttons do. As with a [“this was not me” link](super::not_me), the token is the whole proof, so that the form carries
//! it and no second one.
//!
//! The page holds secrets, as the mail did: whoever has a link into a web app can accept the invitation. So nobody keeps the page, and no other site
//! learns from where it was come to.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use url::Url;

use super::frame::Frame;
use super::{Fault, Powers, Site, form, hide, parameter};
use crate::service::{Invitation, Landing, Vouch};
use crate::texts::Language;

/// A button, pressed.
#[derive(Deserialize)]
pub(super) struct Refusal {
    token: String,
    action: Action,
}

/// Which button.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// Delete this invitation.
    Decline,
    /// Never invite or list me.
    Object,
}

/// An invitation that waits.
#[derive(Template)]
#[template(path = "pages/invited.html")]
struct Invited<'a> {
    frame: Frame<'a>,
    inviter: Option<String>,
    mxid: String,
    room: Option<String>,
    apps: Vec<WebApp<'a>>,
    own_app: String,
    kept: String,
    token: &'a str,
}

/// A web app in which it can be answered.
struct WebApp<'a> {
    name: String,
    open: String,
    link: &'a Url,
}

/// What has become of an invitation.
#[derive(Template)]
#[template(path = "pages/invited_outcome.html")]
struct Outcome<'a> {
    frame: Frame<'a>,
    text: String,
    is_done: bool,
}

/// `GET /invited?token=…`
pub(super) async fn show(vouch: web::Data<Vouch>, site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let language = site.language(&request);
    let token = parameter(&request, "token").unwrap_or_default();
    match vouch.landing(&token).await {
        Ok(landing) => site.invited(language, vouch.config.server.name.as_str(), &token, &landing),
        Err(_) => site.fault(language, Fault::Unavailable),
    }
}

/// `POST /invited`, the form of that page.
pub(super) async fn refuse(
    vouch: web::Data<Vouch>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let language = site.language(&request);
    let Some(Refusal { token, action }) = form::read(&request, payload).await else {
        return site.answered(language, Action::Decline, &Landing::Unknown);
    };
    let landing = match action {
        Action::Decline => vouch.decline(&token).await,
        Action::Object => vouch.decline_for_good(&token).await,
    };
    match landing {
        Ok(landing) => site.answered(language, action, &landing),
        Err(_) => site.fault(language, Fault::Unavailable),
    }
}

impl Site {
    /// The invitation, if it waits for an answer.
    pub(super) fn invited(&self, language: Language, server: &str, token: &str, landing: &Landing) -> HttpResponse {
        let Landing::Waiting(invitation) = landing else {
            return self.answered(language, Action::Decline, landing);
        };
        let say = |id: &str, name: &str, value: &str| self.texts.get(language, id, &[(name, value.into())]);
        let room = if invitation.is_space { "mail-invite-space" } else { "mail-invite-room" };
        let page = Invited {
            frame: self.invited_frame(language, token),
            inviter: invitation.inviter.as_ref().map(|name| say("mail-invite-by", "name", name.as_str())),
            mxid: say("mail-matrix-id", "mxid", invitation.sender.as_str()),
            room: invitation.room.as_ref().map(|name| say(room, "room", name.as_str())),
            apps: web_apps(invitation, |name| say("page-invited-open", "app", name)),
            own_app: say("page-invited-apps-address", "server", server),
            kept: say("page-invited-address-text", "date", &self.day(language, invitation.until).words),
            token,
        };
        self.personal(StatusCode::OK, Powers::Forms, &page)
    }

    /// What came of a button, or why there is none.
    pub(super) fn answered(&self, language: Language, action: Action, landing: &Landing) -> HttpResponse {
        let (title, text, is_done) = match (landing, action) {
            (Landing::Waiting(_), Action::Decline) => ("page-invited-declined", "page-invited-declined-text", true),
            (Landing::Waiting(_), Action::Object) => ("page-invited-objected", "page-invited-objected-text", true),
            (Landing::Delivered, _) => ("page-invited-delivered", "page-invited-delivered-text", true),
            (Landing::Over, _) => ("page-invited-over", "page-invited-over-text", false),
            (Landing::Unknown, _) => {
                let wrong = ("page-validated-wrong", "page-not-me-wrong-text");
                let mut page = self.notice(language, StatusCode::NOT_FOUND, wrong.0, wrong.1);
                hide(&mut page);
                return page;
            }
        };
        let frame = Frame::fixed(self, language, self.texts.get(language, title, &[]));
        self.personal(StatusCode::OK, Powers::None, &Outcome { text: frame.say(text), frame, is_done })
    }

    /// The other languages are other links of the same page: who is invited by a stranger's server has never chosen one.
    fn invited_frame(&self, language: Language, token: &str) -> Frame<'_> {
        let mut frame = Frame::switchable(self, language, self.texts.get(language, "mail-invite-title", &[]));
        for choice in &mut frame.choices {
            choice.href = format!("?token={token}&lang={}", choice.tag);
        }
        frame
    }
}

fn web_apps(invitation: &Invitation, open: impl Fn(&str) -> String) -> Vec<WebApp<'_>> {
    let app = |link| {
        let name = app_name(link);
        WebApp { open: open(&name), name, link }
    };
    invitation.links.iter().map(app).collect()
}

/// Where a web app is, as people write it.
fn app_name(link: &Url) -> String {
    format!("{}{}", link.authority(), link.path().trim_end_matches('/'))
}
