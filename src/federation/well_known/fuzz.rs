//! Random answers, most of them close to a good one.

use hyper::header::{HeaderName, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::federation::testing::NOW;

/// Pieces that are put into a good document.
const PIECES: &[&str] = &[
    "",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    ":",
    ",",
    "null",
    "1e999",
    "\\ud800",
    "\\u0000",
    "\u{0}",
    "m.server",
    "\"m.server\":\"b\",",
    "/",
    "@",
    ":443",
    ":99999",
    "[::1]",
    "%2e",
    "..",
    "ü",
    "🏰",
    " ",
    "\u{feff}",
    "A",
];
const CACHING: &[&str] = &[
    "",
    "max-age",
    "=",
    "max-age=10",
    "max-age=-1",
    "max-age=99999999999999999999",
    "max-age=9223372036854775807",
    "\"",
    ",",
    " ",
    "no-store",
    "NO-CACHE",
    "s-maxage=1",
    "Thu, 01 Jan 2026 05:00:00 GMT",
    "Thu, 01 Jan 9999 23:59:59 GMT",
    "GMT",
    "0",
    "\u{fc}",
    "31 Feb",
];
const LOCATIONS: &[&str] = &[
    "",
    "/",
    "//",
    "\\",
    "https:",
    "https://",
    "HTTP://",
    "http:",
    "file:///",
    "javascript:",
    "data:,",
    "u:p@",
    "u@",
    "a.example",
    ":443",
    ":0",
    ":99999",
    "[::1]",
    "[",
    "127.1",
    "0x7f.1",
    "?",
    "#",
    "..",
    "%00",
    "%2f",
    " ",
    "\t",
    "xn--",
    "ü",
    "@",
    ":",
];

fn answer(body: Vec<u8>, headers: &[(HeaderName, String)]) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body));
    for (name, value) in headers {
        answer.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).expect("no control characters"));
    }
    answer
}

fn caching() -> impl Strategy<Value = Vec<(HeaderName, String)>> {
    let value = vec(select(CACHING), 0..5).prop_map(|pieces| pieces.concat());
    vec((select(vec![CACHE_CONTROL, EXPIRES]), value), 0..4)
}

fn read(answer: &Response<Bytes>) -> Result<(OwnedServerName, Millis), Cause> {
    WellKnown::new(Clock::stopped_at(NOW), 443, Duration::ZERO).read(answer)
}

proptest! {
    #[test]
    fn fuzz_any_bytes_are_a_document_or_not(body in vec(any::<u8>(), 0..200), headers in caching()) {
        let _ = read(&answer(body, &headers));
    }

    #[test]
    fn fuzz_a_changed_document_is_refused_or_names_a_server(
        edits in vec((any::<Index>(), 0_usize..4, select(PIECES)), 0..5), headers in caching(),
    ) {
        let mut body = br#"{"m.server":"delegated.example.net:8448","a":[1]}"#.to_vec();
        for (at, removed, piece) in edits {
            let at = at.index(body.len() + 1);
            let end = body.len().min(at + removed);
            body.splice(at..end, piece.bytes());
        }
        if let Ok((server, lifetime)) = read(&answer(body.clone(), &headers)) {
            let document: Value = serde_json::from_slice(&body).expect("it was read");
            prop_assert_eq!(document["m.server"].as_str(), Some(server.as_str()));
            prop_assert!((0..=MAX_LIFETIME).contains(&lifetime), "{}", lifetime);
        }
    }

    #[test]
    fn fuzz_a_redirect_is_refused_or_leads_to_https(location in vec(select(LOCATIONS), 0..7)) {
        let url = Url::parse("https://hs.example/.well-known/matrix/server").expect("a URL");
        let location = location.concat();
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_bytes(location.as_bytes()).expect("no control characters"))]);
        if let Ok(next) = next(&url, &headers) {
            prop_assert_eq!((next.scheme(), next.username(), next.password()), ("https", "", None));
            prop_assert!(next.host_str().is_some_and(|host| !host.is_empty()));
            let _ = destination(&next);
        }
    }
}
