//! Request bodies, read strictly: one JSON object, no key twice, no U+0000.

use std::fmt;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use ruma_common::canonical_json::{CanonicalJsonObject, try_from_json_map};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};
use tokio::time::{Instant, timeout_at};

use crate::error::Error;

/// The most bytes of a body, but for `lookup`.
pub const SMALL: usize = 64 * 1024;

/// How long the first byte may take; each [`PACE`] bytes that came give one second more.
const PATIENCE: Duration = Duration::from_secs(4);
const PACE: usize = 16 * 1024;

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// 413 if it is longer, 408 if it is slower than a bad telephone line, 400 if it breaks off.
pub async fn read(request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<Bytes, Error> {
    let begun = Instant::now();
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(Error::too_large());
    }
    let mut body = BytesMut::with_capacity(announced.unwrap_or_default());
    loop {
        let earned = Duration::from_secs((body.len() / PACE) as u64);
        let Ok(chunk) = timeout_at(begun + PATIENCE + earned, payload.next()).await else {
            return Err(Error::too_slow());
        };
        match chunk {
            None => return Ok(body.freeze()),
            Some(Err(_)) => return Err(Error::not_json()),
            Some(Ok(chunk)) if body.len() + chunk.len() > limit => return Err(Error::too_large()),
            Some(Ok(chunk)) => body.extend_from_slice(&chunk),
        }
    }
}

/// The parameters of a request: the fields of its JSON object.
pub struct Params(Map<String, Value>);

impl Params {
    /// Reads the body of a request, of at most [`SMALL`] bytes.
    ///
    /// # Errors
    /// As [`read`], and 400 if it is no JSON object.
    pub async fn read(request: &HttpRequest, payload: Payload) -> Result<Self, Error> {
        Self::parse(&read(request, payload, SMALL).await?)
    }

    /// As [`Self::read`], where there may be no body at all.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_if_any(request: &HttpRequest, payload: Payload) -> Result<Self, Error> {
        let body = read(request, payload, SMALL).await?;
        if body.is_empty() { Ok(Self(Map::new())) } else { Self::parse(&body) }
    }

    /// Parses a body.
    ///
    /// # Errors
    /// 400 `M_NOT_JSON` or `M_BAD_JSON`
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let Strict(value) = serde_json::from_slice(body).map_err(|error| refusal(&error))?;
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Error::bad_json("The body is not a JSON object")),
        }
    }

    /// All of them in canonical JSON, as homeservers sign them.
    ///
    /// # Errors
    /// 400 `M_BAD_JSON` if there is a number that canonical JSON cannot have.
    pub fn canonical(&self) -> Result<CanonicalJsonObject, Error> {
        let text = "A signed body has no numbers but integers from -(2^53)+1 to (2^53)-1";
        try_from_json_map(self.0.clone()).map_err(|_| Error::bad_json(text))
    }

    /// A string that must be there.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
    pub fn string(&mut self, name: &str) -> Result<String, Error> {
        match self.0.remove(name) {
            None => Err(Error::missing(name)),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(Error::invalid(name, "a string")),
        }
    }

    /// A string that may be absent or `null`.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM`
    pub fn optional_string(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(name, "a string")),
        }
    }

    /// A string that may be absent; of any other type it is as good as absent, and empty too.
    pub fn word(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// An integer that must be there. Element sends `send_attempt` as a JSON string, so decimal strings are taken too.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
    pub fn integer(&mut self, name: &str) -> Result<i64, Error> {
        let number = match self.0.remove(name) {
            None => return Err(Error::missing(name)),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number.ok_or_else(|| Error::invalid(name, "an integer"))
    }

    /// A number that may be absent or `null`, and is not used.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM`
    pub fn optional_number(&mut self, name: &str) -> Result<(), Error> {
        match self.0.remove(name) {
            None | Some(Value::Null | Value::Number(_)) => Ok(()),
            Some(_) => Err(Error::invalid(name, "a number")),
        }
    }

    /// A list of strings that must be there.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
    pub fn strings(&mut self, name: &str) -> Result<Vec<String>, Error> {
        let Some(value) = self.0.remove(name) else { return Err(Error::missing(name)) };
        serde_json::from_value(value).map_err(|_| Error::invalid(name, "a list of strings"))
    }

    /// A list of strings that may be absent; `null` is no list.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM`
    pub fn optional_strings(&mut self, name: &str) -> Result<Option<Vec<String>>, Error> {
        if self.0.contains_key(name) { self.strings(name).map(Some) } else { Ok(None) }
    }

    /// An object that must be there.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
    pub fn object(&mut self, name: &str) -> Result<Self, Error> {
        match self.0.remove(name) {
            None => Err(Error::missing(name)),
            Some(Value::Object(fields)) => Ok(Self(fields)),
            Some(_) => Err(Error::invalid(name, "an object")),
        }
    }
}

/// The Matrix error for what `serde_json` says.
pub(super) fn refusal(error: &serde_json::Error) -> Error {
    match error.classify() {
        Category::Data => Error::bad_json("The body is JSON of the wrong shape"),
        Category::Io | Category::Syntax | Category::Eof => Error::not_json(),
    }
}

/// Any JSON value with no key twice and no U+0000 in a string.
pub(super) struct Strict(pub Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value).map(|text| Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            without_nul::<A::Error>(&key)?;
            let Strict(value) = entries.next_value()?;
            if fields.insert(key, value).is_some() {
                return Err(de::Error::custom("a key that stands twice"));
            }
        }
        Ok(Value::Object(fields))
    }
}

