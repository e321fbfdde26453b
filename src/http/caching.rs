//! Answers that anybody may cache: validators (RFC 9110 section 13) and compression.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use actix_web::Error as ActixError;
use actix_web::HttpMessage as _;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, AcceptEncoding, Encoding, EntityTag, HeaderMap, HeaderName, HeaderValue, IfNoneMatch,
};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// Lets every cache keep an answer that is the same for everybody for five minutes.
pub(crate) const PUBLIC: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// The media types that are compressed: those of pages and SVG images.
const TEXTS: [&str; 2] = ["text/html", "image/svg+xml"];
/// The minimum length of a compressed text. Shorter ones would hardly shrink.
const WORTHWHILE: usize = 512;

/// Texts by their hash, compressed.
struct Compressed(Mutex<BTreeMap<[u8; 32], Bytes>>);

/// What was sent to somebody. It is the same for everybody, and there is little of it: a few pages
/// in each language, and those that a reload has replaced.
static SENT: Compressed = Compressed(Mutex::new(BTreeMap::new()));
/// How many texts are kept, of some kilobytes each.
const MOST: usize = 256;

/// Middleware that gives [`PUBLIC`] answers a validator, sends no body to clients that already have
/// it, and compresses texts for clients that accept gzip. It leaves all other answers alone: the
/// length of a compressed page would tell anybody who can put text into it what else it contains
/// (BREACH).
///
/// # Errors
/// The errors of the wrapped service.
pub(crate) async fn cacheable<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let response = next.call(request).await?.map_into_boxed_body();
    let is_public = response.headers().get(header::CACHE_CONTROL).is_some_and(|value| value == PUBLIC.1);
    if response.status() != StatusCode::OK || !is_public {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let mut body = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(stream) => return Ok(ServiceResponse::new(request, response.set_body(stream))),
    };
    let is_text = is_text(response.headers());
    let hash: [u8; 32] = Sha256::digest(&body).into();
    let tag = EntityTag::new_weak(BASE64_URL_SAFE_NO_PAD.encode(&hash[..15]));
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(tag.to_string()).expect("it is ASCII"));
    if is_text {
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if is_known(request.get_header().as_ref(), &tag) {
        headers.remove(header::CONTENT_TYPE);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        body.clear();
    } else if is_text && body.len() >= WORTHWHILE && accepts_gzip(request.get_header().as_ref()) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        body = SENT.get(hash, &body)?;
    }
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))))
}

impl Compressed {
    /// Returns the text with this hash compressed, which is done once.
    fn get(&self, hash: [u8; 32], text: &[u8]) -> io::Result<Bytes> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept().get(&hash) {
            return Ok(found.clone());
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(text)?;
        let compressed = Bytes::from(gzip.finish()?);
        let mut kept = kept();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(hash, compressed.clone());
        Ok(compressed)
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    TEXTS.iter().any(|text| media_type.starts_with(text))
}

/// Returns whether the client already has the content that the tag stands for.
fn is_known(known: Option<&IfNoneMatch>, tag: &EntityTag) -> bool {
    match known {
        None => false,
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
    }
}

fn accepts_gzip(accepted: Option<&AcceptEncoding>) -> bool {
    let offered = [Encoding::gzip(), Encoding::identity()];
    accepted.and_then(|accepted| accepted.negotiate(offered.iter())) == Some(Encoding::gzip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> [u8; 32] {
        Sha256::digest(number.to_be_bytes()).into()
    }

    #[test]
    fn a_text_is_compressed_once_and_a_bounded_number_is_kept() {
        let compressed = Compressed(Mutex::default());
        let first = compressed.get(hash(0), b"text").unwrap();
        assert_eq!(compressed.get(hash(0), b"not looked at").unwrap().as_ptr(), first.as_ptr());
        for number in 1..3 * MOST {
            let other = compressed.get(hash(number), &number.to_be_bytes()).unwrap();
            assert_ne!(other, first);
            assert!(compressed.0.lock().unwrap().len() <= MOST);
        }
        let again = compressed.get(hash(0), b"text").unwrap();
        assert!(again == first && again.as_ptr() != first.as_ptr());
    }
}
