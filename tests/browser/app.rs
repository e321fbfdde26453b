//! A person's Matrix app, used beside the browser.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vouch_test_support::mail_sink::Message;

use crate::world::World;

/// The client secret of the app's sessions.
const SECRET: &str = "monkeys_are_GREAT";

pub struct App<'a> {
    world: &'a World,
    pub mxid: String,
    /// The identity server's access token.
    pub token: String,
}

impl<'a> App<'a> {
    /// Registers a user who has not accepted any terms.
    pub async fn of(world: &'a World, localpart: &str) -> Self {
        let mut app = Self { world, mxid: world.homeserver.user_id(localpart), token: String::new() };
        let registered = app.ok(Method::POST, "/account/register", world.homeserver.openid_token(localpart)).await;
        registered["token"].as_str().unwrap().clone_into(&mut app.token);
        app
    }

    /// Registers a user and accepts every policy in English.
    pub async fn ready(world: &'a World, localpart: &str) -> Self {
        let app = Self::of(world, localpart).await;
        assert_eq!(app.accepts_everything().await.0, 200);
        app
    }

    /// Accepts all terms without asking the user, as some apps do. Returns status and errcode.
    pub async fn accepts_everything(&self) -> (u16, String) {
        let terms = self.ok(Method::GET, "/terms", json!({})).await;
        let policies = terms["policies"].as_object().unwrap().values();
        let urls: Vec<Value> = policies.map(|policy| policy["en"]["url"].clone()).collect();
        self.asks(Method::POST, "/terms", json!({ "user_accepts": urls })).await
    }

    /// Requests validation of an address, and returns the sid and the mail.
    pub async fn asks_to_prove(&self, email: &str) -> (String, Message) {
        let asked = json!({ "client_secret": SECRET, "email": email, "send_attempt": 1 });
        let answer = self.ok(Method::POST, "/validate/email/requestToken", asked).await;
        let is_it = |mail: &Message| mail.to == [email] && mail.text().contains("/submitToken?");
        (answer["sid"].as_str().unwrap().to_owned(), self.world.mail.wait_for(is_it).await)
    }

    /// Requests validation of a British phone number, and returns the sid.
    pub async fn asks_to_prove_phone(&self, number: &str) -> String {
        let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": number, "send_attempt": 1 });
        let answer = self.ok(Method::POST, "/validate/msisdn/requestToken", asked).await;
        answer["sid"].as_str().unwrap().to_owned()
    }

    /// Returns the URL at which a browser submits the code of a text message.
    pub fn code_path(sid: &str, code: &str) -> String {
        let query = format!("sid={sid}&client_secret={SECRET}&token={code}");
        format!("/_matrix/identity/v2/validate/msisdn/submitToken?{query}")
    }

    /// Validates and binds an address.
    pub async fn binds(&self, email: &str) {
        let (sid, mail) = self.asks_to_prove(email).await;
        let link = link(&mail, "/submitToken?");
        let opened = self.world.http.get(self.world.url(&link)).send().await.unwrap();
        assert_eq!(opened.status(), 200);
        let asked = json!({ "sid": sid, "client_secret": SECRET, "mxid": self.mxid });
        self.ok(Method::POST, "/3pid/bind", asked).await;
    }

    /// Invites an address to a room of this name.
    pub async fn invites(&self, email: &str, room_name: &str) {
        self.ok(Method::POST, "/store-invite", self.invitation(email, room_name)).await;
    }

    /// Invites an address, or returns the status and errcode of the refusal.
    pub async fn tries_to_invite(&self, email: &str) -> (u16, String) {
        self.asks(Method::POST, "/store-invite", self.invitation(email, "Garden")).await
    }

    fn invitation(&self, email: &str, room_name: &str) -> Value {
        json!({
            "medium": "email",
            "address": email,
            "room_id": "!garden:hs.example",
            "room_name": room_name,
            "sender": self.mxid,
        })
    }

    /// Looks up the Matrix ID of an address.
    pub async fn looks_up(&self, email: &str) -> Option<String> {
        let details = self.ok(Method::GET, "/hash_details", json!({})).await;
        let pepper = details["lookup_pepper"].as_str().unwrap();
        let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{email} email {pepper}")));
        let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
        let answer = self.ok(Method::POST, "/lookup", asked).await;
        answer["mappings"][&hash].as_str().map(str::to_owned)
    }

    /// Sends a request and returns status and errcode; `path` is below `/_matrix/identity/v2`.
    pub async fn asks(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.answer(method, path, body).await;
        (status, body["errcode"].as_str().unwrap_or_default().to_owned())
    }

    async fn ok(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.answer(method, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn answer(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = self.world.url(&format!("/_matrix/identity/v2{path}"));
        let mut request = self.world.http.request(method, url).json(&body);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

/// Returns path and query of the link in a mail that contains this text.
pub fn link(mail: &Message, part: &str) -> String {
    let link = mail.links().into_iter().find(|link| link.contains(part)).expect("the mail has such a link");
    link.strip_prefix(crate::world::URL).expect("it leads to the server").to_owned()
}
