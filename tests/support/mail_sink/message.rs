//! The parts of an email, for tests.

use base64::prelude::{BASE64_STANDARD, Engine};

/// An email as received.
#[derive(Clone, Debug)]
pub struct Message {
    /// `MAIL FROM`.
    pub from: String,
    /// Every `RCPT TO`.
    pub to: Vec<String>,
    /// True if it was received over TLS.
    pub tls: bool,
    /// User and password, if the client logged in.
    pub credentials: Option<(String, String)>,
    /// Header and body, dots unstuffed.
    pub raw: Vec<u8>,
}

impl Message {
    /// Returns the first header of that name, unfolded but not decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&lossy(&self.raw), name)
    }

    /// Returns the decoded subject.
    pub fn subject(&self) -> String {
        decode_words(&self.header("Subject").unwrap_or_default())
    }

    /// Returns the decoded `text/plain` part with `\n` line endings, or an empty string.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// Returns the decoded `text/html` part with `\n` line endings, or an empty string. The
    /// elements that keep mail programs from making links are left out.
    pub fn html(&self) -> String {
        self.part("text/html").replace("<span>.</span>", ".")
    }

    /// Returns the links of the text part, in order.
    pub fn links(&self) -> Vec<String> {
        let text = self.text();
        let words = text.split(|c: char| c.is_whitespace() || "<>\"".contains(c));
        words.filter(|word| word.starts_with("http://") || word.starts_with("https://")).map(str::to_owned).collect()
    }

    fn part(&self, kind: &str) -> String {
        lossy(&find_part(&lossy(&self.raw), kind).unwrap_or_default()).replace("\r\n", "\n")
    }
}

/// Returns the decoded content of the first part with the content type, at any depth.
pub fn find_part(entity: &str, kind: &str) -> Option<Vec<u8>> {
    let (_, body) = entity.split_once("\r\n\r\n")?;
    let content_type = header(entity, "Content-Type")?;
    if let Some(boundary) = content_type.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()) {
        let delimiter = format!("--{boundary}");
        return body.split(&delimiter).skip(1).find_map(|part| find_part(part.strip_prefix("\r\n")?, kind));
    }
    if !content_type.starts_with(kind) {
        return None;
    }
    let body = body.strip_suffix("\r\n").unwrap_or(body);
    Some(match header(entity, "Content-Transfer-Encoding")?.as_str() {
        "base64" => decode_base64(body.as_bytes()),
        "quoted-printable" => decode_quoted_printable(&body.replace("=\r\n", "")),
        _ => body.into(),
    })
}

fn header(entity: &str, name: &str) -> Option<String> {
    let head = entity.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

pub(super) fn decode_base64(text: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(text).expect("base64")
}

fn decode_quoted_printable(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut digit =
            || bytes.next().and_then(|digit| char::from(digit).to_digit(16)).expect("two hexadecimal digits");
        decoded.push(if byte == b'=' { u8::try_from(digit() * 16 + digit()).expect("a byte") } else { byte });
    }
    decoded
}

/// Decodes the encoded words of RFC 2047, assuming UTF-8.
fn decode_words(text: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("=?") {
        // White space between two encoded words is ignored.
        if decoded.is_empty() || !before.trim().is_empty() {
            decoded.extend_from_slice(before.as_bytes());
        }
        let mut fields = after.splitn(3, '?').skip(1);
        let (Some(encoding), Some(word)) = (fields.next(), fields.next()) else { break };
        let (word, tail) = word.split_once("?=").unwrap_or((word, ""));
        decoded.extend(match encoding {
            "b" | "B" => decode_base64(word.as_bytes()),
            _ => decode_quoted_printable(&word.replace('_', " ")),
        });
        rest = tail;
    }
    decoded.extend_from_slice(rest.as_bytes());
    lossy(&decoded)
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
