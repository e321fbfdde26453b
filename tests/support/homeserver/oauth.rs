//! Sign-in by OAuth 2.0 (Client-server API, "OAuth 2.0 API"): server metadata, dynamic client
//! registration, authorization codes with PKCE, and revocation.

use std::collections::HashMap;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use super::client::{Flow, link, page, parameters, redirect, secret};
use super::{Body, State, error, json_answer, lock};

/// The prefixes of scopes, stable and unstable.
const SCOPES: [&str; 2] = ["urn:matrix:client", "urn:matrix:org.matrix.msc2967.client"];

/// The registered clients, and the grants.
#[derive(Default)]
pub(super) struct Grants {
    /// The redirect URIs of registered clients.
    clients: HashMap<String, Vec<String>>,
    /// Grants by code. Each code can be used once.
    codes: HashMap<String, Grant>,
}

struct Grant {
    user: String,
    device: String,
    client_id: String,
    redirect_uri: String,
    challenge: String,
    scope: String,
}

/// `GET /_matrix/client/v1/auth_metadata`
pub(super) fn metadata(state: &State) -> Response<Body> {
    if !lock(&state.accounts).flows.contains(&Flow::OAuth) {
        return error(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "Unrecognized request");
    }
    let at = |path: &str| format!("https://{}/{path}", state.name);
    let metadata = json!({
        "issuer": at(""),
        "authorization_endpoint": at("oauth2/authorize"),
        "token_endpoint": at("oauth2/token"),
        "registration_endpoint": at("oauth2/register"),
        "revocation_endpoint": at("oauth2/revoke"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "response_modes_supported": ["query", "fragment"],
        "code_challenge_methods_supported": ["S256"],
    });
    json_answer(StatusCode::OK, &metadata)
}

pub(super) fn respond(state: &State, request: &Parts, body: &[u8]) -> Option<Response<Body>> {
    match (&request.method, request.uri.path()) {
        (&Method::POST, "/oauth2/register") => Some(register(state, body)),
        (&Method::GET, "/oauth2/authorize") => Some(authorize(state, request)),
        (&Method::POST, "/oauth2/token") => Some(redeem(state, &parameters(body))),
        (&Method::POST, "/oauth2/revoke") => {
            lock(&state.accounts).devices.remove(parameters(body).get("token").map_or("", |token| token));
            Some(json_answer(StatusCode::OK, &json!({})))
        }
        _ => None,
    }
}

/// All URLs of a client must be on the same host, as Matrix Authentication Service requires.
fn register(state: &State, body: &[u8]) -> Response<Body> {
    let mut client: Value = serde_json::from_slice(body).unwrap_or_default();
    let host = |value: &Value| {
        let url = value.as_str().and_then(|text| Url::parse(text).ok()).filter(|url| url.scheme() == "https");
        url.and_then(|url| url.host_str().map(str::to_owned))
    };
    let Some(home) = host(&client["client_uri"]) else { return refuse("invalid_client_metadata") };
    let is_at_home = |value: &Value| host(value).is_some_and(|host| host == home);
    let named = ["policy_uri", "tos_uri", "logo_uri"].map(|name| &client[name]);
    if client["token_endpoint_auth_method"] != "none" || named.iter().any(|uri| !uri.is_null() && !is_at_home(uri)) {
        return refuse("invalid_client_metadata");
    }
    let uris = client["redirect_uris"].as_array().filter(|uris| !uris.is_empty() && uris.iter().all(is_at_home));
    let Some(uris) = uris else { return refuse("invalid_redirect_uri") };
    let uris = uris.iter().filter_map(|uri| uri.as_str().map(str::to_owned)).collect();
    let id = secret();
    lock(&state.accounts).oauth.clients.insert(id.clone(), uris);
    client["client_id"] = id.into();
    json_answer(StatusCode::CREATED, &client)
}

/// Asks for the user and their consent, and redirects to the client. Errors in the client itself
/// are shown here instead.
fn authorize(state: &State, request: &Parts) -> Response<Body> {
    let query = parameters(request.uri.query().unwrap_or_default().as_bytes());
    let of = |name: &str| query.get(name).cloned().unwrap_or_default();
    let mut accounts = lock(&state.accounts);
    let redirect_uri = of("redirect_uri");
    let is_known = accounts.oauth.clients.get(&of("client_id")).is_some_and(|uris| uris.contains(&redirect_uri));
    let sound =
        [("response_type", "code"), ("code_challenge_method", "S256")].iter().all(|(name, value)| of(name) == *value);
    let device = device(&of("scope"));
    let (Some(device), true) =
        (device, is_known && sound && !of("state").is_empty() && of("code_challenge").len() == 43)
    else {
        return page(StatusCode::BAD_REQUEST, "This request cannot be granted", &[]);
    };
    if query.contains_key("cancel") {
        return back(&redirect_uri, &of("response_mode"), &[("error", "access_denied"), ("state", &of("state"))]);
    }
    let Some(user) = query.get("user").cloned() else {
        let mut links: Vec<_> =
            accounts.passwords.keys().map(|user| (format!("Continue as {user}"), link(request, Some(user)))).collect();
        links.push(("Cancel".to_owned(), link(request, None)));
        return page(StatusCode::OK, &format!("Sign in to {}", state.name), &links);
    };
    let code = secret();
    let grant = Grant {
        user,
        device,
        client_id: of("client_id"),
        redirect_uri: redirect_uri.clone(),
        challenge: of("code_challenge"),
        scope: of("scope"),
    };
    accounts.oauth.codes.insert(code.clone(), grant);
    back(&redirect_uri, &of("response_mode"), &[("code", &code), ("state", &of("state"))])
}

/// Returns the device of a scope, if it covers the whole API for one device.
fn device(scope: &str) -> Option<String> {
    let begins = SCOPES.into_iter().find(|begins| scope.split(' ').any(|one| one == format!("{begins}:api:*")))?;
    let mut devices = scope.split(' ').filter_map(|one| one.strip_prefix(&format!("{begins}:device:")));
    let device = devices.next().filter(|_| devices.next().is_none())?;
    let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    (device.len() >= 10 && device.chars().all(is_unreserved)).then(|| device.to_owned())
}

fn back(redirect_uri: &str, mode: &str, parameters: &[(&str, &str)]) -> Response<Body> {
    let mut to = Url::parse(redirect_uri).expect("the URI was registered");
    if mode == "fragment" {
        to.set_fragment(Some(&form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()));
    } else {
        to.query_pairs_mut().extend_pairs(parameters);
    }
    redirect(to.as_str())
}

/// `POST /oauth2/token`. Using a code with the wrong client or verifier invalidates it.
fn redeem(state: &State, form: &HashMap<String, String>) -> Response<Body> {
    let of = |name: &str| form.get(name).map_or("", String::as_str);
    if of("grant_type") != "authorization_code" {
        return refuse("unsupported_grant_type");
    }
    let mut accounts = lock(&state.accounts);
    let Some(grant) = accounts.oauth.codes.remove(of("code")) else { return refuse("invalid_grant") };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier")));
    if (&grant.client_id, &grant.redirect_uri, &grant.challenge)
        != (&of("client_id").to_owned(), &of("redirect_uri").to_owned(), &challenge)
    {
        return refuse("invalid_grant");
    }
    let token = accounts.sign_in(state.user_id(&grant.user), grant.device);
    let granted = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": grant.scope });
    json_answer(StatusCode::OK, &granted)
}

fn refuse(error: &str) -> Response<Body> {
    json_answer(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}
