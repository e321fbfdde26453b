//! The page behind the link in the mail of an invitation: who sent it for which room, how to
//! respond, and how to refuse. Opening it changes nothing, because mail scanners open links; its
//! buttons do. As with a [“this wasn't me” link](super::not_me), the token is the whole proof, so
//! the form carries it and needs no second one.
//!
//! Like the mail, the page holds secrets: anyone with a link into a web app can accept the
//! invitation. So no cache may keep it, and no other site learns its URL.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use url::Url;

use super::failure::Failure;
use super::form::Form;
use super::layout::Layout;
use super::{Powers, View};
use crate::config::Config;
use crate::http::Query;
use crate::service::{Invitation, Invitations, Landing};

/// A button, pressed.
#[derive(Deserialize)]
pub(super) struct Refusal {
    token: String,
    action: Action,
}

/// The button that was pressed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// Delete this invitation.
    Decline,
    /// Never invite or list me.
    Object,
}

/// An invitation that has not been answered.
#[derive(Template)]
#[template(path = "pages/invited.html")]
struct Invited<'a> {
    layout: Layout<'a>,
    inviter: Option<String>,
    mxid: String,
    room: Option<String>,
    apps: Vec<WebApp<'a>>,
    own_app: String,
    kept: String,
    token: &'a str,
}

/// A web app in which it can be accepted.
struct WebApp<'a> {
    name: String,
    open: String,
    link: &'a Url,
}

/// The outcome of an invitation.
#[derive(Template)]
#[template(path = "pages/invited_outcome.html")]
struct Outcome<'a> {
    layout: Layout<'a>,
    text: &'static str,
    is_done: bool,
}

/// `GET /invited?token=…`
pub(super) async fn show(
    invitations: web::Data<Invitations>,
    config: web::Data<Config>,
    view: View,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let token = query.get("token").unwrap_or_default();
    let landing = invitations.landing(&token).await?;
    Ok(view.invited(config.server.name.as_str(), &token, &landing))
}

/// `POST /invited`, the form of that page.
pub(super) async fn refuse(
    invitations: web::Data<Invitations>,
    view: View,
    Form(form): Form<Refusal>,
) -> Result<HttpResponse, Failure> {
    let Some(Refusal { token, action }) = form else {
        return Ok(view.answered(Action::Decline, &Landing::Unknown));
    };
    let landing = match action {
        Action::Decline => invitations.decline(&token).await?,
        Action::Object => invitations.decline_for_good(&token, view.language()).await?,
    };
    Ok(view.answered(action, &landing))
}

impl View {
    /// Shows the invitation, if it has not been answered.
    pub(super) fn invited(&self, server: &str, token: &str, landing: &Landing) -> HttpResponse {
        let Landing::Waiting(invitation) = landing else { return self.answered(Action::Decline, landing) };
        let room = if invitation.is_space { "mail-invite-space" } else { "mail-invite-room" };
        let page = Invited {
            // Somebody invited through a stranger's server has never chosen a language.
            layout: Layout::with_choices(self, "mail-invite-title", |tag| format!("?token={token}&lang={tag}")),
            inviter: invitation.inviter.as_ref().map(|name| self.say_with("mail-invite-by", "name", name.as_str())),
            mxid: self.say_with("mail-matrix-id", "mxid", invitation.sender.as_str()),
            room: invitation.room.as_ref().map(|name| self.say_with(room, "room", name.as_str())),
            apps: web_apps(invitation, |name| self.say_with("page-invited-open", "app", name)),
            own_app: self.say_with("page-invited-apps-address", "server", server),
            kept: self.say_with("page-invited-address-text", "date", self.day(invitation.until).words),
            token,
        };
        self.personal(StatusCode::OK, Powers::Forms, &page)
    }

    /// Says what a button has done, or why there is none.
    pub(super) fn answered(&self, action: Action, landing: &Landing) -> HttpResponse {
        let (title, text, is_done) = match (landing, action) {
            (Landing::Waiting(_), Action::Decline) => ("page-invited-declined", "page-invited-declined-text", true),
            (Landing::Waiting(_), Action::Object) => ("page-invited-objected", "page-invited-objected-text", true),
            (Landing::Delivered, _) => ("page-invited-delivered", "page-invited-delivered-text", true),
            (Landing::Over, _) => ("page-invited-over", "page-invited-over-text", false),
            (Landing::Unknown, _) => {
                return self.notice(StatusCode::NOT_FOUND, "page-validated-wrong", "page-not-me-wrong-text");
            }
        };
        let outcome = Outcome { layout: Layout::fixed(self, title), text, is_done };
        self.personal(StatusCode::OK, Powers::None, &outcome)
    }
}

fn web_apps(invitation: &Invitation, open: impl Fn(&str) -> String) -> Vec<WebApp<'_>> {
    let app = |link| {
        let name = app_name(link);
        WebApp { open: open(&name), name, link }
    };
    invitation.links.iter().map(app).collect()
}

/// Returns the address of a web app in its usual form.
fn app_name(link: &Url) -> String {
    format!("{}{}", link.authority(), link.path().trim_end_matches('/'))
}
