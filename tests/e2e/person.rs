//! A user of the homeserver, and what users do.

use std::time::Instant;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use vouch_test_support::mail_sink::Message;

use super::world::{Answer, PATIENCE, World};

/// The password on the homeserver.
pub const PASSWORD: &str = "wordpass";

pub struct Person<'a> {
    pub world: &'a World,
    pub mxid: String,
    /// The access token of the homeserver.
    pub token: String,
    /// The access token of the identity server, empty before [`Self::registers`].
    pub id_token: String,
}

/// A session that has proved an address.
pub struct Session {
    pub sid: String,
    pub client_secret: String,
}

impl<'a> Person<'a> {
    /// Creates an account on the homeserver.
    pub async fn join(world: &'a World, localpart: &str) -> Self {
        let asked = json!({ "username": localpart, "password": PASSWORD, "auth": { "type": "m.login.dummy" } });
        let url = format!("{}/_matrix/client/v3/register", world.synapse.url);
        let account = Answer::to(world.request(Method::POST, &url, None).json(&asked)).await.ok();
        Self { world, mxid: text(&account["user_id"]), token: text(&account["access_token"]), id_token: String::new() }
    }

    /// Sends a request to the homeserver, with a path relative to `/_matrix/client/v3`.
    pub async fn homeserver(&self, method: Method, path: &str, body: Value) -> Answer {
        let url = format!("{}/_matrix/client/v3{path}", self.world.synapse.url);
        Answer::to(self.world.request(method, &url, Some(&self.token)).json(&body)).await
    }

    /// Sends a request to the identity server, with a path relative to `/_matrix/identity/v2`.
    pub async fn identity_server(&self, method: Method, path: &str, body: Value) -> Answer {
        let url = format!("{}/_matrix/identity/v2{path}", self.world.vouch.url);
        let token = Some(self.id_token.as_str()).filter(|token| !token.is_empty());
        Answer::to(self.world.request(method, &url, token).json(&body)).await
    }

    /// Fetches an OpenID token from the homeserver.
    pub async fn openid_token(&self) -> Value {
        let path = format!("/user/{}/openid/request_token", encode(&self.mxid));
        self.homeserver(Method::POST, &path, json!({})).await.ok()
    }

    /// Registers at the identity server with an OpenID token of the homeserver.
    pub async fn registers(&mut self) {
        let openid = self.openid_token().await;
        let registered = self.identity_server(Method::POST, "/account/register", openid).await.ok();
        self.id_token = text(&registered["token"]);
    }

    /// Accepts the English version of every policy.
    pub async fn accepts_the_terms(&self) {
        self.would_accept_the_terms().await.ok();
    }

    /// Tries to accept it, and returns the answer.
    pub async fn would_accept_the_terms(&self) -> Answer {
        let terms = self.identity_server(Method::GET, "/terms", json!({})).await.ok();
        let policies = terms["policies"].as_object().unwrap();
        let urls: Vec<&Value> = policies.values().map(|policy| &policy["en"]["url"]).collect();
        self.identity_server(Method::POST, "/terms", json!({ "user_accepts": urls })).await
    }

    /// Proves an email address by the link in the email.
    pub async fn proves(&self, email: &str) -> Session {
        let client_secret = format!("{:032x}", rand::random::<u128>());
        let asked = json!({ "client_secret": client_secret, "email": email, "send_attempt": 1 });
        let answer = self.identity_server(Method::POST, "/validate/email/requestToken", asked).await.ok();
        assert_eq!(self.opens_the_link(email, &client_secret).await.status(), 200);
        Session { sid: text(&answer["sid"]), client_secret }
    }

    /// Opens the link in the email of a validation session. Returns the page or redirect.
    pub async fn opens_the_link(&self, email: &str, client_secret: &str) -> Response {
        let link = |mail: &Message| mail.links().into_iter().find(|link| link.contains(client_secret));
        let mail = self.world.mail.wait_for(|mail| mail.to == [email] && link(mail).is_some()).await;
        self.world.request(Method::GET, &link(&mail).unwrap(), None).send().await.unwrap()
    }

