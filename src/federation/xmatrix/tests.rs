use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use super::*;
use crate::crypto::signing::SigningKeys;

const SIG: &str = "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ";

fn parse(params: &str) -> Result<XMatrix, NotACredential> {
    XMatrix::parse(format!("X-Matrix {}", params.replace("SIG", SIG)).as_bytes()).expect("the scheme is X-Matrix")
}

fn expected(destination: Option<&str>) -> XMatrix {
    XMatrix {
        origin: "hs.example:8448".try_into().unwrap(),
        destination: destination.map(str::to_owned),
        key: "ed25519:a_1".to_owned(),
        signature: Signature::parse(SIG).unwrap(),
    }
}

#[test]
fn equivalent_headers_are_read_alike() {
    for params in [
        r#"origin="hs.example:8448",destination="id.example",key="ed25519:a_1",sig="SIG""#,
        r#"sig="SIG",key="ed25519:a_1",destination="id.example",origin="hs.example:8448""#,
        r#"origin=hs.example:8448,destination=id.example,key=ed25519:a_1,sig="SIG""#,
        r#"  ORIGIN="hs.example:8448" ,	Destination = "id.example" , kEy	=	"ed25519:a_1", sig="SIG" "#,
        r#"origin="\h\s.example:8448",destination="id\.example",key="ed25519:a\_1",sig="SIG""#,
        r#",,origin="hs.example:8448",, ,destination="id.example",key="ed25519:a_1",sig="SIG",,"#,
        r#"origin="hs.example:8448",realm="a, \"b\"=c",destination="id.example",x=1,key="ed25519:a_1",sig="SIG""#,
        r#"origin="hs.example:8448",destination="id.example",key="ed25519:a_1",sig="SIG==""#,
    ] {
        assert_eq!(parse(params), Ok(expected(Some("id.example"))), "{params}");
    }
    let without = r#"origin="hs.example:8448",key="ed25519:a_1",sig="SIG""#;
    assert_eq!(parse(without), Ok(expected(None)));
}

