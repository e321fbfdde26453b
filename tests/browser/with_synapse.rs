//! The pages with a real Synapse: discovery, login flows and CORS. The world and its people are
//! those of `tests/e2e`, with a browser added.

mod password;
#[expect(dead_code, reason = "the stories of tests/e2e use the rest")]
#[path = "../e2e/person.rs"]
mod person;
mod single_sign_on;
#[path = "../e2e/synapse.rs"]
mod synapse;
#[expect(dead_code, reason = "the stories of tests/e2e use the rest")]
#[path = "../e2e/vouch.rs"]
mod vouch;
#[expect(dead_code, reason = "the stories of tests/e2e use the rest")]
#[path = "../e2e/world.rs"]
mod world;

use reqwest::Method;
use serde_json::{Map, json};

use self::person::{PASSWORD, Person};
use self::world::World;
use crate::browser::{Browser, Sent};

/// Starts a world whose homeserver browsers can discover. With a CAS server's URL it offers single
/// sign-on too.
async fn start(cas: Option<&str>) -> World {
    let mut settings = Map::new();
    settings.insert("public_baseurl".to_owned(), json!(format!("https://{}/", synapse::NAME)));
    if let Some(url) = cas {
        settings.insert("cas_config".to_owned(), json!({ "enabled": true, "server_url": url }));
    }
    World::start_with(&settings).await
}

/// Opens a browser that resolves the homeserver's name and local addresses.
async fn open(world: &World, languages: &str) -> Browser {
    let homeserver = format!("MAP {} 127.0.0.1:{}", synapse::NAME, world.synapse.port);
    let rules = format!("EXCLUDE localhost, {homeserver}, MAP * ~NOTFOUND");
    Browser::open_where(world.folder.path(), &rules, languages).await
}

/// Returns the names of the servers to which the browser sent the password, once per request.
async fn told_the_password(browser: &Browser) -> Vec<String> {
    let sent = browser.sent().await.into_iter().filter(|sent| format!("{} {}", sent.url, sent.body).contains(PASSWORD));
    sent.map(|sent| sent.url.host_str().unwrap_or_default().to_owned()).collect()
}

/// Asserts that only the app is still signed in at the homeserver, and that this server received
/// one token.
async fn signed_in_for_a_moment(person: &Person<'_>, browser: &Browser) {
    let devices = person.homeserver(Method::GET, "/devices", json!({})).await.ok();
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(1), "{devices}");
    let sent = browser.sent().await;
    let posts = |path: &str| sent.iter().filter(|sent| sent.method == "POST" && sent.url.path() == path).collect();
    let [logins, logouts, handed]: [Vec<&Sent>; 3] =
        ["/_matrix/client/v3/login", "/_matrix/client/v3/logout", "/you/sign-in"].map(posts);
    assert_eq!((logins.len(), logouts.len(), handed.len()), (1, 1, 1));
    let names = url::form_urlencoded::parse(handed[0].body.as_bytes()).map(|(name, _)| name);
    assert_eq!(names.collect::<Vec<_>>(), ["access_token", "matrix_server_name", "expires_in", "for"]);
}

/// Opens the link that was mailed to confirm this address.
async fn opens_the_confirmation(browser: &Browser, world: &World, address: &str) {
    let mail = world.mail.wait_for(|mail| mail.to == [address] && mail.text().contains("/unlock?")).await;
    browser.visit(&mail.links().into_iter().find(|link| link.contains("/unlock?")).unwrap()).await;
}
