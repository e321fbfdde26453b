//! Whose `OpenID` token it is
//! ([Server-server API](https://spec.matrix.org/latest/server-server-api/#get_matrixfederationv1openiduserinfo)).

use hyper::StatusCode;
use ruma_common::{OwnedUserId, ServerName};
use serde_json::Value;
use url::form_urlencoded;

use super::client::Request;
use super::{Error, Federation};

/// The answer may have so many bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// No homeserver makes longer tokens.
const MAX_TOKEN_BYTES: usize = 4096;

impl Federation {
    /// Asks `server` whose token this is: `GET /_matrix/federation/v1/openid/userinfo`.
    ///
    /// The user is one of that very server: a homeserver vouches for its own users and for nobody else's.
    ///
    /// # Errors
    /// [`Error::Blocked`] before anything is looked up; [`Error::Unreachable`], [`Error::Rejected`] and
    /// [`Error::Malformed`] after the homeserver's answer or silence.
    pub async fn userinfo(&self, server: &ServerName, access_token: &str) -> Result<OwnedUserId, Error> {
        if !self.may_register(server) {
            return Err(Error::Blocked);
        }
        if access_token.len() > MAX_TOKEN_BYTES {
            return Err(Error::Rejected);
        }
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("access_token", access_token).finish();
        let path = format!("/_matrix/federation/v1/openid/userinfo?{query}");
        let answer = self.request(server, Request::get(path, MAX_ANSWER_BYTES)).await?;
        read(answer.status(), answer.body(), server)
    }
}

fn read(status: StatusCode, body: &[u8], server: &ServerName) -> Result<OwnedUserId, Error> {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let field = |name: &str| answer.as_ref().and_then(|answer| answer.get(name)).and_then(Value::as_str);
    if status != StatusCode::OK {
        // A client error is about the token, since all else in the request is ours.
        let is_busy = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT;
        let is_refusal = (status.is_client_error() && !is_busy) || field("errcode") == Some("M_UNKNOWN_TOKEN");
        return Err(if is_refusal { Error::Rejected } else { Error::Malformed });
    }
    let user = field("sub").and_then(|sub| OwnedUserId::try_from(sub).ok()).ok_or(Error::Malformed)?;
    // Visible ASCII only: all that was ever given out, and nothing that could play tricks on a page or in a mail.
    let is_visible = user.validate_historical().is_ok();
    if is_visible && user.server_name() == server { Ok(user) } else { Err(Error::Malformed) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::federation::Cause;
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
    async fn a_homeserver_vouches_for_nobody_elses_user() {
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
    async fn an_answer_that_makes_no_sense_is_no_user() {
        for body in [
            "",
            "no json",
            "null",
            "{}",
            r#"{"sub":null}"#,
            r#"{"sub":["@alice:hs.example.org"]}"#,
            r#"["@alice:hs.example.org"]"#,
            r#""@alice:hs.example.org""#,
        ] {
            assert_eq!(userinfo(move || Reply::json(body)).await, Err(Error::Malformed), "{body}");
        }
        for status in [201, 302, 500, 502] {
            let body = json!({ "sub": "@alice:hs.example.org" }).to_string();
            let answer = userinfo(move || Reply::Whole(status, Vec::new(), body.clone())).await;
            assert_eq!(answer, Err(Error::Malformed), "{status}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_from_a_fault() {
        for status in [400, 401, 403, 404] {
            assert_eq!(userinfo(move || Reply::status(status)).await, Err(Error::Rejected), "{status}");
        }
        let body = json!({ "errcode": "M_UNKNOWN_TOKEN" }).to_string();
        assert_eq!(userinfo(move || Reply::Whole(500, Vec::new(), body.clone())).await, Err(Error::Rejected));
    }

    #[tokio::test]
    async fn an_answer_may_have_64_kib() {
        let padded = |length: usize| {
            let body = json!({ "sub": "@alice:hs.example.org" }).to_string();
            format!("{body}{}", " ".repeat(length - body.len()))
        };
        assert!(userinfo(move || Reply::json(padded(64 * 1024))).await.is_ok());
        let answer = userinfo(move || Reply::json(padded(64 * 1024 + 1))).await;
        assert_eq!(answer, Err(Error::Unreachable(Cause::TooLarge)));
    }

    #[tokio::test]
    async fn a_blocked_homeserver_is_not_even_looked_for() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(|_| Reply::json(json!({ "sub": "@alice:hs.example.org" }).to_string())).await;
        lab.ports.web = peer.port();
        lab.settings.blocked_servers = vec![NAME.parse().unwrap()];
        assert_eq!(lab.federation().userinfo(&server(NAME), "token").await, Err(Error::Blocked));
        assert_eq!(peer.connections(), 0);
    }

    #[tokio::test]
    async fn a_token_that_no_homeserver_makes_is_not_sent() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(|_| Reply::json("{}")).await;
        let long = "x".repeat(MAX_TOKEN_BYTES + 1);
        assert_eq!(lab.federation().userinfo(&server(NAME), &long).await, Err(Error::Rejected));
        assert_eq!(peer.connections(), 0);
    }

    #[test]
    fn the_outside_learns_nothing_of_why_a_server_was_out_of_reach() {
        let texts = [Cause::Dns, Cause::Filter, Cause::Connect, Cause::Timeout, Cause::Tls]
            .map(|cause| Error::Unreachable(cause).to_string());
        assert!(texts.iter().all(|text| *text == texts[0]));
    }
}
