//! The small part of `WebDriver` (W3C, with chromedriver's additions) that the tests need. The
//! libraries for it enable `serde_json`'s `preserve_order` for every crate of the build, so the
//! tested server would differ from the one that ships.

use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The key of an element reference (`WebDriver` section 12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that are not characters (`WebDriver` section 17.4.2).
pub mod key {
    pub const TAB: &str = "\u{e004}";
    pub const ENTER: &str = "\u{e007}";
}

/// A driver session.
pub struct Driver {
    http: Client,
    session: String,
}

/// A reference to an element of the page.
pub struct Element(String);

impl Element {
    /// Reads the element that a script returned.
    #[track_caller]
    pub fn of(answer: &Value) -> Self {
        Self(answer[ELEMENT].as_str().unwrap_or_else(|| panic!("no element: {answer}")).to_owned())
    }

    /// Returns the reference as a script argument.
    pub fn to_argument(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }
}

impl Driver {
    /// Starts a session.
    pub async fn begin(driver: &str, capabilities: &Value) -> Result<Self, String> {
        let http = Client::builder().no_proxy().build().unwrap();
        let mut driver = Self { http, session: format!("{driver}/session") };
        let asked = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let id = driver.ask(Method::POST, "", asked).await?["sessionId"].as_str().unwrap().to_owned();
        driver.session = format!("{}/{id}", driver.session);
        Ok(driver)
    }

    pub async fn goto(&self, url: &str) {
        self.tell("/url", json!({ "url": url })).await;
    }

    /// Goes back, like the browser's button.
    pub async fn back(&self) {
        self.tell("/back", json!({})).await;
    }

    /// Runs a script in the page, and awaits the promise it returns, if any.
    pub async fn execute(&self, script: &str, arguments: Vec<Value>) -> Result<Value, String> {
        self.ask(Method::POST, "/execute/sync", json!({ "script": script, "args": arguments })).await
    }

    pub async fn current_url(&self) -> String {
        self.ask(Method::GET, "/url", Value::Null).await.unwrap().as_str().unwrap().to_owned()
    }

    pub async fn title(&self) -> String {
        self.ask(Method::GET, "/title", Value::Null).await.unwrap().as_str().unwrap().to_owned()
    }

    pub async fn click(&self, element: &Element) {
        self.tell(&format!("/element/{}/click", element.0), json!({})).await;
    }

    pub async fn clear(&self, element: &Element) {
        self.tell(&format!("/element/{}/clear", element.0), json!({})).await;
    }

    pub async fn send_keys(&self, element: &Element, text: &str) {
        self.tell(&format!("/element/{}/value", element.0), json!({ "text": text })).await;
    }

    /// Presses keys one after another in the focused element.
    pub async fn press(&self, keys: &str) {
        let strokes =
            keys.chars().flat_map(|key| ["keyDown", "keyUp"].map(|type_| json!({ "type": type_, "value": key })));
        let strokes: Vec<Value> = strokes.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.tell("/actions", json!({ "actions": [keyboard] })).await;
    }

    /// Returns the messages added to one of Chromium's logs since it was last read.
    pub async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.ask(Method::POST, "/se/log", json!({ "type": kind })).await.unwrap();
        entries.as_array().unwrap().clone()
    }

    /// Sends a command of the developer tools protocol.
    pub async fn develop(&self, method: &str, parameters: Value) -> Value {
        self.ask(Method::POST, "/goog/cdp/execute", json!({ "cmd": method, "params": parameters })).await.unwrap()
    }

    async fn tell(&self, path: &str, body: Value) {
        self.ask(Method::POST, path, body).await.unwrap();
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let request = self.http.request(method.clone(), format!("{}{path}", self.session));
        let request = if method == Method::GET { request } else { request.json(&body) };
        let response = request.send().await.map_err(|error| error.to_string())?;
        let is_done = response.status().is_success();
        let mut answer: Value = response.json().await.map_err(|error| error.to_string())?;
        if is_done { Ok(answer["value"].take()) } else { Err(answer["value"].to_string()) }
    }
}
