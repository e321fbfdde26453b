//! Every way of signing in that homeservers offer, everything that can fail, and attempts to
//! interfere.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;
use vouch_test_support::homeserver::{Conduct, Flow};

use crate::browser::{Browser, Light, Screen};
use crate::driver::key;
use crate::world::World;

pub const ALICE: &str = "@alice:hs.example";
const PASSWORD: &str = "correct horse";

/// Starts a world in which Alice can sign in at her homeserver with these flows.
pub async fn with_alice(flows: &[Flow]) -> World {
    let world = World::start().await;
    world.homeserver.has_user("alice", PASSWORD);
    world.homeserver.offers(flows);
    world
}

impl Browser {
    /// Enters the Matrix ID on the page that asks for it.
    pub async fn names(&self, mxid: &str) {
        self.type_into("Your Matrix ID", mxid).await;
        self.click("Continue").await;
    }

    async fn gives_password(&self, password: &str) {
        self.type_into("Your Matrix password", password).await;
        self.click("Sign in with password").await;
    }

    /// Waits for an error message, which must be announced to screen readers and focused.
    pub async fn is_told(&self, problem: &str) {
        self.says(problem).await;
        assert_eq!(self.run("return document.activeElement.getAttribute('role')", vec![]).await, "alert", "{problem}");
    }

    /// Returns the tab's session storage.
    pub async fn kept(&self) -> Value {
        self.run("return { ...sessionStorage, ...localStorage }", vec![]).await
    }
}

/// Asserts that nobody is signed in at the homeserver any more, and that this server received one
/// form with one token and none of `secrets`.
async fn left_nothing_behind(world: &World, browser: &Browser, secrets: &[&str]) {
    assert_eq!(world.homeserver.devices(), []);
    assert_eq!(browser.kept().await, json!({}));
    let sent = browser.sent().await;
    let here: Vec<_> = sent.iter().filter(|sent| sent.url.host_str() == Some("id.example")).collect();
    let posts: Vec<_> = here.iter().filter(|sent| sent.method == "POST").collect();
    assert_eq!(posts.len(), 1, "{posts:?}");
    let fields: Vec<_> = form_urlencoded::parse(posts[0].body.as_bytes()).into_owned().collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        (posts[0].url.path(), names),
        ("/you/sign-in", vec!["access_token", "matrix_server_name", "expires_in", "for"])
    );
    for secret in secrets {
        assert!(here.iter().all(|sent| !format!("{sent:?}").contains(secret)), "{secret} has left the browser");
    }
}

/// Returns the access tokens used in requests to the homeserver.
fn bearers(world: &World) -> Vec<String> {
    let requests = world.homeserver.requests();
    let headers = requests.iter().filter_map(|request| request.headers().get("authorization"));
    headers.map(|header| header.to_str().unwrap().trim_start_matches("Bearer ").to_owned()).collect()
}

#[tokio::test]
async fn signing_in_works_by_keyboard_in_french_on_a_narrow_dark_phone() {
    let world = with_alice(&[Flow::Password]).await;
    let browser = Browser::open_in(&world, "fr").await;
    browser.look(Screen::NarrowPhone, Light::Night).await;
    browser.visit("/you").await;
    browser.reads("Se connecter").await;
    while browser.tab().await != "Votre identifiant Matrix" {}
    assert!(browser.focus_is_seen().await);
    browser.press("@alice:hs.example").await;
    browser.press(key::ENTER).await;
    browser.says("Nous avons trouvé hs.example.").await;
    assert_eq!(browser.focused().await, "Votre mot de passe Matrix");
    assert!(browser.focus_is_seen().await);
    browser.press("wrong").await;
    browser.press(key::ENTER).await;
    browser.is_told("Identifiant Matrix ou mot de passe incorrect.").await;
    while browser.tab().await != "Votre mot de passe Matrix" {}
    browser.press(PASSWORD).await;
    browser.press(key::ENTER).await;
    browser.says(ALICE).await;
    assert_eq!(browser.language().await, "fr");
    left_nothing_behind(&world, &browser, &["wrong", "correct"]).await;
}

