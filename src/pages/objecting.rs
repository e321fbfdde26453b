//! The page behind the `List-Unsubscribe` header of every email: the reader objects to all of them.
//!
//! Opening it changes nothing. Its button sends the same request as mail programs that unsubscribe
//! with one click ([RFC 8058](https://www.rfc-editor.org/rfc/rfc8058)). The token in the link is
//! the whole proof, so nothing in the body of the request matters.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::failure::Failure;
use super::layout::Layout;
use super::{Powers, View};
use crate::http::Query;
use crate::service::{AddressProofs, Objections, Objector, Proof};

#[derive(Template)]
#[template(path = "pages/objecting.html")]
struct Question<'a> {
    layout: Layout<'a>,
    token: &'a str,
}

/// `GET /address/object?token=…`
pub(super) async fn ask(address_proofs: web::Data<AddressProofs>, view: View, query: Query) -> HttpResponse {
    let token = query.get("token").unwrap_or_default();
    match address_proofs.open_objection(&token) {
        Proof::Of { .. } => view.objecting(&token),
        useless => view.not_objecting(&useless),
    }
}

/// `POST /address/object?token=…`, from the button of that page or from a mail program.
pub(super) async fn object(
    address_proofs: web::Data<AddressProofs>,
    objections: web::Data<Objections>,
    view: View,
    query: Query,
) -> Result<HttpResponse, Failure> {
    match address_proofs.open_objection(&query.get("token").unwrap_or_default()) {
        Proof::Of { address, sent_at } => {
            let is_done = objections.object(&address, Objector::Link { sent_at }, view.language()).await?;
            Ok(if is_done {
                view.notice(StatusCode::OK, "page-invited-objected", "page-invited-objected-text")
            } else {
                view.address_outcome(StatusCode::GONE, "page-address-expired", "page-object-superseded", true)
            })
        }
        useless => Ok(view.not_objecting(&useless)),
    }
}

impl View {
    /// Asks whether the reader objects.
    pub(super) fn objecting(&self, token: &str) -> HttpResponse {
        let layout = Layout::with_choices(self, "page-held-objection", |tag| format!("?token={token}&lang={tag}"));
        self.personal(StatusCode::OK, Powers::Forms, &Question { layout, token })
    }

    /// Says why a link cannot be used, and links to the page where another one can be requested.
    pub(super) fn not_objecting(&self, proof: &Proof) -> HttpResponse {
        let (status, title, text) = match proof {
            Proof::Expired => (StatusCode::GONE, "page-address-expired", "page-object-expired"),
            _ => (StatusCode::NOT_FOUND, "page-validated-wrong", "page-address-broken-text"),
        };
        self.address_outcome(status, title, text, true)
    }
}
