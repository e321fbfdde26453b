//! Requirements that every page must meet.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::browser::{Browser, Light, Screen, text};
use crate::world::setting;

/// Runs axe-core with every rule for WCAG levels A and AA and for best practice; returns a line per
/// violation.
const AXE: &str = "
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
    return axe.run(document, { runOnly: tags, rules: { 'target-size': { enabled: true } } }).then(
        (report) => report.violations.flatMap(({ id, help, nodes }) =>
            nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary}`)),
        (error) => [String(error)],
    );
";

/// Returns the elements wider than the screen, preceded by the page's own width.
const TOO_WIDE: &str = "
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width && width <= innerWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > width + 1);
    return [`${document.documentElement.scrollWidth} > ${width}`, ...wide.map((e) => e.outerHTML.slice(0, 120))];
";

/// Returns buttons and fields less than 44 points high. axe-core requires 24 of links.
const TOO_SMALL: &str = "
    const controls = [...document.querySelectorAll('button, select, textarea, input:not([type=hidden], [type=checkbox], [type=radio])')];
    const small = controls.filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44);
    return small.map((e) => `${e.getBoundingClientRect().height}: ${e.outerHTML.slice(0, 120)}`);
";

impl Browser {
    /// Checks every requirement on the current page. If screenshots are wanted, they are called
    /// `NAME-{phone,desktop}-{light,dark}.png`.
    pub async fn examine(&self, name: &str) {
        let mut faults = self.invalid_html().await;
        faults.extend(self.fetched_from_elsewhere().await);
        self.look(Screen::NarrowPhone, Light::Day).await;
        faults.extend(lines(&self.run(TOO_WIDE, vec![]).await));
        faults.extend(lines(&self.run(TOO_SMALL, vec![]).await));
        self.run(&axe(), vec![]).await;
        for (screen, on) in [(Screen::Phone, "phone"), (Screen::Desktop, "desktop")] {
            for (light, by) in [(Light::Day, "light"), (Light::Night, "dark")] {
                self.look(screen, light).await;
                let report = self.run(AXE, vec![]).await;
                faults.extend(lines(&report).into_iter().map(|fault| format!("{on}, {by}: {fault}")));
                self.keep_picture(&format!("{name}-{on}-{by}")).await;
            }
        }
        self.look(Screen::Desktop, Light::Day).await;
        faults.extend(self.complaints().await);
        assert!(faults.is_empty(), "{name} at {}:\n{}", self.url().await, faults.join("\n"));
    }

    /// Returns what is invalid in the HTML that the server sent.
    async fn invalid_html(&self) -> Vec<String> {
        self.take_notes().await;
        let page = self.traffic.lock().unwrap().pages.last().expect("it is at a page").1.clone();
        let body = self.tell("Network.getResponseBody", json!({ "requestId": page })).await;
        let installed = setting("VOUCH_TEST_BROWSER");
        let mut validator = Command::new(installed.join("node"));
        validator.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/js/validate.mjs")).arg(&installed);
        let mut child = validator.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text(&body["body"]).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() || !said.is_empty(), "the validator has failed");
        said.lines().map(|line| format!("HTML {line}")).collect()
    }

    /// Returns requests to hosts other than the server and the person's homeserver.
    async fn fetched_from_elsewhere(&self) -> Vec<String> {
        let ours = |host: Option<&str>| matches!(host, Some("id.example" | "hs.example"));
        let elsewhere = self.sent().await.into_iter().filter(|sent| !ours(sent.url.host_str()));
        elsewhere.map(|sent| format!("{} {}", sent.method, sent.url)).collect()
    }

    /// Returns console messages, such as violations of the content security policy, except those
    /// about an error status of a page or of the homeserver, which are expected.
    async fn complaints(&self) -> Vec<String> {
        let log = self.driver().log("browser").await;
        let traffic = self.traffic.lock().unwrap();
        let is_status = |message: &str| {
            let Some((url, complaint)) = message.split_once(" - ") else { return false };
            complaint.starts_with("Failed to load resource: the server responded with a status of")
                && (url.starts_with("https://hs.example/")
                    || traffic.pages.iter().any(|(page, _)| page.as_str() == url))
        };
        log.iter().map(|entry| text(&entry["message"])).filter(|message| !is_status(message)).collect()
    }

    /// Saves a screenshot of the whole page, not only its visible part, if somebody wants to see it.
    pub(crate) async fn keep_picture(&self, name: &str) {
        let Some(folder) = env::var_os("VOUCH_TEST_SCREENSHOTS").map(PathBuf::from) else { return };
        let metrics = self.tell("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let picture = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.tell("Page.captureScreenshot", picture).await;
        fs::create_dir_all(&folder).unwrap();
        let picture = BASE64_STANDARD.decode(text(&taken["data"])).unwrap();
        fs::write(folder.join(name).with_extension("png"), picture).unwrap();
    }
}

fn axe() -> String {
    let file = Path::new("node_modules/axe-core/axe.min.js");
    fs::read_to_string(setting("VOUCH_TEST_BROWSER").join(file)).expect("scripts/browser has installed it")
}

fn lines(value: &Value) -> Vec<String> {
    value.as_array().expect("it is a list").iter().map(text).collect()
}
