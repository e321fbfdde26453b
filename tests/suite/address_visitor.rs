//! Visitors of `/address`, who prove with a link that they receive the messages of an address.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use url::{Url, form_urlencoded};
use vouch_test_support::mail_sink::Message;

use crate::undoing::heading;
use crate::world::{Answer, Person, Server, World};

pub const FORM: &str = "application/x-www-form-urlencoded";
/// The heading of the page after a link was requested.
pub const SENT: &str = "Check your messages";
pub const BROKEN: &str = "This link does not work";
pub const OVER: &str = "Your session has ended";

/// Encodes a form as a browser does.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub async fn posts(server: &Server, path: &str, fields: &[(&str, &str)]) -> Answer {
    server.send(server.request(Method::POST, path, None).header(CONTENT_TYPE, FORM).body(encoded(fields))).await
}

/// Submits an address to request a link.
pub async fn asks(server: &Server, typed: &str) -> Answer {
    posts(server, "/address", &[("address", typed)]).await
}

pub fn is_link(mail: &Message) -> bool {
    mail.text().contains("/address/open?")
}

/// Returns the path and query of a link.
pub fn path_of(link: &str) -> String {
    let link = Url::parse(link).unwrap();
    format!("{}?{}", link.path(), link.query().unwrap())
}

/// Requests a link for an address, and returns the path and query of the mailed link.
pub async fn mailed(world: &World, server: &Server, address: &str) -> String {
    world.mail.forget();
    assert_eq!(heading(&asks(server, address).await, 200), SENT);
    let mail = world.mail.wait_for(|mail| mail.to == [address] && is_link(mail)).await;
    path_of(&mail.links().into_iter().find(|link| link.contains("/address/open?")).unwrap())
}

/// Opens the page of the link and presses its button.
pub async fn presses(server: &Server, path: &str) -> Answer {
    let page = server.get(path, None).await;
    assert_eq!(heading(&page, 200), "Is this your address?");
    let token = value(&page.text, "name=\"token\" value=\"");
    posts(server, &value(&page.text, "<form method=\"post\" action=\""), &[("token", &token)]).await
}

pub fn value(page: &str, mark: &str) -> String {
    page.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {page}")).1.split_once('"').unwrap().0.to_owned()
}

/// Returns the HTML of a Matrix ID.
pub fn id(person: &Person<'_>) -> String {
    format!("<code class=\"id\">{}</code>", person.mxid)
}

/// Returns the main part of a page.
pub fn main(page: &Answer) -> &str {
    page.text.split_once("<main").unwrap().1.split_once("</main>").unwrap().0
}

/// A browser with the cookie of a session that shows the data stored about an address.
pub struct Visitor<'a> {
    pub server: &'a Server,
    pub cookie: String,
}

impl<'a> Visitor<'a> {
    /// Takes the cookie from the answer to the button.
    #[track_caller]
    pub fn begun(server: &'a Server, answer: &Answer) -> Self {
        assert_eq!((answer.status, &answer.headers["location"]), (303, &"/address/held?lang=en".parse().unwrap()));
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict") && cookie.contains("; Path=/"), "{cookie}");
        Self { server, cookie: cookie.split_once(';').unwrap().0.to_owned() }
    }

    /// Asks for a link by mail, opens it, and presses the button.
    pub async fn by_mail(world: &World, server: &'a Server, address: &str) -> Self {
        let path = mailed(world, server, address).await;
        Self::begun(server, &presses(server, &path).await)
    }

    pub async fn gets(&self, path: &str) -> Answer {
        self.server.send(self.server.request(Method::GET, path, None).header("Cookie", &self.cookie)).await
    }

    pub async fn sees(&self) -> Answer {
        let page = self.gets("/address/held").await;
        assert_eq!(heading(&page, 200), "What we store about your address");
        page
    }

    pub async fn posts(&self, fields: &[(&str, &str)]) -> Answer {
        let request = self.server.request(Method::POST, "/address/held", None).header("Cookie", &self.cookie);
        self.server.send(request.header(CONTENT_TYPE, FORM).body(encoded(fields))).await
    }

    /// Presses a button of the page, and returns the answer.
    pub async fn does(&self, action: &str) -> Answer {
        let page = self.sees().await;
        assert!(page.text.contains(&format!("name=\"action\" value=\"{action}\"")), "{}", main(&page));
        let token = value(&page.text, "name=\"form_token\" value=\"");
        self.posts(&[("form_token", &token), ("action", action), ("sure", "yes")]).await
    }

    /// Presses a button, follows the redirect and returns what the page says was done.
    pub async fn done(&self, action: &str) -> String {
        let answer = self.does(action).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let page = self.gets(answer.headers["location"].to_str().unwrap()).await;
        assert_eq!(heading(&page, 200), "What we store about your address");
        let said = page.text.split_once("role=\"status\">").expect("the page says what was done").1;
        said.split_once("</p>").unwrap().0.to_owned()
    }

    pub async fn downloads(&self) -> Value {
        let answer = self.does("download").await;
        assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"vouch-address.json\"");
        assert_eq!(
            (&answer.headers["cache-control"], &answer.headers["x-robots-tag"]),
            (&"no-store".parse().unwrap(), &"noindex, nofollow".parse().unwrap())
        );
        answer.ok()
    }
}
