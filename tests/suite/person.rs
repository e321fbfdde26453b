//! A person who uses an app with this server.

use serde_json::{Value, json};

use crate::world::{Answer, Server, World, hash, link, query};

/// A person with a Matrix account and an access token.
pub struct Person<'a> {
    pub world: &'a World,
    pub server: &'a Server,
    pub mxid: String,
    pub token: String,
}

/// The client secret of all sessions unless a test sets another.
pub const SECRET: &str = "monkeys_are_GREAT";

impl Person<'_> {
    /// `path` is below `/_matrix/identity/v2`.
    pub async fn get(&self, path: &str) -> Answer {
        self.server.get(&format!("/_matrix/identity/v2{path}"), Some(&self.token)).await
    }

    /// `path` is below `/_matrix/identity/v2`.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.server.post(&format!("/_matrix/identity/v2{path}"), Some(&self.token), &body).await
    }

    /// Accepts the first language of every offered policy.
    pub async fn accepts_everything(&self) {
        let terms = self.server.get("/_matrix/identity/v2/terms", None).await.ok();
        let urls: Vec<Value> =
            terms["policies"].as_object().unwrap().values().map(|policy| policy["en"]["url"].clone()).collect();
        self.post("/terms", json!({ "user_accepts": urls })).await.ok();
    }

    /// Requests validation of an address, and returns the sid.
    pub async fn asks_to_prove(&self, email: &str) -> String {
        let asked = json!({ "client_secret": SECRET, "email": email, "send_attempt": 1 });
        let answer = self.post("/validate/email/requestToken", asked).await.ok();
        answer["sid"].as_str().unwrap().to_owned()
    }

    /// Validates an address with the token from the mail, and returns the sid.
    pub async fn proves(&self, email: &str) -> String {
        let sid = self.asks_to_prove(email).await;
        let mail = self.world.validation_mail(email).await;
        let token = query(&link(&mail), "token");
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": token });
        self.post("/validate/email/submitToken", submitted).await.ok();
        sid
    }

    /// Validates and binds an address, and returns the signed association.
    pub async fn binds(&self, email: &str) -> Value {
        let sid = self.proves(email).await;
        self.binds_by(&sid).await.ok()
    }

    /// Binds a session's address.
    pub async fn binds_by(&self, sid: &str) -> Answer {
        self.post("/3pid/bind", json!({ "sid": sid, "client_secret": SECRET, "mxid": self.mxid })).await
    }

    /// Validates an address again and unbinds it.
    pub async fn unbinds(&self, email: &str) -> Answer {
        let sid = self.proves(email).await;
        let threepid = json!({ "medium": "email", "address": email });
        self.post(
            "/3pid/unbind",
            json!({ "sid": sid, "client_secret": SECRET, "mxid": self.mxid, "threepid": threepid }),
        )
        .await
    }

    /// Returns the current pepper.
    pub async fn pepper(&self) -> String {
        self.get("/hash_details").await.ok()["lookup_pepper"].as_str().unwrap().to_owned()
    }

    /// Looks up an e-mail address with the current pepper.
    pub async fn looks_up(&self, email: &str) -> Option<String> {
        let pepper = self.pepper().await;
        let hash = hash(email, &pepper);
        let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
        let answer = self.post("/lookup", asked).await.ok();
        answer["mappings"][&hash].as_str().map(str::to_owned)
    }
}
