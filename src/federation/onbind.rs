//! Notifying homeservers that an invited address was bound to one of their users ([Server-server
//! API](https://spec.matrix.org/latest/server-server-api/#put_matrixfederationv13pidonbind)).

use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, Response, StatusCode};
use ruma_common::ServerName;
use ruma_common::canonical_json::CanonicalJsonObject;
use tokio::time::Instant;

use super::client::{Request, retry_after};
use super::{Cause, Federation};
use crate::clock::Millis;

const PATH: &str = "/_matrix/federation/v1/3pid/onbind";
/// The longest answer that is read, in bytes. Only the time to wait is of interest.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The homeserver may have to ask the inviter's homeserver, and us for the validity of a key,
/// before it answers. No user waits for this request.
const PATIENCE: Duration = Duration::from_mins(1);

/// The homeserver's reaction.
#[derive(Debug, PartialEq, Eq)]
pub enum Reception {
    /// It accepted the notification.
    Taken,
    /// It will never accept it.
    Refused {
        /// The reason, without names.
        trouble: String,
    },
    /// It may accept it later.
    Later {
        /// The reason, without names.
        trouble: String,
        /// The time for which the homeserver wants to be left alone.
        retry_after: Option<Millis>,
    },
}

impl Federation {
    /// Notifies `server` by POST, which Synapse and Dendrite implement, or if that is unknown by
    /// PUT, which the specification requires. There is no `Authorization` header, because Synapse
    /// would try to verify it and answer 401; the signatures in `body` identify us. Both must be
    /// answered within a minute.
    ///
    /// # Panics
    /// Never panics: canonical JSON can always be serialised.
    pub async fn onbind(&self, server: &ServerName, body: &CanonicalJsonObject) -> Reception {
        let body = Bytes::from(serde_json::to_vec(body).expect("canonical JSON can be serialised"));
        let until = Instant::now() + PATIENCE;
        let tell = async |method: Method| {
            let request = Request::json(method, PATH, body.clone(), MAX_ANSWER_BYTES);
            self.request_within(until.saturating_duration_since(Instant::now()), server, request).await
        };
        match tell(Method::POST).await {
            Ok(answer) if is_unknown(answer.status()) => read(tell(Method::PUT).await),
            posted => read(posted),
        }
    }
}

fn is_unknown(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
}

fn read(answer: Result<Response<Bytes>, Cause>) -> Reception {
    let answer = match answer {
        Ok(answer) => answer,
        Err(cause) => return Reception::Later { trouble: format!("out of reach ({cause})"), retry_after: None },
    };
    let status = answer.status();
    let trouble = format!("answered {}", status.as_u16());
    if status.is_success() {
        return Reception::Taken;
    }
    let is_temporary =
        is_unknown(status) || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    if status.is_client_error() && !is_temporary {
        return Reception::Refused { trouble };
    }
    Reception::Later { trouble, retry_after: retry_after(&answer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::testing::{Lab, NAME, Reply, Seen, server};

    /// Returns the reception by a homeserver that gives this answer, and the requests it received.
    async fn told(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Reception, Vec<Seen>) {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(answer).await;
        let body = CanonicalJsonObject::from([("a".to_owned(), true.into())]);
        (lab.federation().onbind(&server(NAME), &body).await, peer.seen())
    }

    fn later(trouble: &str, retry_after: Option<Millis>) -> Reception {
        Reception::Later { trouble: trouble.to_owned(), retry_after }
    }

    #[tokio::test]
    async fn the_notification_is_posted_without_authorization() {
        let (reception, seen) = told(|_| Reply::json("{}")).await;
        assert_eq!((reception, seen.len()), (Reception::Taken, 1));
        assert_eq!(
            (seen[0].line.as_str(), seen[0].body.as_str()),
            ("POST /_matrix/federation/v1/3pid/onbind", r#"{"a":true}"#)
        );
        assert!(!seen[0].headers.contains_key("authorization"));
    }

    #[tokio::test]
    async fn put_is_tried_if_post_is_unknown() {
        for unknown in [404, 405] {
            let answer = move |seen: &Seen| {
                if seen.line.starts_with("PUT") { Reply::json("{}") } else { Reply::status(unknown) }
            };
            let (reception, seen) = told(answer).await;
            assert_eq!((reception, seen.len()), (Reception::Taken, 2));
            assert_eq!(
                (seen[1].line.as_str(), seen[1].body.as_str()),
                ("PUT /_matrix/federation/v1/3pid/onbind", r#"{"a":true}"#)
            );
            let (reception, seen) = told(move |_| Reply::status(unknown)).await;
            assert_eq!((reception, seen.len()), (later(&format!("answered {unknown}"), None), 2));
        }
    }

    #[tokio::test]
    async fn post_and_put_share_a_deadline() {
        let (reception, seen) = told(|seen: &Seen| {
            let reply = if seen.line.starts_with("PUT") {
                Reply::json("{}")
            } else {
                // From here on, time passes only while every task waits for it.
                tokio::time::pause();
                Reply::status(404)
            };
            reply.after(PATIENCE * 3 / 4)
        })
        .await;
        assert_eq!((reception, seen.len()), (later("out of reach (timeout)", None), 2));
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_a_fault_is_not() {
        for status in [400, 401, 403, 410, 413, 422] {
            let refused = Reception::Refused { trouble: format!("answered {status}") };
            assert_eq!(told(move |_| Reply::status(status)).await.0, refused);
        }
        for status in [302, 408, 429, 500, 502, 503] {
            assert_eq!(told(move |_| Reply::status(status)).await.0, later(&format!("answered {status}"), None));
        }
        assert_eq!(told(|_| Reply::Endless).await.0, later("out of reach (size)", None));
    }

    #[tokio::test]
    async fn a_homeserver_says_how_long_to_wait() {
        for (value, wait) in [("120", Some(120_000)), ("0", None), ("-5", None), ("soon", None)] {
            let answer = move |_: &Seen| Reply::status(429).with("Retry-After", value);
            assert_eq!(told(answer).await.0, later("answered 429", wait), "{value}");
        }
    }

    #[tokio::test]
    async fn a_homeserver_in_our_own_network_is_not_contacted() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(|_| Reply::json("{}")).await;
        lab.settings.allowed_ranges.clear();
        let reception = lab.federation().onbind(&server(NAME), &CanonicalJsonObject::new()).await;
        assert_eq!((reception, peer.connections()), (later("out of reach (filter)", None), 0));
    }
}
