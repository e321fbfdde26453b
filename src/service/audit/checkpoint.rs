//! Checkpoints: signed statements by the server about the end of the audit log at some time. They
//! go into the server's own log, which is out of reach for somebody who alters the database.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use ruma_common::ServerName;
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue, to_canonical_value};
use serde_json::{Value, json};

use crate::clock::Millis;
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::Place;

/// The text before the object in a line of the log.
pub(super) const MARK: &str = "audit checkpoint ";
const TYPE: &str = "im.vouch.audit_checkpoint";

/// The end of the audit log at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The time.
    pub at: Millis,
    /// The last entry.
    pub place: Place,
}

/// Checkpoints by the number of the last entry.
#[derive(Clone, Debug, Default)]
pub struct Checkpoints(pub(super) BTreeMap<i64, Vec<Checkpoint>>);

impl Checkpoint {
    /// Returns it as a signed object in one line.
    pub(super) fn signed(self, signing: &SigningKeys, server_name: &ServerName) -> String {
        let object = json!({
            "type": TYPE,
            "server_name": server_name,
            "at": self.at,
            "sequence": self.place.sequence,
            "link": BASE64_STANDARD_NO_PAD.encode(self.place.link),
        });
        let Ok(CanonicalJsonValue::Object(mut object)) = to_canonical_value(object) else {
            unreachable!("a name, numbers and a text are canonical JSON")
        };
        signing.sign(&mut object);
        serde_json::to_string(&object).expect("canonical JSON can be serialised")
    }

    /// Returns the checkpoint in a line of a log, or `None` if there is none.
    ///
    /// # Errors
    /// Describes what is wrong with it.
    fn find(line: &str, signing: &SigningKeys) -> Option<Result<Self, &'static str>> {
        let text = message(line);
        let (_, object) = text.split_once(MARK)?;
        let mut values = serde_json::Deserializer::from_str(object).into_iter::<CanonicalJsonObject>();
        let Some(Ok(object)) = values.next() else { return Some(Err("it is not a complete object")) };
        if !signing.has_signed(&object) {
            return Some(Err("it is not signed by a key of this server"));
        }
        Some(Self::parse(&Value::from(CanonicalJsonValue::Object(object))).ok_or("it is not a checkpoint"))
    }

    fn parse(object: &Value) -> Option<Self> {
        let link = BASE64_STANDARD_NO_PAD.decode(object["link"].as_str()?).ok()?.try_into().ok()?;
        let place = Place { sequence: object["sequence"].as_i64()?, link };
        (object["type"] == TYPE).then_some(Self { at: object["at"].as_i64()?, place })
    }
}

/// Returns the message of a line: lines may be JSON, and journald wraps them in JSON again.
fn message(line: &str) -> String {
    let object: Option<Value> = serde_json::from_str(line).ok();
    let inner = object.and_then(|object| Some(object["message"].as_str().or(object["MESSAGE"].as_str())?.to_owned()));
    inner.map_or_else(|| line.to_owned(), |inner| message(&inner))
}

impl Checkpoints {
    /// Reads the checkpoints in the lines of a log, plain or JSON.
    ///
    /// # Errors
    /// Describes what is wrong, with the number of the line, including when there are none.
    pub fn read(log: &str, signing: &SigningKeys) -> Result<Self, String> {
        let mut found = Self::default();
        for (number, line) in log.lines().enumerate() {
            match Checkpoint::find(line, signing) {
                None => {}
                Some(Ok(checkpoint)) => found.0.entry(checkpoint.place.sequence).or_default().push(checkpoint),
                Some(Err(problem)) => return Err(format!("the checkpoint in line {}: {problem}", number + 1)),
            }
        }
        if found.0.is_empty() { Err("it contains no checkpoint".to_owned()) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";
    const OTHER: &str = "ed25519 2 bWFkZSBvZiBub3RoaW5nIGJ1dCBieXRlcyAhISEhISE";

    fn keys(text: &str) -> SigningKeys {
        SigningKeys::parse(text, <&ServerName>::try_from("id.example").unwrap()).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { at: 1_795_435_200_000, place: Place { sequence: 7, link: [9; 32] } }
    }

    fn line() -> String {
        format!("{MARK}{}", checkpoint().signed(&keys(LINE), <&ServerName>::try_from("id.example").unwrap()))
    }

    #[test]
    fn a_checkpoint_is_found_in_plain_lines_and_in_json_of_the_server_and_of_journald() {
        let plain = format!("[2026-11-23T12:00:00Z INFO  vouch::service::audit] {}", line());
        let ours = json!({ "time": "now", "level": "INFO", "message": line() }).to_string();
        let journal = json!({ "MESSAGE": ours.clone(), "_PID": "1" }).to_string();
        for text in [plain, ours, journal] {
            let log = format!("something else\n{{\"message\": 5}}\n{text}\n");
            let found = Checkpoints::read(&log, &keys(LINE)).unwrap();
            assert_eq!(found.0[&7], [checkpoint()], "{log}");
        }
        let renewed = keys(&format!("{OTHER}\n{LINE}\n"));
        assert!(Checkpoints::read(&line(), &renewed).is_ok(), "an older key still verifies");
    }

    #[test]
    fn one_that_is_forged_cut_or_missing_is_an_error() {
        let forged = line().replace("\"sequence\":7", "\"sequence\":6");
        assert_ne!(forged, line());
        for (log, problem) in [
            (format!("x\n{forged}"), "line 2: it is not signed"),
            (line()[..60].to_owned(), "line 1: it is not a complete object"),
            ("x\ny".to_owned(), "it contains no checkpoint"),
            (format!("{MARK}{{}}"), "line 1: it is not signed"),
        ] {
            let error = Checkpoints::read(&log, &keys(LINE)).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
        assert!(Checkpoints::read(&line(), &keys(OTHER)).is_err());
    }
}
