//! Establishing associations: proving that an address is one's own.

use std::borrow::Cow;

use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::extract::{caller_network, language, required_query, signatory};
use super::json::Params;
use crate::error::{Error, ErrorKind};
use crate::identity::phone::PhoneNumber;
use crate::identity::session::{ClientSecret, NextLink, Sid};
use crate::identity::threepid::{Address, Medium};
use crate::pages::{AskedBy, Fault, Site, Validation};
use crate::service::{Asker, Submission, Submitted, TokenRequest, Validated, Vouch};

/// `POST /_matrix/identity/v2/validate/email/requestToken`
pub(super) async fn request_email_token(
    vouch: Data<Vouch>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let caller = signatory(&vouch, &request).await?;
    let mut params = Params::read(&request, payload).await?;
    let address = Address::email(&params.string("email")?).map_err(|_| Error::invalid_email())?;
    let asked = token_request(&vouch, &request, params, address)?;
    let network = caller_network(&vouch, &request);
    let sid = vouch.into_inner().request_token(Asker::User(&caller), &network, asked).await?;
    Ok(HttpResponse::Ok().json(json!({ "sid": sid })))
}

/// `POST /_matrix/identity/v2/validate/msisdn/requestToken`
pub(super) async fn request_phone_token(
    vouch: Data<Vouch>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let caller = signatory(&vouch, &request).await?;
    request_code(vouch, &request, payload, Asker::User(&caller)).await
}

/// Has a text with a code sent, to whoever may ask for one.
pub(super) async fn request_code(
    vouch: Data<Vouch>,
    request: &HttpRequest,
    payload: Payload,
    asker: Asker<'_>,
) -> Result<HttpResponse, Error> {
    let mut params = Params::read(request, payload).await?;
    let (country, typed) = (params.string("country")?, params.string("phone_number")?);
    let number = PhoneNumber::parse(&country, &typed).map_err(|_| Error::invalid_phone_number())?;
    let token_request = token_request(&vouch, request, params, number.address.clone())?;
    let network = caller_network(&vouch, request);
    let sid = vouch.into_inner().request_token(asker, &network, token_request).await?;
    let (msisdn, intl_fmt) = (number.address.as_str(), number.international);
    // iOS reads what the specification does not know, to show whom the text was sent to.
    Ok(HttpResponse::Ok().json(json!({ "sid": sid, "msisdn": msisdn, "intl_fmt": intl_fmt, "success": true })))
}

/// What a request for a token says whatever the medium.
fn token_request(
    vouch: &Vouch,
    request: &HttpRequest,
    mut params: Params,
    address: Address,
) -> Result<TokenRequest, Error> {
    Ok(TokenRequest {
        client_secret: client_secret(params.string("client_secret")?)?,
        address,
        send_attempt: send_attempt(params.integer("send_attempt")?)?,
        next_link: params.optional_string("next_link")?.map(|link| next_link(vouch, &link)).transpose()?,
        language: language(vouch, request),
    })
}

/// `POST /_matrix/identity/v2/validate/email/submitToken`
pub(super) async fn submit_token(
    vouch: Data<Vouch>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let caller = signatory(&vouch, &request).await?;
    submit(&vouch, &request, payload, Asker::User(&caller), Medium::Email).await
}

/// `POST /_matrix/identity/v2/validate/msisdn/submitToken`
pub(super) async fn submit_code(
    vouch: Data<Vouch>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let caller = signatory(&vouch, &request).await?;
    submit(&vouch, &request, payload, Asker::User(&caller), Medium::Msisdn).await
}

/// Takes a token from whoever asked for it.
pub(super) async fn submit(
    vouch: &Vouch,
    request: &HttpRequest,
    payload: Payload,
    asker: Asker<'_>,
    medium: Medium,
) -> Result<HttpResponse, Error> {
    let mut params = Params::read(request, payload).await?;
    let session = submission(params.string("sid")?, params.string("client_secret")?)?;
    vouch.submit(Some(asker), medium, &session, &params.string("token")?).await?;
    Ok(HttpResponse::Ok().json(json!({ "success": true })))
}