    /// Makes the homeserver bind the address that a session has proved.
    pub async fn binds_through_the_homeserver(&self, session: &Session) {
        let body = json!({
            "sid": session.sid,
            "client_secret": session.client_secret,
            "id_server": self.world.vouch.name,
            "id_access_token": self.id_token,
        });
        self.homeserver(Method::POST, "/account/3pid/bind", body).await.ok();
    }

    /// Proves an email address and binds it through the homeserver.
    pub async fn binds(&self, email: &str) {
        self.binds_through_the_homeserver(&self.proves(email).await).await;
    }

    /// Looks an email address up by its hash.
    pub async fn looks_up(&self, email: &str) -> Option<String> {
        let details = self.identity_server(Method::GET, "/hash_details", json!({})).await.ok();
        let pepper = text(&details["lookup_pepper"]);
        let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{email} email {pepper}")));
        let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
        let answer = self.identity_server(Method::POST, "/lookup", asked).await.ok();
        answer["mappings"][&hash].as_str().map(str::to_owned)
    }

    /// Creates a room with this name, and invites email addresses in the same request.
    pub async fn creates_a_room(&self, name: &str, invited: &[&str]) -> String {
        let invitations: Vec<Value> = invited.iter().map(|email| self.invite("email", email)).collect();
        let body = json!({ "name": name, "preset": "private_chat", "invite_3pid": invitations });
        text(&self.homeserver(Method::POST, "/createRoom", body).await.ok()["room_id"])
    }

    /// Makes the homeserver invite an address.
    pub async fn invites(&self, medium: &str, address: &str, room: &str) {
        let path = format!("/rooms/{}/invite", encode(room));
        self.homeserver(Method::POST, &path, self.invite(medium, address)).await.ok();
    }

    fn invite(&self, medium: &str, address: &str) -> Value {
        let (server, token) = (&self.world.vouch.name, &self.id_token);
        json!({ "id_server": server, "id_access_token": token, "medium": medium, "address": address })
    }

    /// Returns the membership event of a user in a room, as this user sees it.
    pub async fn member(&self, room: &str, mxid: &str) -> Option<Value> {
        let events = self.state(room).await;
        events.into_iter().find(|event| event["type"] == "m.room.member" && event["state_key"] == mxid)
    }

    /// Returns the state of a room.
    pub async fn state(&self, room: &str) -> Vec<Value> {
        let state = self.homeserver(Method::GET, &format!("/rooms/{}/state", encode(room)), json!({})).await.ok();
        state.as_array().unwrap().clone()
    }

    /// Waits until a user is invited to a room by Matrix ID, and returns the event.
    pub async fn sees_invited(&self, room: &str, mxid: &str) -> Value {
        let begun = Instant::now();
        loop {
            if let Some(event) = self.member(room, mxid).await {
                assert_eq!(event["content"]["membership"], "invite", "{event}");
                return event;
            }
            assert!(begun.elapsed() < PATIENCE, "nobody is invited: {:#?}", self.state(room).await);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// Joins a room, with the signed invitation if there is one.
    pub async fn joins(&self, room: &str, third_party_signed: Option<Value>) {
        let body = json!({ "third_party_signed": third_party_signed });
        self.homeserver(Method::POST, &format!("/rooms/{}/join", encode(room)), body).await.ok();
    }

    /// Makes the homeserver unbind an email address, and returns its answer.
    pub async fn unbinds_through_the_homeserver(&self, email: &str) -> Value {
        let body = json!({ "id_server": self.world.vouch.name, "medium": "email", "address": email });
        self.homeserver(Method::POST, "/account/3pid/unbind", body).await.ok()["id_server_unbind_result"].take()
    }

    /// Sends a request that has to be confirmed with the password.
    pub async fn confirm(&self, path: &str, mut body: Value) -> Answer {
        body["auth"] = self.auth();
        self.homeserver(Method::POST, path, body).await
    }

    /// Returns the authentication by password.
    pub fn auth(&self) -> Value {
        let user = json!({ "type": "m.id.user", "user": self.mxid });
        json!({ "type": "m.login.password", "identifier": user, "password": PASSWORD })
    }
}

/// Returns a string that must be present.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Encodes a path segment.
pub fn encode(segment: &str) -> String {
    let mut url = Url::parse("https://localhost").unwrap();
    url.path_segments_mut().unwrap().push(segment);
    url.path().trim_start_matches('/').to_owned()
}
