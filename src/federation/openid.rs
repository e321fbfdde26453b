//! Asking homeservers for the owner of an `OpenID` token ([Server-server
//! API](https://spec.matrix.org/latest/server-server-api/#get_matrixfederationv1openiduserinfo)).

use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use ruma_common::{OwnedUserId, ServerName};
use serde_json::Value;
use url::form_urlencoded;

use super::client::{Request, retry_after};
use super::{Cause, Error, Federation};
use crate::clock::HOUR;

/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The maximum length of a token that is passed on, in bytes. No homeserver issues longer ones.
const MAX_TOKEN_BYTES: usize = 4096;

impl Federation {
    /// Asks `server` for the owner of a token: `GET /_matrix/federation/v1/openid/userinfo`. The
    /// owner must be a user of that server, since a homeserver speaks only for its own users.
    ///
    /// # Errors
    /// [`Error::Blocked`] without asking; [`Error::Rejected`] if the homeserver refuses the token;
    /// [`Error::Untrusted`] if it names another server's user; [`Error::Unavailable`] for
    /// everything else.
    pub async fn userinfo(&self, server: &ServerName, access_token: &str) -> Result<OwnedUserId, Error> {
        if !self.rules.permit(server) {
            return Err(Error::Blocked);
        }
        if access_token.len() > MAX_TOKEN_BYTES {
            return Err(Error::Rejected);
        }
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("access_token", access_token).finish();
        let path = format!("/_matrix/federation/v1/openid/userinfo?{query}");
        let answer = self.request(server, Request::get(path, MAX_ANSWER_BYTES)).await;
        answer.map_err(Error::from).and_then(|answer| read(&answer, server)).inspect_err(|error| {
            if let Error::Unavailable { cause, .. } = error {
                log::warn!("a homeserver could not be asked about an OpenID token: {cause}");
            }
        })
    }
}