/// `GET /_matrix/identity/v2/validate/email/submitToken`, the link in the mail: for people, so without a token (MSC2425).
pub(super) async fn open_link(vouch: Data<Vouch>, site: Data<Site>, request: HttpRequest) -> HttpResponse {
    opened(&vouch, &site, &request, Medium::Email).await
}

/// `GET /_matrix/identity/v2/validate/msisdn/submitToken`: for people too, whatever led them here. Our texts have no link.
pub(super) async fn open_code(vouch: Data<Vouch>, site: Data<Site>, request: HttpRequest) -> HttpResponse {
    opened(&vouch, &site, &request, Medium::Msisdn).await
}

async fn opened(vouch: &Vouch, site: &Site, request: &HttpRequest, medium: Medium) -> HttpResponse {
    let language = site.language(request);
    let outcome = match follow_link(vouch, request, medium).await {
        Ok((_, Submitted { next_link: Some(next_link), .. })) => {
            let mut response = HttpResponse::Found();
            return response.insert_header((header::LOCATION, next_link.as_str())).finish();
        }
        Ok((sid, Submitted { again, asked_by, .. })) => {
            let outcome = if again { Validation::AlreadyDone } else { Validation::Proved };
            let asked_by =
                asked_by.map(|mxid| AskedBy { mxid, cancel: vouch.disputes.cancellation_link(sid.as_str(), language) });
            return site.validated(language, outcome, asked_by.as_ref());
        }
        Err(error) => match (error.kind(), medium) {
            (ErrorKind::Unavailable | ErrorKind::Internal, _) => return site.fault(language, Fault::Unavailable),
            (ErrorKind::SessionExpired, Medium::Email) => Validation::Expired,
            (ErrorKind::SessionExpired, Medium::Msisdn) => Validation::CodeExpired,
            (_, Medium::Email) => Validation::WrongLink,
            (_, Medium::Msisdn) => Validation::WrongCode,
        },
    };
    site.validated(language, outcome, None)
}

/// Does what the link says, and returns the session's id and what came of it.
async fn follow_link(vouch: &Vouch, request: &HttpRequest, medium: Medium) -> Result<(Sid, Submitted), Error> {
    let parameter = |name| required_query(request, name).map(Cow::into_owned);
    let session = submission(parameter("sid")?, parameter("client_secret")?)?;
    let submitted = vouch.submit(None, medium, &session, &parameter("token")?).await?;
    Ok((session.sid, submitted))
}

/// `GET /_matrix/identity/v2/3pid/getValidated3pid`
pub(super) async fn get_validated(vouch: Data<Vouch>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let caller = signatory(&vouch, &request).await?;
    validated(&vouch, &request, Asker::User(&caller)).await
}

/// What a session has proved, told to whoever began it.
pub(super) async fn validated(vouch: &Vouch, request: &HttpRequest, asker: Asker<'_>) -> Result<HttpResponse, Error> {
    let parameter = |name| required_query(request, name).map(Cow::into_owned);
    let session = submission(parameter("sid")?, parameter("client_secret")?)?;
    let Validated { address, at } = vouch.validated(asker, &session).await?;
    let medium = address.medium().as_str();
    Ok(HttpResponse::Ok().json(json!({ "medium": medium, "address": address.as_str(), "validated_at": at })))
}

/// What names a session.
///
/// # Errors
/// 400 `M_INVALID_PARAM`
pub(super) fn submission(sid: String, secret: String) -> Result<Submission, Error> {
    let sid = Sid::parse(sid).map_err(|_| Error::invalid("sid", "1 to 255 characters of [0-9a-zA-Z.=_-]"))?;
    Ok(Submission { sid, client_secret: client_secret(secret)? })
}

fn client_secret(text: String) -> Result<ClientSecret, Error> {
    ClientSecret::parse(text).map_err(|_| Error::invalid("client_secret", "1 to 255 characters of [0-9a-zA-Z.=_-]"))
}

fn send_attempt(number: i64) -> Result<i64, Error> {
    if number >= 0 { Ok(number) } else { Err(Error::invalid("send_attempt", "an integer that is not negative")) }
}

fn next_link(vouch: &Vouch, link: &str) -> Result<NextLink, Error> {
    NextLink::parse(link, vouch.config.validation.next_link_hosts.as_deref())
        .map_err(|_| Error::invalid("next_link", "an http or https URL that this server may lead to"))
}
