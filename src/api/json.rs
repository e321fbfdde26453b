//! Request bodies, read strictly: one JSON object, no duplicate key, no U+0000.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::StreamExt;
use ruma_common::UserId;
use ruma_common::canonical_json::{CanonicalJsonObject, try_from_json_map};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};
use tokio::time::{Instant, timeout_at};
use url::form_urlencoded;

use super::bodies::{Bodies, Holder, Received};
use crate::config::Config;
use crate::error::Error;
use crate::http::{network, state};

/// The largest body in bytes, except for `lookup`.
pub(super) const SMALL: usize = 64 * 1024;

/// The time allowed for the first byte; each [`PACE`] bytes received add one second.
const PATIENCE: Duration = Duration::from_secs(4);
const PACE: usize = 16 * 1024;

/// The unread body of a request. A handler reads it after identifying the caller, so that 401 and
/// 403 take precedence over errors in the body.
pub(super) struct Body {
    announced: Option<usize>,
    payload: dev::Payload,
    bodies: Data<Bodies>,
    holders: Vec<Holder>,
}

impl FromRequest for Body {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let announced = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let network = network(request.head(), &state::<Config>(request).server.trusted_proxies);
        let (bodies, holders) = (state::<Bodies>(request).clone(), vec![Holder::Network(network), Holder::Everyone]);
        ready(Ok(Self { announced, payload: payload.take(), bodies, holders }))
    }
}

impl Body {
    /// Also counts the body towards the limit of the user who sends it.
    pub(super) fn counted_for(mut self, user: &UserId) -> Self {
        self.holders.insert(0, Holder::User(user.to_owned()));
        self
    }

    /// Reads a body of at most `limit` bytes.
    ///
    /// # Errors
    /// 413 if it is longer, 408 if it arrives too slowly, 400 if it is incomplete; 429 or 503 while
    /// other bodies take up too much memory.
    pub(super) async fn read(self, limit: usize) -> Result<Received, Error> {
        let Self { announced, mut payload, bodies, holders } = self;
        let begun = Instant::now();
        if announced.is_some_and(|length| length > limit) {
            return Err(Error::too_large());
        }
        let mut body = Received::new(bodies, holders, announced.unwrap_or_default());
        loop {
            let earned = Duration::from_secs((body.len() / PACE) as u64);
            let Ok(chunk) = timeout_at(begun + PATIENCE + earned, payload.next()).await else {
                return Err(Error::too_slow());
            };
            match chunk {
                None => return Ok(body),
                Some(Err(_)) => return Err(Error::not_json()),
                Some(Ok(chunk)) if body.len() + chunk.len() > limit => return Err(Error::too_large()),
                Some(Ok(chunk)) => body.add(&chunk)?,
            }
        }
    }

    /// Reads the parameters in a body of at most [`SMALL`] bytes.
    ///
    /// # Errors
    /// The same as [`Self::read`], and 400 if it is not a JSON object.
    pub(super) async fn params(self) -> Result<Params, Error> {
        Params::parse(&self.read(SMALL).await?)
    }

    /// Works like [`Self::params`], but accepts an empty body.
    ///
    /// # Errors
    /// The same as [`Self::params`].
    pub(super) async fn params_if_any(self) -> Result<Params, Error> {
        let body = self.read(SMALL).await?;
        if body.is_empty() { Ok(Params(Map::new())) } else { Params::parse(&body) }
    }

    /// Works like [`Self::params`], but also accepts a form, which version 1 of the API allows and
    /// Dendrite sends.
    ///
    /// # Errors
    /// The same as [`Self::params`], and 400 `M_BAD_JSON` if a field of the form is repeated or
    /// contains U+0000.
    pub(super) async fn params_or_form(self) -> Result<Params, Error> {
        let body = self.read(SMALL).await?;
        if body.trim_ascii_start().starts_with(b"{") { Params::parse(&body) } else { Params::parse_form(&body) }
    }
}

