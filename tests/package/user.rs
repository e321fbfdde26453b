//! A user of the server, through its API.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use vouch_test_support::homeserver::Homeserver;

pub struct User {
    http: Client,
    /// The URL of the server.
    pub url: String,
    /// The Matrix ID.
    pub id: String,
    token: String,
}

impl User {
    /// Registers a user of the homeserver, who accepts the package's policies.
    pub async fn register(http: &Client, url: &str, homeserver: &Homeserver, localpart: &str) -> Self {
        let (http, url, id) = (http.clone(), url.to_owned(), homeserver.user_id(localpart));
        let mut user = Self { http, url, id, token: String::new() };
        let registered = user.post("/account/register", &homeserver.openid_token(localpart)).await;
        registered["token"].as_str().unwrap().clone_into(&mut user.token);
        let terms = user.get("/terms").await;
        let policies = terms["policies"].as_object().unwrap().values();
        let urls: Vec<&Value> = policies.map(|policy| &policy["en"]["url"]).collect();
        assert_eq!(urls.len(), 2, "{terms}");
        user.post("/terms", &json!({ "user_accepts": urls })).await;
        user
    }

    /// Returns the owner of the token.
    pub async fn owner(&self) -> Value {
        self.get("/account").await["user_id"].take()
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, &Value::Null).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::POST, path, body).await
    }

    /// Sends a request, which must succeed, and returns the answer.
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/_matrix/identity/v2{path}", self.url);
        let request = self.http.request(method, url).bearer_auth(&self.token).json(body);
        let answer = request.send().await.unwrap();
        let (status, answer) = (answer.status(), answer.json().await.unwrap());
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}