#[tokio::test]
async fn single_sign_on_goes_to_the_homeserver_and_back() {
    let world = with_alice(&[Flow::Sso]).await;
    let browser = Browser::open_in(&world, "fr").await;
    // The chosen language is kept.
    browser.visit("/you?lang=en").await;
    browser.names(ALICE).await;
    browser.click("Single sign-on at hs.example").await;
    browser.reads("Sign in to hs.example").await;
    browser.click("Continue as alice").await;
    browser.reads("Your data").await;
    browser.says(ALICE).await;
    left_nothing_behind(&world, &browser, &bearers(&world).iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(!browser.url().await.as_str().contains("loginToken"));
}

#[tokio::test]
async fn oauth_goes_to_the_homeserver_and_back_and_its_code_never_reaches_this_server() {
    let world = with_alice(&[Flow::OAuth]).await;
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.click("Sign in at hs.example").await;
    browser.reads("Sign in to hs.example").await;
    browser.click("Continue as alice").await;
    browser.reads("Your data").await;
    browser.says(ALICE).await;
    let redeemed = world.homeserver.requests().into_iter().find(|request| request.uri().path() == "/oauth2/token");
    let body = redeemed.expect("the code was redeemed").body().to_vec();
    let fields: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
    let of = |name: &str| fields.iter().find(|(key, _)| key == name).unwrap().1.clone();
    let mut secrets = bearers(&world);
    secrets.push(of("code_verifier"));
    left_nothing_behind(&world, &browser, &secrets.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // The browser logs fragments but does not send them.
    let code = of("code");
    let came = browser.sent().await.into_iter().filter(|sent| sent.url.host_str() == Some("id.example"));
    for sent in came {
        let mut url = sent.url.clone();
        url.set_fragment(None);
        assert!(!url.as_str().contains(&code) && !sent.body.contains(&code), "{sent:?}");
    }
}

/// Otherwise the session at the homeserver could not be ended, and a request to a missing URL would
/// send the token to this server.
#[tokio::test]
async fn oauth_is_not_used_without_a_revocation_endpoint() {
    let world = with_alice(&[Flow::OAuth, Flow::Password]).await;
    let browser = Browser::open(&world).await;
    for revocation in [Value::Null, json!("http://hs.example/revoke"), json!("javascript:alert(1)"), json!("revoke")] {
        let metadata = json!({
            "issuer": "https://hs.example/",
            "authorization_endpoint": "https://hs.example/authorize",
            "token_endpoint": "https://hs.example/token",
            "registration_endpoint": "https://hs.example/register",
            "revocation_endpoint": revocation,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "response_modes_supported": ["query", "fragment"],
            "code_challenge_methods_supported": ["S256"],
        });
        for path in ["v1", "unstable/org.matrix.msc2965"] {
            let path = format!("/_matrix/client/{path}/auth_metadata");
            world.homeserver.answers_clients(Method::GET, &path, StatusCode::OK, metadata.clone());
        }
        browser.visit("/you").await;
        browser.names(ALICE).await;
        browser.says("Sign in with password").await;
        browser.says_no_more("Sign in at hs.example").await;
    }
    browser.gives_password(PASSWORD).await;
    browser.reads("Your data").await;
    assert!(browser.sent().await.iter().all(|sent| !sent.url.path().ends_with("undefined")));
}

#[tokio::test]
async fn oauth_works_with_the_unstable_endpoint_names() {
    let world = with_alice(&[Flow::OAuth]).await;
    let gone = json!({ "errcode": "M_UNRECOGNIZED" });
    world.homeserver.answers_clients(Method::GET, "/_matrix/client/v1/auth_metadata", StatusCode::NOT_FOUND, gone);
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.click("Sign in at hs.example").await;
    browser.reads("Sign in to hs.example").await;
    let asked = browser.url().await.query().unwrap().to_owned();
    assert!(asked.contains("msc2967.client") && !asked.contains("urn%3Amatrix%3Aclient%3A"), "{asked}");
    browser.click("Continue as alice").await;
    browser.reads("Your data").await;
    left_nothing_behind(&world, &browser, &[]).await;
}

#[tokio::test]
async fn people_can_choose_between_several_flows_and_change_their_mind() {
    let world = with_alice(&[Flow::Password, Flow::Sso, Flow::OAuth]).await;
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.says("We found hs.example.").await;
    assert_eq!(browser.focused().await, "Sign in at hs.example");
    browser.examine("sign-in-ways").await;
    browser.click("Sign in at hs.example").await;
    browser.reads("Sign in to hs.example").await;
    browser.click("Cancel").await;
    browser.is_told("You did not sign in at hs.example.").await;
    assert_eq!(browser.kept().await, json!({}));
    // The Matrix ID is still there.
    browser.click("Continue").await;
    browser.gives_password(PASSWORD).await;
    browser.reads("Your data").await;
    left_nothing_behind(&world, &browser, &["correct"]).await;
}

#[tokio::test]
async fn the_page_says_why_a_download_needs_a_sign_in_and_returns_there() {
    let world = with_alice(&[Flow::Sso]).await;
    let browser = Browser::open(&world).await;
    browser.visit("/you/sign-in?for=export").await;
    browser.says("Please sign in again before").await;
    browser.examine("sign-in-again").await;
    browser.names(ALICE).await;
    browser.click("Single sign-on at hs.example").await;
    browser.click("Continue as alice").await;
    browser.says("you can download everything now").await;
    left_nothing_behind(&world, &browser, &[]).await;
}

#[tokio::test]
async fn problems_of_a_homeserver_are_reported() {
    let world = with_alice(&[Flow::Password]).await;
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    for mistyped in ["alice", "alice@example.org", "@alice:", "@alice:hs example", "@alice:hs.example/x", "@a:b:c:d"] {
        browser.names(mistyped).await;
        browser.is_told("This is not a valid Matrix ID.").await;
        browser.visit("/you").await;
    }
    browser.names("@alice:nowhere.example").await;
    browser.is_told("nowhere.example does not respond.").await;

    let well_known = "/.well-known/matrix/client";
    let answers = |path: &str, status: u16, answer: Value| {
        world.homeserver.answers_clients(Method::GET, path, StatusCode::from_u16(status).unwrap(), answer);
    };
    let base = |url: &str| json!({ "m.homeserver": { "base_url": url } });
    for (status, answer) in [
        (200, json!([])),
        (200, json!({ "m.homeserver": "hs.example" })),
        (200, base("http://hs.example")),
        (200, base("javascript:alert(1)")),
        (200, base("https://u:p@hs.example")),
        (500, json!({})),
    ] {
        browser.visit("/you").await;
        answers(well_known, status, answer);
        browser.names(ALICE).await;
        browser.is_told("hs.example does not publish a valid address for its homeserver.").await;
    }
    browser.visit("/you").await;
    answers(well_known, 200, base("https://hs.example/"));
    for (status, answer) in [(404, json!({})), (200, json!({})), (200, json!({ "versions": "v1" }))] {
        answers("/_matrix/client/versions", status, answer);
        browser.visit("/you").await;
        browser.names(ALICE).await;
        browser.is_told("There is no Matrix homeserver at hs.example.").await;
    }
    answers(well_known, 404, json!({}));
    answers("/_matrix/client/versions", 200, json!({ "versions": ["v1.11"] }));
    for flows in [json!([]), json!("m.login.password"), json!([null, { "type": "m.login.dummy" }])] {
        answers("/_matrix/client/v3/login", 200, json!({ "flows": flows }));
        browser.visit("/you").await;
        browser.names(ALICE).await;
        browser.is_told("hs.example offers no way to sign in that this page supports.").await;
    }
    // A homeserver without CORS.
    world.homeserver.behave(Conduct::Answers(200, "{}".to_owned()));
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.is_told("hs.example does not respond.").await;
    assert!(browser.sent().await.iter().all(|sent| sent.method == "GET"), "nobody was given anything");
}

#[tokio::test]
async fn a_homeservers_refusal_is_quoted_and_its_session_ended() {
    let world = with_alice(&[Flow::Password]).await;
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.gives_password("wrong").await;
    browser.is_told("Wrong Matrix ID or password.").await;
    assert_eq!(browser.run("return document.getElementById('password').value", vec![]).await, "");

    let login = "/_matrix/client/v3/login";
    let answers = |path: &str, status: u16, answer: Value| {
        world.homeserver.answers_clients(Method::POST, path, StatusCode::from_u16(status).unwrap(), answer);
    };
    for (status, answer, problem) in [
        (403, json!({ "errcode": "M_USER_DEACTIVATED" }), "This account has been closed on its homeserver."),
        (429, json!({ "errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 4_500 }), "Try again in 5 s."),
        (500, json!("oops"), "hs.example refused to sign you in."),
        (200, json!({}), "hs.example refused to sign you in."),
    ] {
        answers(login, status, answer);
        browser.gives_password(PASSWORD).await;
        browser.is_told(problem).await;
    }
    for stranger in ["@alice:other.example", "@alice:hs.example:8448", "@alice:xhs.example"] {
        answers(login, 200, json!({ "access_token": "of-a-stranger", "user_id": stranger }));
        browser.gives_password(PASSWORD).await;
        browser.is_told("You signed in with an account that is not on hs.example.").await;
    }
    let logouts = |world: &World| {
        let requests = world.homeserver.requests();
        requests.iter().filter(|r| r.uri().path() == "/_matrix/client/v3/logout" && r.method() == Method::POST).count()
    };
    // The stub does not know these tokens and is asked once for each; unreachable servers are tried
    // twice.
    assert_eq!(logouts(&world), 3);
    answers(login, 200, json!({ "access_token": "of-alice", "user_id": ALICE }));
    browser.gives_password(PASSWORD).await;
    browser.is_told("hs.example refused to sign you in.").await;
    assert_eq!(logouts(&world), 4, "signed out also where there is no token to be had");
    let sent = browser.sent().await;
    assert!(!sent.iter().any(|sent| sent.method == "POST" && sent.url.host_str() == Some("id.example")));
}

#[tokio::test]
async fn a_sign_in_started_elsewhere_is_not_completed_here() {
    let world = with_alice(&[Flow::Sso, Flow::OAuth]).await;
    let browser = Browser::open(&world).await;
    for answer in
        ["/you/sign-in?state=x&loginToken=stolen", "/you/sign-in#state=x&code=stolen", "/you/sign-in?state=#x"]
    {
        // Changing only the fragment does not load a new page.
        browser.visit("/").await;
        browser.visit(answer).await;
        browser.is_told("Too much time has passed, or you started in another window.").await;
        let address = browser.url().await;
        assert_eq!(
            (address.query(), address.fragment()),
            (Some("lang=en"), None),
            "what came is gone from the address"
        );
    }
    // Only the matching answer is accepted, and only once.
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.click("Single sign-on at hs.example").await;
    browser.reads("Sign in to hs.example").await;
    browser.visit("/you/sign-in?state=x&loginToken=stolen").await;
    browser.is_told("Too much time has passed").await;
    assert_eq!(browser.kept().await, json!({}));
    assert!(!world.homeserver.requests().iter().any(|request| request.method() == Method::POST));
}

#[tokio::test]
async fn going_back_after_signing_in_reveals_neither_password_nor_token() {
    let world = with_alice(&[Flow::Password]).await;
    let browser = Browser::open(&world).await;
    browser.visit("/you/sign-in").await;
    browser.names(ALICE).await;
    browser.gives_password(PASSWORD).await;
    browser.reads("Your data").await;
    browser.driver().back().await;
    browser.reads("Sign in").await;
    // The browser may restore the Matrix ID, and nothing else.
    let fields = "return [...document.querySelectorAll('input:not(#mxid)')].map((field) => field.value).join('')";
    assert_eq!(browser.run(fields, vec![]).await, "");
}

#[tokio::test]
async fn a_blocked_user_is_told_so_on_the_same_page() {
    let world = World::start_with(&[("FEDERATION__BLOCKED_SERVERS", r#"["hs.example"]"#)]).await;
    world.homeserver.has_user("alice", PASSWORD);
    world.homeserver.offers(&[Flow::OAuth]);
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.click("Sign in at hs.example").await;
    browser.click("Continue as alice").await;
    browser.reads("Signing in did not work").await;
    browser.is_told("Users of this homeserver cannot use this server.").await;
    browser.examine("sign-in-refused").await;
    assert_eq!(world.homeserver.devices(), []);
}
