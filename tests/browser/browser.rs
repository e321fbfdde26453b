//! Actions of a person in a browser.

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use url::Url;

use crate::chromium::Chromium;
use crate::driver::{Driver, Element, key};
use crate::world::{PATIENCE, URL, World};

/// Finds a visible element by its text, value or label.
const CALLED: &str = "
    const [words, kinds] = arguments;
    const plain = (text) => (text ?? '').replace(/\\s+/g, ' ').trim();
    const names = (element) => [element.innerText, element.value, element.getAttribute('aria-label')].map(plain);
    const shown = [...document.querySelectorAll(kinds)].filter((element) => element.checkVisibility());
    return shown.find((element) => names(element).includes(words)) ?? null;
";

/// Elements that can be clicked.
const CLICKABLE: &str = "a, button, summary, label, input[type=submit]";

/// A Chromium window; it closes when dropped.
pub struct Browser {
    chromium: Chromium,
    pub(crate) traffic: Mutex<Traffic>,
}

/// The browser's requests so far.
#[derive(Default)]
pub struct Traffic {
    sent: Vec<Sent>,
    /// The page loads among them, oldest first: URL and request ID.
    pub(crate) pages: Vec<(Url, Value)>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    pub url: Url,
    /// The body, if it is small.
    pub body: String,
}

/// The emulated screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// 390 points wide.
    Phone,
    /// 320 points wide, the narrowest that the accessibility guidelines ask for.
    NarrowPhone,
    /// 1280 points wide.
    Desktop,
}

/// The preferred colour scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    Day,
    Night,
}

impl Browser {
    /// Opens an English browser with a desktop screen and light colours.
    pub async fn open(world: &World) -> Self {
        Self::open_in(world, "en").await
    }

    /// Opens a browser that prefers these languages, such as `fr-CA,fr,en`.
    pub async fn open_in(world: &World, languages: &str) -> Self {
        Self::open_where(world.folder.path(), &world.resolver_rules(), languages).await
    }

    /// Opens a browser in any world, with the authority in its folder and these resolver rules.
    pub async fn open_where(folder: &Path, resolver_rules: &str, languages: &str) -> Self {
        let chromium = Chromium::start(folder, resolver_rules, languages).await;
        let browser = Self { chromium, traffic: Mutex::default() };
        browser.look(Screen::Desktop, Light::Day).await;
        browser
    }

    /// Opens a path of the server, or another URL, and waits until it is loaded.
    pub async fn visit(&self, path: &str) {
        let url = if path.starts_with('/') { format!("{URL}{path}") } else { path.to_owned() };
        self.driver().goto(&url).await;
    }

    /// Clicks the link, button or label with this text, and waits for the page it opens, if any.
    pub async fn click(&self, words: &str) {
        self.driver().click(&self.find(words, CLICKABLE).await).await;
    }

    /// Replaces the content of the field with this label.
    pub async fn type_into(&self, label: &str, text: &str) {
        let label = self.find(label, "label").await;
        let field = self.run("return arguments[0].control", vec![label.to_argument()]).await;
        let field = Element::of(&field);
        self.driver().clear(&field).await;
        self.driver().send_keys(&field, text).await;
    }

    /// Presses keys in the focused element.
    pub async fn press(&self, keys: &str) {
        self.driver().press(keys).await;
    }

    /// Presses Tab, and returns the text of the newly focused element.
    pub async fn tab(&self) -> String {
        self.press(key::TAB).await;
        self.focused().await
    }

    /// Returns the text of the focused element, or an empty string.
    pub async fn focused(&self) -> String {
        let words = "
            const focused = document.activeElement;
            if (focused === document.body) return '';
            return (focused.innerText || focused.labels?.[0]?.innerText || focused.id).trim();
        ";
        text(&self.run(words, vec![]).await)
    }

    /// Waits for a page with this heading. Every kind of space is compared as an ordinary one.
    pub async fn reads(&self, heading: &str) {
        let is_there = "
            const heading = document.querySelector('h1')?.innerText ?? '';
            return document.readyState === 'complete' && heading.replace(/\\s+/g, ' ').trim()
        ";
        self.until(&format!("no heading “{heading}”"), async || {
            self.try_run(is_there, vec![]).await.filter(|found| *found == heading)
        })
        .await;
    }

