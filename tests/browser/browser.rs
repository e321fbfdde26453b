//! What a person does in a browser.

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

/// The element that people would call by these words: a link, a button, what a label names, what opens a detail.
const CALLED: &str = "
    const [words, kinds] = arguments;
    const plain = (text) => (text ?? '').replace(/\\s+/g, ' ').trim();
    const names = (element) => [element.innerText, element.value, element.getAttribute('aria-label')].map(plain);
    const shown = [...document.querySelectorAll(kinds)].filter((element) => element.checkVisibility());
    return shown.find((element) => names(element).includes(words)) ?? null;
";

/// What can be clicked.
const CLICKABLE: &str = "a, button, summary, label, input[type=submit]";

/// A window of Chromium in a world; it closes when dropped.
pub struct Browser {
    chromium: Chromium,
    pub(crate) traffic: Mutex<Traffic>,
}

/// What the browser has sent so far.
#[derive(Default)]
pub struct Traffic {
    sent: Vec<Sent>,
    /// The pages among it, oldest first: their URLs and the names of their requests.
    pub(crate) pages: Vec<(Url, Value)>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    pub url: Url,
    /// The body of a small one.
    pub body: String,
}

/// What the page is looked at with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// 390 points wide.
    Phone,
    /// 320 points wide, the narrowest that the accessibility guidelines ask for.
    NarrowPhone,
    /// 1280 points wide.
    Desktop,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    Day,
    Night,
}

impl Browser {
    /// Opens one for somebody who reads English, on a desk, by day.
    pub async fn open(world: &World) -> Self {
        Self::open_in(world, "en").await
    }

    /// Opens one for somebody who reads these languages, in this order, such as `fr-CA,fr,en`.
    pub async fn open_in(world: &World, languages: &str) -> Self {
        Self::open_where(world.folder.path(), &world.resolver_rules(), languages).await
    }

    /// The same in any world: in its folder is the authority to trust, and Chromium's rules say where a name leads.
    pub async fn open_where(folder: &Path, resolver_rules: &str, languages: &str) -> Self {
        let chromium = Chromium::start(folder, resolver_rules, languages).await;
        let browser = Self { chromium, traffic: Mutex::default() };
        browser.look(Screen::Desktop, Light::Day).await;
        browser
    }

    /// Goes to a path of the server, or to another URL, and waits until it is loaded.
    pub async fn visit(&self, path: &str) {
        let url = if path.starts_with('/') { format!("{URL}{path}") } else { path.to_owned() };
        self.driver().goto(&url).await;
    }

    /// Clicks the link, button or label that says this. Where it leads to a page, that is loaded when this returns.
    pub async fn click(&self, words: &str) {
        self.driver().click(&self.find(words, CLICKABLE).await).await;
    }

    /// Types into what is labelled so, in place of what was there.
    pub async fn type_into(&self, label: &str, text: &str) {
        let label = self.find(label, "label").await;
        let field = self.run("return arguments[0].control", vec![label.to_argument()]).await;
        let field = Element::of(&field);
        self.driver().clear(&field).await;
        self.driver().send_keys(&field, text).await;
    }

    /// Presses a key, or types, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        self.driver().press(keys).await;
    }

    /// Presses Tab, and returns what then has the focus.
    pub async fn tab(&self) -> String {
        self.press(key::TAB).await;
        self.focused().await
    }

    /// The words of what has the focus; none if nothing has.
    pub async fn focused(&self) -> String {
        let words = "
            const focused = document.activeElement;
            if (focused === document.body) return '';
            return (focused.innerText || focused.labels?.[0]?.innerText || focused.id).trim();
        ";
        text(&self.run(words, vec![]).await)
    }

    /// Waits until the page is one with this heading, whatever brings it there. Every kind of space in it is written as an ordinary one.
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

    /// Waits until the page has these words in it.
    pub async fn says(&self, words: &str) {
        self.until(&format!("no “{words}”"), async || self.words().await.contains(words).then_some(())).await;
    }

    /// Waits until the page, or the one that takes its place, no longer has these words in it.
    pub async fn says_no_more(&self, words: &str) {
        let is_gone = |page: String| !page.is_empty() && !page.contains(words);
        self.until(&format!("still “{words}”"), async || is_gone(self.words().await).then_some(())).await;
    }

    /// Waits until a file of this name is downloaded, and reads it.
    pub async fn downloaded(&self, name: &str) -> String {
        let path = self.chromium.downloads.join(name);
        // Until it is complete it has another name.
        self.until(&format!("no file {name}"), async || fs::read_to_string(&path).ok()).await
    }

    /// All words of the page that can be seen, in one line.
    pub async fn words(&self) -> String {
        let words = "return document.body.innerText.replace(/\\s+/g, ' ').trim()";
        text(&self.try_run(words, vec![]).await.unwrap_or_default())
    }

    /// Where it is.
    pub async fn url(&self) -> Url {
        self.driver().current_url().await.parse().unwrap()
    }

    /// The title of the window.
    pub async fn title(&self) -> String {
        self.driver().title().await
    }

    /// The language that the page says it is in.
    pub async fn language(&self) -> String {
        text(&self.run("return document.documentElement.lang", vec![]).await)
    }

    /// Looks at the page in another way from now on.
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

    /// Looks at the page as it would be printed, until it is looked at otherwise.
    pub async fn look_at_print(&self) {
        self.tell("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    }

    /// Everything that the browser has sent so far.
    pub async fn sent(&self) -> Vec<Sent> {
        self.take_notes().await;
        self.traffic.lock().unwrap().sent.clone()
    }

    /// Reads what the browser's network log has to say since it was last read.
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

    /// Runs a script in the page, which must succeed.
    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.driver().execute(script, arguments).await.unwrap()
    }

    /// Speaks the protocol of the developer tools.
    pub(crate) async fn tell(&self, method: &str, parameters: Value) -> Value {
        self.driver().develop(method, parameters).await
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.chromium.driver
    }

    /// None: while one page gives way to another, there is nothing to run a script in.
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
        // What a page carries within itself is not sent.
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
