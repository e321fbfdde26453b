//! Telling a homeserver that an address was bound to one of its users, who is invited
//! ([Server-server API](https://spec.matrix.org/latest/server-server-api/#put_matrixfederationv13pidonbind)).

use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::RETRY_AFTER;
use hyper::{Method, Response, StatusCode};
use ruma_common::ServerName;
use ruma_common::canonical_json::CanonicalJsonObject;
use serde_json::Value;

use super::client::Request;
use super::{Error, Federation};
use crate::clock::{Millis, SECOND};

const PATH: &str = "/_matrix/federation/v1/3pid/onbind";
/// The answer may have so many bytes; all that is read of it is how long to wait.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Before it answers, the homeserver may have to ask that of the inviter, and ours whether a key is still valid. Nobody waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Reception {
    /// The homeserver took it.
    Taken,
    /// It never will.
    Refused {
        /// Why, in words that name nobody.
        trouble: String,
    },
    /// It may take it another time.
    Later {
        /// Why, in words that name nobody.
        trouble: String,
        /// How long the homeserver wants to be left alone.
        retry_after: Option<Millis>,
    },
}

impl Federation {
    /// Tells `server`: by POST, which is what Synapse and Dendrite know, and where that is unknown by PUT, which is what the specification says.
    /// Nothing shows who we are but the signatures in `body`: Synapse tries to verify an `Authorization` header, and answers 401.
    pub async fn onbind(&self, server: &ServerName, body: &CanonicalJsonObject) -> Reception {
        let body = Bytes::from(serde_json::to_vec(body).expect("canonical JSON can be written"));
        let posted = self.tell(server, Method::POST, body.clone()).await;
        match posted {
            Ok(answer) if is_unknown(answer.status()) => read(self.tell(server, Method::PUT, body).await),
            posted => read(posted),
        }
    }

    async fn tell(&self, server: &ServerName, method: Method, body: Bytes) -> Result<Response<Bytes>, Error> {
        self.request_within(PATIENCE, server, Request::json(method, PATH, body, MAX_ANSWER_BYTES)).await
    }
}

fn is_unknown(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
}

fn read(answer: Result<Response<Bytes>, Error>) -> Reception {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Error::Unreachable(cause)) => {
            return Reception::Later { trouble: format!("out of reach ({cause})"), retry_after: None };
        }
        Err(error) => return Reception::Later { trouble: error.to_string(), retry_after: None },
    };
    let status = answer.status();
    let trouble = format!("answered {}", status.as_u16());
    if status.is_success() {
        return Reception::Taken;
    }
    let is_for_now =
        is_unknown(status) || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    if status.is_client_error() && !is_for_now {
        return Reception::Refused { trouble };
    }
    Reception::Later { trouble, retry_after: retry_after(&answer) }
}

/// How long to wait: the header's seconds, or what homeservers said before there was a header.
fn retry_after(answer: &Response<Bytes>) -> Option<Millis> {
    let header = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let seconds = header.map(|seconds: Millis| seconds.saturating_mul(SECOND));
    let in_body = || serde_json::from_slice::<Value>(answer.body()).ok()?.get("retry_after_ms")?.as_i64();
    seconds.or_else(in_body).filter(|wait| *wait > 0)
}
