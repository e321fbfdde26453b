//! A visitor of `/you` whose browser runs no scripts: a cookie, pages and the forms on them.

use reqwest::{Method, RequestBuilder};
use url::form_urlencoded;
use vouch::service::{Services, Subject};
use vouch_test_support::homeserver::Conduct;

use crate::address_visitor::FORM;
use crate::database::{count, settle};
use crate::notices::ALICE;
use crate::onbind::{invites, until_tried};
use crate::undoing::heading;
use crate::world::{Answer, Person, Server, World};

/// A browser with the cookie of a session.
pub struct Visitor<'a> {
    pub server: &'a Server,
    pub cookie: String,
}

impl<'a> Visitor<'a> {
    /// Begins a session of a subject without signing in over HTTP.
    pub async fn proven(world: &World, server: &'a Server, subject: &Subject) -> Self {
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let token = vouch.web_sessions.begin(subject).await.unwrap();
        Self { server, cookie: format!("vouch-visit={token}") }
    }

    /// Signs a user of the homeserver in, by submitting what the script of the page would.
    pub async fn signed_in(world: &World, server: &'a Server, localpart: &str) -> Self {
        let openid = world.homeserver.openid_token(localpart);
        let fields = ["access_token", "matrix_server_name"].map(|name| (name, openid[name].as_str().unwrap()));
        let answer = Self::stranger(server).posts("/you/sign-in", &fields).await;
        assert_eq!(leads_to(&answer), "/you?lang=en");
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { server, cookie }
    }

    /// Returns a visitor who has not signed in.
    pub fn stranger(server: &'a Server) -> Self {
        Self { server, cookie: "vouch-visit=nothing".to_owned() }
    }

    /// Returns the same session on another node.
    pub fn at<'b>(&self, server: &'b Server) -> Visitor<'b> {
        Visitor { server, cookie: self.cookie.clone() }
    }

    /// Makes a request of this session.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.request(method, path, None).header("Cookie", &self.cookie)
    }

    pub async fn opens(&self, path: &str) -> Answer {
        self.server.send(self.request(Method::GET, path)).await
    }

    /// Returns the token that the forms of this session contain.
    pub async fn form_token(&self) -> String {
        let page = self.opens("/you").await;
        let (_, rest) = page.text.split_once("name=\"form_token\" value=\"").unwrap_or_else(|| panic!("{}", page.text));
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// Submits a form of this session.
    pub async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token().await;
        self.posts(path, &[&[("form_token", token.as_str())], fields].concat()).await
    }

    /// Posts fields without adding a form token.
    pub async fn posts(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.posts_from(path, fields, "same-origin").await
    }

    /// Like [`Self::posts`], with this `Sec-Fetch-Site` header.
    pub async fn posts_from(&self, path: &str, fields: &[(&str, &str)], site: &str) -> Answer {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).header("Content-Type", FORM);
        self.server.send(request.header("Sec-Fetch-Site", site).body(body)).await
    }
}

/// Returns the location that an answer redirects to.
#[track_caller]
pub fn leads_to(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.headers["location"].to_str().unwrap()
}

/// Returns the same person on another node.
pub fn at<'a>(person: &Person<'a>, server: &'a Server) -> Person<'a> {
    Person { world: person.world, server, mxid: person.mxid.clone(), token: person.token.clone() }
}

/// Returns the note at the top of the page, which reports the outcome.
#[track_caller]
pub fn note(page: &Answer) -> &str {
    assert_eq!(heading(page, 200), "Your data");
    let note = page.text.split_once("class=\"note ").expect("the page has a note").1;
    note.split_once('>').unwrap().1.split_once('<').unwrap().0
}

/// Submits a form, follows the redirect and returns the note of the page.
pub async fn does(visitor: &Visitor<'_>, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = visitor.sends(path, fields).await;
    note(&visitor.opens(leads_to(&answer)).await).to_owned()
}

/// Registers Alice and stores some data of every kind about her. Her addresses have been bound for
/// long.
pub async fn alice_with_data<'a>(world: &'a World, server: &'a Server) -> Person<'a> {
    let alice = world.person(server, "alice").await;
    alice.binds(ALICE).await;
    alice.binds("alice@work.example").await;
    settle(world).await;
    alice.asks_to_prove("third@example.com").await;
    invites(&alice, "!tea:hs.example", "bob@example.com").await;
    alice
}

/// Makes a delivery wait: Carol binds an address that was invited, but her homeserver is
/// unreachable from now on.
pub async fn leaves_a_delivery_waiting(alice: &Person<'_>) {
    let (world, server) = (alice.world, alice.server);
    invites(alice, "!room:hs.example", "carol@example.com").await;
    let carol = world.person(server, "carol").await;
    world.homeserver.behave(Conduct::HangsUp);
    carol.binds("carol@example.com").await;
    until_tried(world, 1).await;
}

/// Counts the rows of each table with personal data.
pub async fn row_counts(world: &World) -> Vec<usize> {
    let mut row_counts = Vec::new();
    for table in
        ["accounts", "tokens", "sessions", "bindings", "invites", "visits", "consents WHERE withdrawn_at IS NULL"]
    {
        row_counts.push(count(world, table).await);
    }
    row_counts
}
