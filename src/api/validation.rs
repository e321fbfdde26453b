//! Establishing associations: validating that an address belongs to the caller.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::extract::Signatory;
use super::json::{Body, Params};
use crate::error::Error;
use crate::http::Query;
use crate::identity::phone::{InvalidNumber, PhoneNumber};
use crate::identity::session::{ClientSecret, NextLink, Sid};
use crate::identity::threepid::{Address, Medium};
use crate::pages::{self, View};
use crate::service::{self, Asker, Disputes, Network, Submission, TokenRequest, Validated};
use crate::texts::Language;

/// `POST /_matrix/identity/v2/validate/email/requestToken`: sends a link by mail.
pub(super) async fn request_email_token(
    validation: Data<service::Validation>,
    Signatory(caller): Signatory,
    from: Network,
    language: Language,
    body: Body,
) -> Result<HttpResponse, Error> {
    let mut params = body.params().await?;
    let address = Address::email(&params.string("email")?).map_err(|_| Error::invalid_email())?;
    let request = token_request(&validation, params, address, language)?;
    let sid = validation.request_token(Asker::User(&caller), &from, request).await?;
    Ok(HttpResponse::Ok().json(json!({ "sid": sid })))
}

/// `POST /_matrix/identity/v2/validate/msisdn/requestToken`: sends a code by text.
pub(super) async fn request_phone_token(
    validation: Data<service::Validation>,
    Signatory(caller): Signatory,
    from: Network,
    language: Language,
    body: Body,
) -> Result<HttpResponse, Error> {
    request_code(validation, Asker::User(&caller), &from, language, body).await
}

/// Sends a text with a code on behalf of a user or a homeserver.
pub(super) async fn request_code(
    validation: Data<service::Validation>,
    asker: Asker<'_>,
    from: &Network,
    language: Language,
    body: Body,
) -> Result<HttpResponse, Error> {
    let mut params = body.params().await?;
    // Element Web sends null and Element iOS an empty string if they do not know the country.
    let country = params.optional_string("country")?;
    let typed = params.string("phone_number")?;
    let number = PhoneNumber::parse(country.as_deref().unwrap_or_default(), &typed);
    let number = number.map_err(|invalid| match invalid {
        InvalidNumber::NeedsCountry if country.is_none() => Error::missing("country"),
        why => Error::invalid_phone_number(why),
    })?;
    let request = token_request(&validation, params, number.address.clone(), language)?;
    let sid = validation.request_token(asker, from, request).await?;
    let (msisdn, intl_fmt) = (number.address.as_str(), number.international);
    // The iOS client reads the fields that are not in the specification, to show which number the
    // text was sent to.
    Ok(HttpResponse::Ok().json(json!({ "sid": sid, "msisdn": msisdn, "intl_fmt": intl_fmt, "success": true })))
}

/// Reads the parameters that requests for a token have in common.
fn token_request(
    validation: &service::Validation,
    mut params: Params,
    address: Address,
    language: Language,
) -> Result<TokenRequest, Error> {
    Ok(TokenRequest {
        client_secret: client_secret(params.string("client_secret")?)?,
        address,
        send_attempt: send_attempt(params.integer("send_attempt")?)?,
        next_link: params.optional_string("next_link")?.map(|link| next_link(validation, &link)).transpose()?,
        language,
    })
}

/// `POST /_matrix/identity/v2/validate/email/submitToken`: submits the token from the mail.
pub(super) async fn submit_token(
    validation: Data<service::Validation>,
    Signatory(caller): Signatory,
    body: Body,
) -> Result<HttpResponse, Error> {
    submit(&validation, Asker::User(&caller), Medium::Email, body).await
}

/// `POST /_matrix/identity/v2/validate/msisdn/submitToken`: submits the code from the text.
pub(super) async fn submit_code(
    validation: Data<service::Validation>,
    Signatory(caller): Signatory,
    body: Body,
) -> Result<HttpResponse, Error> {
    submit(&validation, Asker::User(&caller), Medium::Msisdn, body).await
}

/// Submits a token on behalf of a user or a homeserver.
pub(super) async fn submit(
    validation: &service::Validation,
    asker: Asker<'_>,
    medium: Medium,
    body: Body,
) -> Result<HttpResponse, Error> {
    let mut params = body.params().await?;
    let session = submission(&mut params)?;
    validation.submit(Some(asker), medium, &session, &params.string("token")?).await?;
    Ok(HttpResponse::Ok().json(json!({ "success": true })))
}

/// `GET /_matrix/identity/v2/validate/email/submitToken`: follows the link in the mail. It is
/// opened in a browser, so there is no access token (MSC2425).
pub(super) async fn open_link(
    validation: Data<service::Validation>,
    disputes: Data<Disputes>,
    view: View,
    request: HttpRequest,
) -> HttpResponse {
    pages::open_link(&validation, &disputes, &view, &request, Medium::Email).await
}

/// `GET /_matrix/identity/v2/validate/msisdn/submitToken`: the same for phone numbers, although our
/// texts do not contain a link.
pub(super) async fn open_code(
    validation: Data<service::Validation>,
    disputes: Data<Disputes>,
    view: View,
    request: HttpRequest,
) -> HttpResponse {
    pages::open_link(&validation, &disputes, &view, &request, Medium::Msisdn).await
}

/// `GET /_matrix/identity/v2/3pid/getValidated3pid`: returns the address that a session has
/// validated.
pub(super) async fn get_validated(
    validation: Data<service::Validation>,
    Signatory(caller): Signatory,
    query: Query,
) -> Result<HttpResponse, Error> {
    validated(&validation, Asker::User(&caller), &query).await
}

/// Returns the address that a session has validated, to the user or homeserver that began it.
pub(super) async fn validated(
    validation: &service::Validation,
    asker: Asker<'_>,
    query: &Query,
) -> Result<HttpResponse, Error> {
    let Validated { address, at, .. } = validation.validated(asker, &session_in_query(query)?).await?;
    let medium = address.medium().as_str();
    Ok(HttpResponse::Ok().json(json!({ "medium": medium, "address": address.as_str(), "validated_at": at })))
}

/// Takes the parameters that identify a session.
///
/// # Errors
/// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
pub(super) fn submission(params: &mut Params) -> Result<Submission, Error> {
    session(params.string("sid")?, params.string("client_secret")?)
}

fn session_in_query(query: &Query) -> Result<Submission, Error> {
    session(query.required("sid")?.into_owned(), query.required("client_secret")?.into_owned())
}

/// Parses the parameters that identify a session.
///
/// # Errors
/// 400 `M_INVALID_PARAM`
pub(super) fn session(sid: String, secret: String) -> Result<Submission, Error> {
    let sid = Sid::parse(sid).map_err(|_| Error::invalid("sid", "1 to 255 characters of [0-9a-zA-Z.=_-]"))?;
    Ok(Submission { sid, client_secret: client_secret(secret)? })
}

fn client_secret(text: String) -> Result<ClientSecret, Error> {
    ClientSecret::parse(text).map_err(|_| Error::invalid("client_secret", "1 to 255 characters of [0-9a-zA-Z.=_-]"))
}

fn send_attempt(number: i64) -> Result<i64, Error> {
    if number >= 0 { Ok(number) } else { Err(Error::invalid("send_attempt", "a non-negative integer")) }
}

fn next_link(validation: &service::Validation, link: &str) -> Result<NextLink, Error> {
    validation.parse_next_link(link)
}
