//! The Client-server API of the homeserver: discovery, signing in and out, and OpenID tokens, with
//! CORS for clients in browsers.

use std::collections::{BTreeMap, HashMap};

use http_body_util::{BodyExt as _, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{Body, State, answer, error, json_answer, lock, oauth};

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// `m.login.password`
    Password,
    /// `m.login.sso`, and `m.login.token` with the token from it.
    Sso,
    /// OAuth 2.0.
    OAuth,
}

/// A device that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The Matrix ID.
    pub user_id: String,
    /// The device ID, chosen by the homeserver or the client.
    pub device_id: String,
}

/// The accounts, the ways to sign in, and the devices.
pub(super) struct Accounts {
    pub(super) flows: Vec<Flow>,
    /// Passwords by localpart.
    pub(super) passwords: BTreeMap<String, String>,
    /// Devices by access token.
    pub(super) devices: HashMap<String, Device>,
    /// The users of unused login tokens.
    login_tokens: HashMap<String, String>,
    pub(super) oauth: oauth::Grants,
    /// Answers that replace the default ones, by method and path.
    pub(super) scripted: HashMap<(Method, String), (StatusCode, Value)>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            flows: vec![Flow::Password],
            passwords: BTreeMap::new(),
            devices: HashMap::new(),
            login_tokens: HashMap::new(),
            oauth: oauth::Grants::default(),
            scripted: HashMap::new(),
        }
    }
}

impl Accounts {
    /// Signs a user in and returns the access token.
    pub(super) fn sign_in(&mut self, user_id: String, device_id: String) -> String {
        let token = secret();
        self.devices.insert(token.clone(), Device { user_id, device_id });
        token
    }
}

/// Returns the answer to a client, or `None` for other requests.
pub(super) fn respond(state: &State, request: &Parts, body: &[u8]) -> Option<Response<Body>> {
    let path = request.uri.path();
    let is_shared = ["/_matrix/client/", "/.well-known/matrix/client", "/oauth2/"].iter().any(|p| path.starts_with(p));
    let scripted = lock(&state.accounts).scripted.get(&(request.method.clone(), path.to_owned())).cloned();
    let mut response = match path.strip_prefix("/_matrix/client/") {
        _ if scripted.is_some() => scripted.map(|(status, answer)| json_answer(status, &answer))?,
        _ if is_shared && request.method == Method::OPTIONS => json_answer(StatusCode::OK, &json!({})),
        Some(path) => client_server(state, request, path, body),
        None if path == "/.well-known/matrix/client" => {
            let base_url = json!({ "base_url": format!("https://{}", state.name) });
            json_answer(StatusCode::OK, &json!({ "m.homeserver": base_url }))
        }
        None if path.starts_with("/sso") => return Some(sso(state, request)),
        None => oauth::respond(state, request, body)?,
    };
    if is_shared {
        share(&mut response);
    }
    Some(response)
}

fn client_server(state: &State, request: &Parts, path: &str, body: &[u8]) -> Response<Body> {
    let Ok(asked) = serde_json::from_slice::<Value>(if body.is_empty() { b"{}" } else { body }) else {
        return error(StatusCode::BAD_REQUEST, "M_NOT_JSON", "Content not JSON.");
    };
    match (&request.method, path) {
        (&Method::GET, "versions") => json_answer(StatusCode::OK, &json!({ "versions": ["v1.1", "v1.15"] })),
        (&Method::GET, "v1/auth_metadata" | "unstable/org.matrix.msc2965/auth_metadata") => oauth::metadata(state),
        (&Method::GET, "v3/login") => json_answer(StatusCode::OK, &flows(&lock(&state.accounts).flows)),
        (&Method::POST, "v3/login") => login(state, &asked),
        (&Method::GET, path) if path.starts_with("v3/login/sso/redirect") => {
            redirect(&format!("/sso?{}", request.uri.query().unwrap_or_default()))
        }
        _ => with_token(state, request, path),
    }
}

fn flows(offered: &[Flow]) -> Value {
    let mut flows = Vec::new();
    if offered.contains(&Flow::Password) {
        flows.push(json!({ "type": "m.login.password" }));
    }
    if offered.contains(&Flow::Sso) {
        flows.extend([json!({ "type": "m.login.sso" }), json!({ "type": "m.login.token" })]);
    }
    json!({ "flows": flows })
}

