//! Whose `OpenID` token it is
//! ([Server-server API](https://spec.matrix.org/latest/server-server-api/#get_matrixfederationv1openiduserinfo)).

use hyper::StatusCode;
use hyper::body::Bytes;
use ruma_common::{OwnedUserId, ServerName};
use serde::Deserialize;
use url::form_urlencoded;

use super::client::Request;
use super::{Error, Federation};

/// The answer may have so many bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// No homeserver makes longer tokens.
const MAX_TOKEN_BYTES: usize = 4096;

#[derive(Deserialize)]
struct UserInfo {
    sub: OwnedUserId,
}

#[derive(Deserialize)]
struct Refusal {
    errcode: String,
}

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

fn read(status: StatusCode, body: &Bytes, server: &ServerName) -> Result<OwnedUserId, Error> {
    if status != StatusCode::OK {
        return Err(if is_refusal(status, body) { Error::Rejected } else { Error::Malformed });
    }
    let UserInfo { sub } = serde_json::from_slice(body).map_err(|_| Error::Malformed)?;
    if sub.server_name() == server { Ok(sub) } else { Err(Error::Malformed) }
}

/// A client error is about the token, since all else in the request is ours; behind some proxies only the code is left.
fn is_refusal(status: StatusCode, body: &[u8]) -> bool {
    status.is_client_error()
        || serde_json::from_slice(body).is_ok_and(|Refusal { errcode }| errcode == "M_UNKNOWN_TOKEN")
}
