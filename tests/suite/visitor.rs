//! Somebody at a browser that runs no script: a cookie, pages, and the forms on them.

use reqwest::{Method, RequestBuilder};
use url::form_urlencoded;
use vouch::service::{Subject, Vouch};

use crate::world::{Answer, Server, World};

/// Somebody who visits.
pub struct Visitor<'a> {
    pub server: &'a Server,
    pub cookie: String,
}

impl<'a> Visitor<'a> {
    /// Somebody who has proved to be that, and visits a server.
    pub async fn proven(world: &World, server: &'a Server, subject: &Subject) -> Self {
        let vouch = Vouch::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let token = vouch.web_sessions.begin(subject).await.unwrap();
        Self { server, cookie: format!("vouch-visit={token}") }
    }

    /// A user of the homeserver, who has signed in: what the script of the page hands over, without the script.
    pub async fn signed_in(world: &World, server: &'a Server, localpart: &str) -> Self {
        let openid = world.homeserver.openid_token(localpart);
        let fields = ["access_token", "matrix_server_name"].map(|name| (name, openid[name].as_str().unwrap()));
        let answer = Self::stranger(server).posts("/you/sign-in", &fields).await;
        assert_eq!(leads_to(&answer), "/you?lang=en");
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { server, cookie }
    }

    /// Somebody who has signed in nowhere.
    pub fn stranger(server: &'a Server) -> Self {
        Self { server, cookie: "vouch-visit=nothing".to_owned() }
    }

    /// The same visit at another node.
    pub fn at<'b>(&self, server: &'b Server) -> Visitor<'b> {
        Visitor { server, cookie: self.cookie.clone() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.request(method, path, None).header("Cookie", &self.cookie)
    }

    pub async fn opens(&self, path: &str) -> Answer {
        self.server.send(self.request(Method::GET, path)).await
    }

    /// The token that the forms of this visit carry.
    pub async fn form_token(&self) -> String {
        let page = self.opens("/you").await;
        let (_, rest) = page.text.split_once("name=\"form_token\" value=\"").unwrap_or_else(|| panic!("{}", page.text));
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// Sends a form of this visit.
    pub async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token().await;
        self.posts(path, &[&[("form_token", token.as_str())], fields].concat()).await
    }

    /// Posts whatever fields.
    pub async fn posts(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.posts_from(path, fields, "same-origin").await
    }

    /// As [`Self::posts`], from a page of that site (Fetch Metadata).
    pub async fn posts_from(&self, path: &str, fields: &[(&str, &str)], site: &str) -> Answer {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).header("Content-Type", "application/x-www-form-urlencoded");
        self.server.send(request.header("Sec-Fetch-Site", site).body(body)).await
    }
}

/// Where an answer leads.
#[track_caller]
pub fn leads_to(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.headers["location"].to_str().unwrap()
}