    /// Waits until the page contains this text.
    pub async fn says(&self, words: &str) {
        self.until(&format!("no “{words}”"), async || self.words().await.contains(words).then_some(())).await;
    }

    /// Waits until the page, or the one that replaces it, no longer contains this text.
    pub async fn says_no_more(&self, words: &str) {
        let is_gone = |page: String| !page.is_empty() && !page.contains(words);
        self.until(&format!("still “{words}”"), async || is_gone(self.words().await).then_some(())).await;
    }

    /// Waits for a downloaded file of this name, and reads it.
    pub async fn downloaded(&self, name: &str) -> String {
        let path = self.chromium.downloads.join(name);
        // It has another name until it is complete; an empty file may keep its own free until then.
        let content = async || fs::read_to_string(&path).ok().filter(|text| !text.is_empty());
        self.until(&format!("no file {name}"), content).await
    }

    /// Returns the visible text of the page in one line.
    pub async fn words(&self) -> String {
        let words = "return document.body.innerText.replace(/\\s+/g, ' ').trim()";
        text(&self.try_run(words, vec![]).await.unwrap_or_default())
    }

    /// Returns the current URL.
    pub async fn url(&self) -> Url {
        self.driver().current_url().await.parse().unwrap()
    }

    /// Returns the title of the window.
    pub async fn title(&self) -> String {
        self.driver().title().await
    }

    /// Returns the language that the page declares.
    pub async fn language(&self) -> String {
        text(&self.run("return document.documentElement.lang", vec![]).await)
    }

    /// Emulates another screen and colour scheme from now on.
    pub async fn look(&self, screen: Screen, light: Light) {
        let (width, height, scale, mobile) = match screen {
            Screen::Phone => (390, 844, 2, true),
            Screen::NarrowPhone => (320, 640, 2, true),
            Screen::Desktop => (1280, 800, 1, false),
        };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile });
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if light == Light::Day { "light" } else { "dark" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.tell("Emulation.setEmulatedMedia", json!({ "media": "", "features": features })).await;
    }

    /// Emulates print until the next [`Self::look`].
    pub async fn look_at_print(&self) {
        self.tell("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    }

    /// Returns all requests that the browser has sent.
    pub async fn sent(&self) -> Vec<Sent> {
        self.take_notes().await;
        self.traffic.lock().unwrap().sent.clone()
    }

    /// Reads new entries from the browser's network log.
    pub(crate) async fn take_notes(&self) {
        let log = self.driver().log("performance").await;
        let mut traffic = self.traffic.lock().unwrap();
        for entry in log {
            let event: Value = serde_json::from_str(&text(&entry["message"])).unwrap();
            let event = &event["message"];
            if event["method"] == "Network.requestWillBeSent" {
                traffic.note(&event["params"]);
            }
        }
    }

    /// Runs a script in the page; it must succeed.
    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.driver().execute(script, arguments).await.unwrap()
    }

    /// Sends a command of the developer tools protocol.
    pub(crate) async fn tell(&self, method: &str, parameters: Value) -> Value {
        self.driver().develop(method, parameters).await
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.chromium.driver
    }

    /// Runs a script; returns `None` while one page replaces another.
    async fn try_run(&self, script: &str, arguments: Vec<Value>) -> Option<Value> {
        self.driver().execute(script, arguments).await.ok()
    }

    async fn find(&self, words: &str, kinds: &str) -> Element {
        let element = self
            .until(&format!("no “{words}” among {kinds}"), async || {
                self.try_run(CALLED, vec![json!(words), json!(kinds)]).await.filter(|found| !found.is_null())
            })
            .await;
        Element::of(&element)
    }

    async fn until<T>(&self, what: &impl Display, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            let is_patient = begun.elapsed() < PATIENCE;
            assert!(is_patient, "{what} at {}: {}", self.url().await, self.words().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Traffic {
    fn note(&mut self, event: &Value) {
        let request = &event["request"];
        // `data:` URLs and the like are not sent.
        let Ok(url) = text(&request["url"]).parse::<Url>() else { return };
        if !matches!(url.scheme(), "http" | "https") {
            return;
        }
        if event["type"] == "Document" {
            self.pages.push((url.clone(), event["requestId"].clone()));
        }
        self.sent.push(Sent { method: text(&request["method"]), url, body: text(&request["postData"]) });
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