#[test]
fn an_unverifiable_header_is_not_a_credential() {
    for params in [
        "",
        ",",
        "c2lnbmVk=",
        r#"destination="id.example",key="ed25519:a_1",sig="SIG""#,
        r#"origin="hs.example",sig="SIG""#,
        r#"origin="hs.example",key="ed25519:a_1""#,
        r#"origin="hs.example",key="ed25519:a_1",sig="""#,
        r#"origin="hs.example",key="ed25519:a_1",sig="abcd""#,
        r#"origin="hs.example",key="ed25519:a_1",sig=SIG"#,
        r#"origin="hs.example",key="rsa:1",sig="SIG""#,
        r#"origin="",key="ed25519:a_1",sig="SIG""#,
        r#"origin="a/b",key="ed25519:a_1",sig="SIG""#,
        r#"origin="hs.example",origin="hs.example",key="ed25519:a_1",sig="SIG""#,
        r#"origin="hs.example",Origin="hs.example",key="ed25519:a_1",sig="SIG""#,
        r#"origin="hs.example" key="ed25519:a_1",sig="SIG""#,
        r#"origin="hs.example"x,key="ed25519:a_1",sig="SIG""#,
        r#"origin="hs.example,key="ed25519:a_1",sig="SIG""#,
        r#"origin=,key="ed25519:a_1",sig="SIG""#,
        r#"="hs.example",key="ed25519:a_1",sig="SIG""#,
        r#"origin,key="ed25519:a_1",sig="SIG""#,
        r#"origin="hs.example",key="ed25519:a_1",sig="SIG"#,
        r#"origin="hs.example",key="ed25519:a_1",sig="SIG\"#,
        "origin=\"hs.example\r\n\",key=\"ed25519:a_1\",sig=\"SIG\"",
        "origin=\"hs.\u{e9}xample\",key=\"ed25519:a_1\",sig=\"SIG\"",
    ] {
        assert_eq!(parse(params), Err(NotACredential), "{params}");
    }
    let long = format!(r#"origin="hs.example",key="ed25519:a_1",sig="SIG",x={}"#, "x".repeat(MAX_BYTES));
    assert_eq!(parse(&long), Err(NotACredential));
    assert_eq!(XMatrix::parse(b"X-Matrix"), Some(Err(NotACredential)));
    let no_utf8 = [&b"X-Matrix key=\"ed25519:a\",sig=\""[..], SIG.as_bytes(), b"\",origin=\"\xff\""].concat();
    assert_eq!(XMatrix::parse(&no_utf8), Some(Err(NotACredential)));
}

#[test]
fn another_scheme_is_ignored() {
    for value in ["", "Bearer token", "X-Matrixorigin=a", "X-Matrix,origin=a", "XMatrix a=b"] {
        assert_eq!(XMatrix::parse(value.as_bytes()), None, "{value}");
    }
}

/// Pieces that are put into a good header: its grammar, its parts, and text that is in neither.
const PIECES: &[&str] = &[
    "",
    "\"",
    "\\",
    ",",
    "=",
    " ",
    "\t",
    ":",
    ",,",
    "\\\"",
    "origin",
    "origin=x",
    "destination",
    ",key=\"ed25519:b\"",
    "sig=",
    "realm=\"a\"",
    ",x=1",
    "[::1]",
    "1.2.3.4:80",
    "ü",
    "\u{0}",
    "\r\n",
    "\u{7f}",
    "A",
    "0",
    ";",
    "ed25519:",
    "%22",
    "🏰",
];

fn cased(text: &str, upper: &[bool]) -> String {
    let mut upper = upper.iter().cycle();
    text.chars().map(|c| if *upper.next().unwrap() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect()
}

fn quoted(text: &str, escaped: &[bool]) -> String {
    let mut escaped = escaped.iter().cycle();
    let escape =
        |c: char| if *escaped.next().unwrap() || matches!(c, '"' | '\\') { format!("\\{c}") } else { c.into() };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

proptest! {
    #[test]
    fn fuzz_any_bytes_are_a_credential_or_not(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = XMatrix::parse(&value);
        prop_assert!(XMatrix::parse(&[&b"X-Matrix "[..], &value].concat()).is_some());
    }

    #[test]
    fn fuzz_any_parameters_are_a_credential_or_not(
        value in r#"([a-z]{0,3}[ \t]?=[ \t]?"?[a-z\\",]{0,4}"?[, ]{0,2}){0,6}"#,
    ) {
        let _ = parse(&value);
    }

    /// Edits a good header. If the result can still be read, its parts are valid, and a header made
    /// of them is read the same.
    #[test]
    fn fuzz_a_changed_header_is_refused_or_read_by_the_grammar(
        edits in proptest::collection::vec((any::<Index>(), 0_usize..4, select(PIECES)), 0..5),
    ) {
        let good = format!(r#"X-Matrix origin="hs.example:8448",destination="id.example",key="ed25519:a_1",sig="{SIG}""#);
        let mut header = good.into_bytes();
        for (at, removed, piece) in edits {
            let at = at.index(header.len() + 1);
            let end = header.len().min(at + removed);
            header.splice(at..end, piece.bytes());
        }
        if let Some(Ok(read)) = XMatrix::parse(&header) {
            prop_assert!(ServerName::parse(read.origin.as_str()).is_ok());
            prop_assert!(read.key.starts_with("ed25519:") && read.key.len() <= MAX_ID_BYTES);
            let signature = BASE64_STANDARD.encode(read.signature.as_bytes());
            let destination = read.destination.as_ref().map(|name| format!("destination={},", quoted(name, &[false])));
            let again = format!(
                r#"X-Matrix {}origin="{}",key={},sig="{signature}""#,
                destination.unwrap_or_default(), read.origin, quoted(&read.key, &[false]),
            );
            prop_assert_eq!(XMatrix::parse(again.as_bytes()), Some(Ok(read)));
        }
    }

    #[test]
    fn order_case_space_and_quotes_do_not_matter(
        first in any::<Index>(), second in any::<Index>(),
        cases in proptest::collection::vec(any::<bool>(), 1..9),
        escapes in proptest::collection::vec(any::<bool>(), 1..9),
        space in select(vec!["", " ", "\t ", "  "]),
        note in "[ -~]{0,20}",
    ) {
        let wanted = expected(Some("id.example"));
        let mut params = [
            ("origin", wanted.origin.as_str()), ("destination", "id.example"), ("key", wanted.key.as_str()), ("sig", SIG), ("note", note.as_str()),
        ];
        let first = first.index(params.len());
        params.swap(0, first);
        let second = second.index(params.len());
        params.swap(1, second);
        let write = |(name, value): &(&str, &str)| {
            format!("{}{space}={space}{}", cased(name, &cases), quoted(value, &escapes))
        };
        let params = params.iter().map(write).collect::<Vec<_>>().join(&format!("{space},{space}"));
        let value = format!("{} {params}", cased("x-matrix", &cases));
        prop_assert_eq!(XMatrix::parse(value.as_bytes()), Some(Ok(wanted)));
    }
}

const LINE: &str = "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";

fn request() -> SignedRequest {
    let CanonicalJsonValue::Object(content) = json!({ "b": [1, null], "a": "ü" }).try_into().unwrap() else {
        unreachable!()
    };
    SignedRequest { method: "POST".to_owned(), uris: vec!["/base/x?y".to_owned(), "/x?y".to_owned()], content }
}

/// Returns whether [`request`] counts as signed by a signature over `object`.
fn is_accepted(object: serde_json::Value) -> bool {
    let CanonicalJsonValue::Object(mut object) = object.try_into().unwrap() else { unreachable!() };
    let keys = SigningKeys::parse(LINE, "hs.example".try_into().unwrap()).unwrap();
    keys.sign(&mut object);
    let signature = serde_json::to_value(object).unwrap()["signatures"]["hs.example"]["ed25519:1"].clone();
    let by = XMatrix {
        origin: "hs.example".try_into().unwrap(),
        destination: None,
        key: "ed25519:1".to_owned(),
        signature: Signature::parse(signature.as_str().unwrap()).unwrap(),
    };
    let key = PublicKey::parse(&keys.current().1).unwrap();
    request().is_signed(&by, &key, &["other.example".to_owned(), "id.example".to_owned()])
}

#[test]
fn the_signature_covers_the_whole_request() {
    let object = json!({
        "method": "POST", "uri": "/x?y", "origin": "hs.example", "destination_is": "id.example",
        "content": { "a": "ü", "b": [1, null] },
    });
    assert!(is_accepted(object.clone()));
    let with = |name: &str, value: serde_json::Value| {
        let mut object = object.clone();
        object[name] = value;
        is_accepted(object)
    };
    assert!(with("uri", json!("/base/x?y")));
    assert!(with("destination_is", json!("other.example")));
    let mut as_specified = object.clone();
    as_specified["destination"] = as_specified.as_object_mut().unwrap().remove("destination_is").unwrap();
    assert!(is_accepted(as_specified));
    for (name, value) in [
        ("method", json!("PUT")),
        ("uri", json!("/x")),
        ("uri", json!("/y/x?y")),
        ("origin", json!("other.example")),
        ("destination_is", json!("third.example")),
        ("destination", json!("id.example")),
        ("content", json!({ "a": "ü", "b": [1] })),
        ("more", json!(1)),
    ] {
        assert!(!with(name, value), "{name}");
    }
}