/// `text`, unless it holds U+0000, which PostgreSQL cannot store and nobody writes.
pub(super) fn without_nul<E: de::Error>(text: &str) -> Result<&str, E> {
    if text.contains('\0') { Err(E::custom("a string with U+0000")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> &'static str {
        match Params::parse(body.as_bytes()) {
            Ok(_) => "",
            Err(error) => error.errcode(),
        }
    }

    #[test]
    fn only_one_plain_object_is_a_body() {
        for not_json in [
            "",
            "{",
            "nonsense",
            "{\"a\":NaN}",
            "{\"a\":Infinity}",
            "{\"a\":1e400}",
            r#"{"a":"\ud800"}"#,
            "{} {}",
            "{'a':1}",
        ] {
            assert_eq!(refused(not_json), "M_NOT_JSON", "{not_json}");
        }
        assert_eq!(refused(&("[".repeat(1_000) + &"]".repeat(1_000))), "M_NOT_JSON");
        assert_eq!(Params::parse(b"{\"a\":\"\xff\"}").err().unwrap().errcode(), "M_NOT_JSON");
        for bad in [
            "[]",
            "\"text\"",
            "null",
            "1",
            r#"{"a":1,"a":2}"#,
            r#"{"x":{"a":1,"a":1}}"#,
            r#"{"a":"\u0000"}"#,
            r#"{"\u0000":1}"#,
        ] {
            assert_eq!(refused(bad), "M_BAD_JSON", "{bad}");
        }
        assert_eq!(refused(r#"{"a":{"b":[1,-2,3.5,true,null]}}"#), "");
    }

    #[test]
    fn an_attempt_may_be_a_decimal_string() {
        let attempt =
            |json: &str| Params::parse(json.as_bytes()).unwrap().integer("n").map_err(|error| error.errcode());
        assert_eq!(attempt(r#"{"n":3}"#), Ok(3));
        assert_eq!(attempt(r#"{"n":"3"}"#), Ok(3));
        for wrong in ["\"\"", "\"x\"", "\"1.5\"", "1.5", "null", "[]", "{}", "true", "1e3", "99999999999999999999"] {
            assert_eq!(attempt(&format!("{{\"n\":{wrong}}}")), Err("M_INVALID_PARAM"), "{wrong}");
        }
        assert_eq!(attempt("{}"), Err("M_MISSING_PARAMS"));
    }
}