/// Reads an answer. Only a refusal counts against the token: 401 and 403, which is what Synapse,
/// Dendrite and the Conduit family answer, or an error code that says so. Any other status is a
/// failure of the homeserver or of a proxy in front of it, and so is a body without a `sub`, such
/// as an error page sent with status 200.
fn read(answer: &Response<Bytes>, server: &ServerName) -> Result<OwnedUserId, Error> {
    let status = answer.status();
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let field = |name: &str| body.get(name).and_then(Value::as_str);
    let is_refusal = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        || matches!(field("errcode"), Some("M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" | "M_UNAUTHORIZED" | "M_FORBIDDEN"));
    if is_refusal {
        return Err(Error::Rejected);
    }
    if status != StatusCode::OK {
        // The time is passed on to clients, so a homeserver cannot keep them away for longer.
        let retry_after = retry_after(answer).map(|wait| wait.min(HOUR));
        return Err(Error::Unavailable { cause: Cause::Status(status.as_u16()), retry_after });
    }
    let sub = field("sub").ok_or(Cause::Document)?;
    let user = OwnedUserId::try_from(sub).map_err(|_| Error::Untrusted)?;
    // Visible ASCII only: user IDs never allowed anything else, and it cannot disguise itself on a
    // page or in an email.
    let is_visible = user.validate_historical().is_ok();
    if is_visible && user.server_name() == server { Ok(user) } else { Err(Error::Untrusted) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::federation::testing::{Lab, NAME, Reply, server};

    async fn userinfo(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Result<OwnedUserId, Error> {
        let mut lab = Lab::new().await;
        let _peer = lab.homeserver(move |_| reply()).await;
        lab.federation().userinfo(&server(NAME), "token").await
    }

    async fn vouches_for(sub: &'static str) -> bool {
        userinfo(move || Reply::json(json!({ "sub": sub }).to_string())).await.is_ok_and(|user| user == sub)
    }

    #[tokio::test]
    async fn a_homeserver_vouches_for_its_own_user() {
        let mut lab = Lab::new().await;
        let peer =
            lab.homeserver(|_| Reply::json(json!({ "sub": format!("@alice:{NAME}"), "more": 1 }).to_string())).await;
        let user = lab.federation().userinfo(&server(NAME), "a&b=c/ü+ %#").await.unwrap();
        assert_eq!(user, format!("@alice:{NAME}"));
        let path = peer.seen()[0].line.clone();
        let (path, query) = path.split_once('?').unwrap();
        assert_eq!(path, "GET /_matrix/federation/v1/openid/userinfo");
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(pairs, [("access_token".to_owned(), "a&b=c/ü+ %#".to_owned())]);
    }

    #[tokio::test]
    async fn a_homeserver_does_not_vouch_for_users_of_others() {
        assert!(vouches_for("@Old_Style!:hs.example.org").await);
        for sub in [
            "@alice:example.org",
            "@alice:HS.example.org",
            "@alice:hs.example.org:8448",
            "@alice:hs.example.org.",
            "alice:hs.example.org",
            "@alice",
            "",
            "@:hs.example.org",
            "@a\r\nb:hs.example.org",
            "@\u{202e}a:hs.example.org",
        ] {
            assert!(!vouches_for(sub).await, "{sub:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_names_nobody_is_the_homeservers_fault() {
        for body in [
            "",
            "<!DOCTYPE html><title>Be right back</title>",
            "null",
            "{}",
            r#"{"sub":null}"#,
            r#"{"sub":["@alice:hs.example.org"]}"#,
            r#"["@alice:hs.example.org"]"#,
            r#""@alice:hs.example.org""#,
            r#"{"sub":"@alice:hs.exa"#,
        ] {
            assert_eq!(userinfo(move || Reply::json(body)).await, Err(Cause::Document.into()), "{body}");
        }
    }

    #[tokio::test]
    async fn a_status_other_than_a_refusal_is_the_homeservers_fault() {
        let bodies = [
            json!({ "sub": "@alice:hs.example.org" }).to_string(),
            json!({ "errcode": "M_UNRECOGNIZED" }).to_string(),
            "<html>".to_owned(),
        ];
        for status in [201, 204, 301, 302, 400, 404, 405, 408, 429, 500, 502, 503, 504] {
            for body in bodies.clone() {
                let answer = userinfo(move || Reply::Whole(status, Vec::new(), body.clone())).await;
                assert_eq!(answer, Err(Cause::Status(status).into()), "{status}");
            }
        }
    }

    #[tokio::test]
    async fn a_homeserver_says_how_long_to_wait_but_an_hour_at_most() {
        let unavailable = |status, retry_after| Err(Error::Unavailable { cause: Cause::Status(status), retry_after });
        for (value, wait) in [("120", Some(120_000)), ("86400", Some(HOUR)), ("0", None), ("-5", None), ("soon", None)]
        {
            let answer = userinfo(move || Reply::status(429).with("Retry-After", value)).await;
            assert_eq!(answer, unavailable(429, wait), "{value}");
        }
        let body = json!({ "errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500 }).to_string();
        let answer = userinfo(move || Reply::Whole(503, Vec::new(), body.clone())).await;
        assert_eq!(answer, unavailable(503, Some(1500)));
    }

    #[tokio::test]
    async fn a_refusal_counts_against_the_token() {
        for status in [401, 403] {
            assert_eq!(userinfo(move || Reply::status(status)).await, Err(Error::Rejected), "{status}");
            let page = move || Reply::Whole(status, Vec::new(), "<html>".to_owned());
            assert_eq!(userinfo(page).await, Err(Error::Rejected), "{status}");
        }
        for status in [200, 400, 404, 500] {
            let body = json!({ "errcode": "M_UNKNOWN_TOKEN" }).to_string();
            let answer = userinfo(move || Reply::Whole(status, Vec::new(), body.clone())).await;
            assert_eq!(answer, Err(Error::Rejected), "{status}");
        }
    }

    #[tokio::test]
    async fn an_answer_may_be_64_kib_long() {
        let padded = |length: usize| {
            let body = json!({ "sub": "@alice:hs.example.org" }).to_string();
            format!("{body}{}", " ".repeat(length - body.len()))
        };
        assert!(userinfo(move || Reply::json(padded(64 * 1024))).await.is_ok());
        assert_eq!(userinfo(move || Reply::json(padded(64 * 1024 + 1))).await, Err(Cause::TooLarge.into()));
    }

    #[tokio::test]
    async fn a_blocked_homeserver_is_not_contacted() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(|_| Reply::json(json!({ "sub": "@alice:hs.example.org" }).to_string())).await;
        lab.ports.web = peer.port();
        lab.settings.blocked_servers = vec![NAME.parse().unwrap()];
        assert_eq!(lab.federation().userinfo(&server(NAME), "token").await, Err(Error::Blocked));
        assert_eq!(peer.connections(), 0);
    }

    #[tokio::test]
    async fn an_overlong_token_is_not_sent() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(|_| Reply::json("{}")).await;
        let long = "x".repeat(MAX_TOKEN_BYTES + 1);
        assert_eq!(lab.federation().userinfo(&server(NAME), &long).await, Err(Error::Rejected));
        assert_eq!(peer.connections(), 0);
    }
}