/// The parameters of a request: the fields of its JSON object.
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Parses a body.
    ///
    /// # Errors
    /// 400 `M_NOT_JSON` or `M_BAD_JSON`
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        let Strict(value) = serde_json::from_slice(body).map_err(|error| refusal(&error))?;
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Error::bad_json("The body is not a JSON object")),
        }
    }

    /// Parses a body of type `application/x-www-form-urlencoded`.
    fn parse_form(body: &[u8]) -> Result<Self, Error> {
        let mut fields = Map::new();
        for (name, value) in form_urlencoded::parse(body) {
            let is_clean = !name.contains('\0') && !value.contains('\0');
            if !is_clean || fields.insert(name.into_owned(), value.into_owned().into()).is_some() {
                return Err(Error::bad_json("The form repeats a field or contains U+0000"));
            }
        }
        Ok(Self(fields))
    }

    /// Returns the parameters as canonical JSON, which is what homeservers sign.
    ///
    /// # Errors
    /// 400 `M_BAD_JSON` if they contain a number that canonical JSON does not allow.
    pub(super) fn canonical(&self) -> Result<CanonicalJsonObject, Error> {
        let text = "Numbers in a signed body must be integers from -(2^53)+1 to (2^53)-1";
        try_from_json_map(self.0.clone()).map_err(|_| Error::bad_json(text))
    }

    /// Takes a required string.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
    pub(super) fn string(&mut self, name: &str) -> Result<String, Error> {
        match self.0.remove(name) {
            None => Err(Error::missing(name)),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(Error::invalid(name, "a string")),
        }
    }

    /// Takes a string that may be absent or `null`.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM`
    pub(super) fn optional_string(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(name, "a string")),
        }
    }

    /// Takes a string; anything else, including an empty string, counts as absent.
    pub(super) fn word(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Takes a required integer. Decimal strings are accepted too, because Element sends
    /// `send_attempt` as a JSON string.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
    pub(super) fn integer(&mut self, name: &str) -> Result<i64, Error> {
        let number = match self.0.remove(name) {
            None => return Err(Error::missing(name)),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number.ok_or_else(|| Error::invalid(name, "an integer"))
    }

    /// Takes a number that may be absent or `null`. One that is not a whole number counts as
    /// absent.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM`
    pub(super) fn optional_number(&mut self, name: &str) -> Result<Option<i64>, Error> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_i64()),
            Some(_) => Err(Error::invalid(name, "a number")),
        }
    }

    /// Takes a required list of strings.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
    pub(super) fn strings(&mut self, name: &str) -> Result<Vec<String>, Error> {
        let Some(value) = self.0.remove(name) else { return Err(Error::missing(name)) };
        serde_json::from_value(value).map_err(|_| Error::invalid(name, "a list of strings"))
    }

    /// Takes a list of strings that may be absent, but not `null`.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM`
    pub(super) fn optional_strings(&mut self, name: &str) -> Result<Option<Vec<String>>, Error> {
        if self.0.contains_key(name) { self.strings(name).map(Some) } else { Ok(None) }
    }

    /// Takes a required object.
    ///
    /// # Errors
    /// 400 `M_MISSING_PARAMS` or `M_INVALID_PARAM`
    pub(super) fn object(&mut self, name: &str) -> Result<Self, Error> {
        match self.0.remove(name) {
            None => Err(Error::missing(name)),
            Some(Value::Object(fields)) => Ok(Self(fields)),
            Some(_) => Err(Error::invalid(name, "an object")),
        }
    }
}

/// Converts an error of `serde_json`.
pub(super) fn refusal(error: &serde_json::Error) -> Error {
    match error.classify() {
        Category::Data => Error::bad_json("The body is JSON of the wrong shape"),
        Category::Io | Category::Syntax | Category::Eof => Error::not_json(),
    }
}

/// A JSON value without duplicate keys or U+0000.
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
                return Err(de::Error::custom("a duplicate key"));
            }
        }
        Ok(Value::Object(fields))
    }
}

/// Returns `text` unless it contains U+0000, which PostgreSQL cannot store.
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
    fn a_body_is_a_single_json_object() {
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
