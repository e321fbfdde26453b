//! Where somebody proves to be a Matrix user.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use super::Site;

/// What `GET /you` shows to whoever has no visit.
pub(super) fn page(site: &Site, request: &HttpRequest) -> HttpResponse {
    site.notice(site.language(request), StatusCode::UNAUTHORIZED, "page-you-refused", "page-you-refused-text")
}