fn login(state: &State, asked: &Value) -> Response<Body> {
    let mut accounts = lock(&state.accounts);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let localpart = match text(&asked["type"]).as_str() {
        "m.login.password" if accounts.flows.contains(&Flow::Password) => {
            let user = text(&asked["identifier"]["user"]);
            let localpart = user.trim_start_matches('@').trim_end_matches(&format!(":{}", state.name)).to_owned();
            let is_right = accounts.passwords.get(&localpart).is_some_and(|password| asked["password"] == **password);
            is_right.then_some(localpart)
        }
        "m.login.token" if accounts.flows.contains(&Flow::Sso) => accounts.login_tokens.remove(&text(&asked["token"])),
        _ => return error(StatusCode::BAD_REQUEST, "M_UNKNOWN", "Unknown login type"),
    };
    let Some(localpart) = localpart else {
        return error(StatusCode::FORBIDDEN, "M_FORBIDDEN", "Invalid username or password");
    };
    let (user_id, device_id) = (state.user_id(&localpart), secret()[..10].to_owned());
    let token = accounts.sign_in(user_id.clone(), device_id.clone());
    json_answer(StatusCode::OK, &json!({ "user_id": user_id, "access_token": token, "device_id": device_id }))
}

fn with_token(state: &State, request: &Parts, path: &str) -> Response<Body> {
    let token = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(token) = token else {
        return error(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", "Missing access token");
    };
    let Some(device) = lock(&state.accounts).devices.get(token).cloned() else {
        return error(StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN", "Invalid access token passed.");
    };
    match (&request.method, path) {
        (&Method::GET, "v3/account/whoami") => {
            json_answer(StatusCode::OK, &json!({ "user_id": device.user_id, "device_id": device.device_id }))
        }
        (&Method::POST, "v3/logout") => {
            lock(&state.accounts).devices.remove(token);
            json_answer(StatusCode::OK, &json!({}))
        }
        (&Method::POST, path) if path.starts_with("v3/user/") && path.ends_with("/openid/request_token") => {
            let whose: String = form_urlencoded::byte_serialize(device.user_id.as_bytes()).collect();
            if path.split('/').nth(2) != Some(&*whose) {
                return error(StatusCode::FORBIDDEN, "M_FORBIDDEN", "Cannot request tokens for other users.");
            }
            json_answer(StatusCode::OK, &state.new_openid_token(device.user_id))
        }
        _ => error(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "Unrecognized request"),
    }
}

/// The pages of single sign-on: choosing a user, and returning to the client.
fn sso(state: &State, request: &Parts) -> Response<Body> {
    let query = parameters(request.uri.query().unwrap_or_default().as_bytes());
    let client = query.get("redirectUrl").and_then(|url| Url::parse(url).ok());
    let mut accounts = lock(&state.accounts);
    let Some(mut client) = client.filter(|_| accounts.flows.contains(&Flow::Sso)) else {
        return page(StatusCode::BAD_REQUEST, "There is nothing to sign in to", &[]);
    };
    let Some(user) = query.get("user") else {
        let mut links = Vec::new();
        for user in accounts.passwords.keys() {
            links.push((format!("Continue as {user}"), link(request, Some(user))));
        }
        return page(StatusCode::OK, &format!("Sign in to {}", state.name), &links);
    };
    let token = secret();
    accounts.login_tokens.insert(token.clone(), user.clone());
    client.query_pairs_mut().append_pair("loginToken", &token);
    redirect(client.as_str())
}

/// Returns a link to the requested page with the chosen user, if any.
pub(super) fn link(request: &Parts, user: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(request.uri.query().unwrap_or_default().to_owned());
    query.append_pair(if user.is_some() { "user" } else { "cancel" }, user.unwrap_or("1"));
    format!("{}?{}", request.uri.path(), query.finish())
}

/// Returns a page with links.
pub(super) fn page(status: StatusCode, title: &str, links: &[(String, String)]) -> Response<Body> {
    let links =
        links.iter().map(|(words, href)| format!("<p><a href=\"{}\">{words}</a></p>", href.replace('&', "&amp;")));
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1>{}",
        links.collect::<String>()
    );
    let mut response = answer(status, Full::from(html).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

pub(super) fn redirect(location: &str) -> Response<Body> {
    let mut response = answer(StatusCode::FOUND, Full::default().boxed_unsync());
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(location).expect("a URL is a header value"));
    response
}

pub(super) fn parameters(encoded: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

pub(super) fn secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Client-Server API, "Web Browser Clients".
fn share(response: &mut Response<Body>) {
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS"),
        ("access-control-allow-headers", "X-Requested-With, Content-Type, Authorization"),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}
