//! An address without an account: its owner gets a link, sees what is held about it, and changes that. How often anybody may have a link sent,
//! and what a stranger learns by it, has a chapter of its own.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use vouch::clock::{HOUR, MINUTE};
use vouch::config::Config;
use vouch_test_support::mail_sink::Message;
use vouch_test_support::postgres::Cluster;

use crate::database::count;
use crate::invites::{ROOM, invitation};
use crate::notices::{ALICE, PATIENCE};
use crate::phones;
use crate::undoing::{heading, undoing};
use crate::world::{Answer, Person, SECRET, Server, World, query, until};

pub const FORM: &str = "application/x-www-form-urlencoded";
/// The page to which a link is asked for.
pub const SENT: &str = "Check your messages";
/// The time at which the clock stands still.
const NOON: &str = "<time datetime=\"2026-11-23T12:00:00Z\">23 November 2026, 12:00 UTC</time>";
pub const BROKEN: &str = "This link does not work";
pub const OVER: &str = "Your session has ended";

/// A form as a browser sends it.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub async fn posts(server: &Server, path: &str, fields: &[(&str, &str)]) -> Answer {
    server.send(server.request(Method::POST, path, None).header(CONTENT_TYPE, FORM).body(encoded(fields))).await
}

/// Types an address into the form.
pub async fn asks(server: &Server, typed: &str) -> Answer {
    posts(server, "/address", &[("address", typed)]).await
}

pub fn is_link(mail: &Message) -> bool {
    mail.text().contains("/address/open?")
}

/// Path and query of the link in a message.
pub fn path_of(link: &str) -> String {
    let link = Url::parse(link).unwrap();
    format!("{}?{}", link.path(), link.query().unwrap())
}

/// The link that is mailed to an address which asks for it now.
pub async fn mailed(world: &World, server: &Server, address: &str) -> String {
    world.mail.forget();
    assert_eq!(heading(&asks(server, address).await, 200), SENT);
    let mail = world.mail.wait_for(|mail| mail.to == [address] && is_link(mail)).await;
    path_of(&mail.links().into_iter().find(|link| link.contains("/address/open?")).unwrap())
}

/// Opens the link's page and presses its button.
pub async fn presses(server: &Server, path: &str) -> Answer {
    let page = server.get(path, None).await;
    assert_eq!(heading(&page, 200), "Is this your address?");
    let token = value(&page.text, "name=\"token\" value=\"");
    posts(server, &value(&page.text, "<form method=\"post\" action=\""), &[("token", &token)]).await
}

fn value(page: &str, mark: &str) -> String {
    page.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {page}")).1.split_once('"').unwrap().0.to_owned()
}

/// A Matrix ID as a page shows it.
fn id(person: &Person<'_>) -> String {
    format!("<code class=\"id\">{}</code>", person.mxid)
}

/// The main part of a page.
fn main(page: &Answer) -> &str {
    page.text.split_once("<main").unwrap().1.split_once("</main>").unwrap().0
}

/// Somebody who looks at what is held about his address.
pub struct Visitor<'a> {
    pub server: &'a Server,
    pub cookie: String,
}

impl<'a> Visitor<'a> {
    /// Whom the answer to the button makes one.
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

    /// Presses a button of the page, and returns what it answers.
    pub async fn does(&self, action: &str) -> Answer {
        let page = self.sees().await;
        assert!(page.text.contains(&format!("name=\"action\" value=\"{action}\"")), "{}", main(&page));
        let token = value(&page.text, "name=\"form_token\" value=\"");
        self.posts(&[("form_token", &token), ("action", action), ("sure", "yes")]).await
    }

    /// Presses a button, and follows to the page that says what was done.
    pub async fn done(&self, action: &str) -> String {
        let answer = self.does(action).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let page = self.gets(answer.headers["location"].to_str().unwrap()).await;
        assert_eq!(heading(&page, 200), "What we store about your address");
        let said = page.text.split_once("role=\"status\">").expect("it says what was done").1;
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

/// Invites an address into the room.
pub async fn invites(person: &Person<'_>, email: &str) -> Answer {
    person.post("/store-invite", invitation(person, email)).await
}

on_both_backends! {
    async fn who_reads_the_mail_of_an_address_sees_what_is_held_about_it_and_about_no_other(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds("alice.other@example.com").await;
        alice.binds(ALICE).await;
        bob.asks_to_prove(ALICE).await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let page = visitor.sees().await;
        for held in [
            format!("everything this server stores about {ALICE}."),
            format!("<p>{} <span class=\"soft\">since {NOON}</span></p>", id(&alice)),
            format!("<li>{} <span class=\"soft\">confirmed on {NOON}</span></li>", id(&alice)),
            format!("<li>{} <span class=\"soft\">not confirmed; requested on {NOON}</span></li>", id(&bob)),
        ] {
            assert!(main(&page).contains(&held), "{held} is not in {}", main(&page));
        }
        assert!(!page.text.contains("alice.other"), "{}", page.text);
        assert!(!page.text.contains("<script") && !page.text.contains("style="), "{}", page.text);
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("form-action 'self'"));

        let held = visitor.downloads().await;
        assert_eq!((&held["medium"], &held["address"]), (&json!("email"), &json!(ALICE)));
        assert_eq!(held["binding"], json!({ "user_id": alice.mxid, "bound_at": world.clock.now() }));
        assert_eq!(held["confirmations"][1]["user_id"], json!(bob.mxid));
        assert_eq!(held["confirmations"][1]["validated_at"], Value::Null);
        assert_eq!((&held["objects_since"], &held["visits"]), (&Value::Null, &json!([world.clock.now()])));
        assert!(!held.to_string().contains("alice.other"), "{held}");
    }

    async fn unbinding_holds_at_once_and_voids_what_was_proved(world: World) {
        let server = world.start().await;
        let mallory = world.person(&server, "mallory").await;
        let sid = mallory.proves(ALICE).await;
        mallory.binds_by(&sid).await.ok();
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        assert_eq!(visitor.done("unbind").await, "Nobody can be found by your address any more");
        assert_eq!(mallory.looks_up(ALICE).await, None);
        assert_eq!(mallory.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        let page = visitor.sees().await;
        assert!(main(&page).contains("<p>Nobody.</p>") && !page.text.contains("value=\"unbind\""), "{}", main(&page));
        assert_eq!((count(&world, "bindings").await, count(&world, "sessions").await), (0, 0));
    }

    async fn confirmations_are_cancelled_and_the_binding_stays(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds(ALICE).await;
        world.mail.forget();
        let sid = bob.proves(ALICE).await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        assert_eq!(visitor.done("cancel").await, "The requests have been cancelled");
        assert_eq!(bob.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(bob.looks_up(ALICE).await, Some(alice.mxid.clone()));
        assert!(!visitor.sees().await.text.contains(&bob.mxid));
    }

    async fn invitations_are_shown_and_deleted(world: World) {
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        let token = invites(&bob, ALICE).await.ok()["token"].clone();
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let shown = format!("<li>{} <span class=\"soft\">invited you on {NOON}</span></li>", id(&bob));
        assert!(main(&visitor.sees().await).contains(&shown));
        let held = visitor.downloads().await;
        let expected = json!([{ "user_id": bob.mxid, "room_id": ROOM, "invited_at": world.clock.now() }]);
        assert_eq!(held["invitations"], expected);
        assert!(!held.to_string().contains(token.as_str().unwrap()), "the token is its inviter's: {held}");
        assert_eq!(visitor.done("uninvite").await, "The invitations have been deleted");
        assert_eq!(count(&world, "invites").await, 0);
        // Whoever has the address from now on joins no room by it.
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        assert!(world.homeserver.told().is_empty());
    }

    async fn who_reads_the_texts_of_a_number_does_the_same(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = phones::sid(alice.post("/validate/msisdn/requestToken", phones::asked("07700 900123", 1)).await);
        let code = world.texts().pop().unwrap().code();
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": code });
        alice.post("/validate/msisdn/submitToken", submitted).await.ok();
        alice.binds_by(&sid).await.ok();
        until(PATIENCE, "the number is not told", async || world.texts().len() == 2).await;
        assert_eq!(heading(&asks(&server, " +44 (7700) 900-123 ").await, 200), SENT);
        until(PATIENCE, "no text came", async || world.texts().len() == 3).await;
        let text = world.texts().pop().unwrap();
        assert!(text.to == "447700900123" && !text.body.contains(&alice.mxid), "{text:?}");
        let visitor = Visitor::begun(&server, &presses(&server, &path_of(text.body.rsplit(' ').next().unwrap())).await);
        let page = visitor.sees().await;
        assert!(main(&page).contains("stores about +447700900123.") && main(&page).contains(&alice.mxid), "{}", main(&page));
        assert_eq!(visitor.done("unbind").await, "Nobody can be found by your address any more");
        assert_eq!(count(&world, "bindings").await, 0);
    }

    async fn everything_is_erased_after_a_fresh_proof_and_a_tick(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds(ALICE).await;
        bob.asks_to_prove(ALICE).await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let elsewhere = Visitor::by_mail(&world, &server, ALICE).await;
        let token = value(&visitor.sees().await.text, "name=\"form_token\" value=\"");
        let unsure = visitor.posts(&[("form_token", &token), ("action", "erase")]).await;
        assert_eq!(unsure.headers["location"], "/address/held?done=unsure&lang=en");
        let page = visitor.gets("/address/held?done=unsure&lang=en").await;
        assert!(page.text.contains("role=\"alert\">Nothing was erased. Tick the box first."), "{}", main(&page));

        world.clock.advance(5 * MINUTE);
        for action in ["erase", "download"] {
            assert_eq!(visitor.does(action).await.headers["location"], "/address/held?done=stale&lang=en");
        }
        let page = visitor.gets("/address/held?done=stale&lang=en").await;
        assert!(main(&page).contains("<a href=\"/address?lang=en\">Request a new link</a>"), "{}", main(&page));
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));

        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let erased = visitor.does("erase").await;
        assert_eq!((erased.status, &erased.headers["location"]), (303, &"/address?done=erased&lang=en".parse().unwrap()));
        assert!(erased.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(alice.looks_up(ALICE).await, None);
        for table in ["bindings", "sessions", "visits"] {
            assert_eq!(count(&world, table).await, 0, "{table}");
        }
        for over in [&visitor, &elsewhere] {
            assert_eq!(heading(&over.gets("/address/held").await, 403), OVER);
        }
        let page = server.get("/address?done=erased&lang=en", None).await;
        assert!(page.text.contains("role=\"status\">Everything has been erased."), "{}", main(&page));
    }

    async fn a_visit_ends_when_its_visitor_leaves_or_half_an_hour_later(world: World) {
        let server = world.start().await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let left = visitor.does("leave").await;
        assert_eq!(left.headers["location"], "/address?done=left&lang=en");
        assert!(left.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(heading(&visitor.gets("/address/held").await, 403), OVER);
        assert_eq!(count(&world, "visits").await, 0);

        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        world.clock.advance(30 * MINUTE);
        let page = visitor.gets("/address/held").await;
        assert_eq!(heading(&page, 403), OVER);
        assert!(main(&page).contains("<a href=\"/address?lang=en\">Request a new link</a>"), "{}", main(&page));
    }

    async fn to_open_the_link_changes_and_shows_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = mailed(&world, &server, ALICE).await;
        for _ in 0..3 {
            let page = server.get(&path, None).await;
            assert_eq!(heading(&page, 200), "Is this your address?");
            assert!(!main(&page).contains("alice") && !main(&page).contains('@'), "{}", main(&page));
            let head = server.send(server.request(Method::HEAD, &path, None)).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
            for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
                assert_eq!(server.send(server.request(method, &path, None)).await.status, 404);
            }
        }
        assert_eq!(count(&world, "visits").await, 0);
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
    }

    async fn a_link_works_for_an_hour_and_as_often_as_it_is_opened(world: World) {
        let server = world.start().await;
        let path = mailed(&world, &server, ALICE).await;
        world.clock.advance(HOUR - 1);
        for _ in 0..2 {
            Visitor::begun(&server, &presses(&server, &path).await).sees().await;
        }
        world.clock.advance(1);
        let token = query(&format!("http://h{path}"), "token");
        for page in [server.get(&path, None).await, posts(&server, "/address/open", &[("token", &token)]).await] {
            assert_eq!(heading(&page, 410), "This link has expired");
            assert!(main(&page).contains("<a href=\"/address?lang=en\">Request a new link</a>"), "{}", main(&page));
        }
    }

    async fn a_link_that_is_opened_again_and_again_fills_nothing(world: World) {
        let server = world.start().await;
        let link = mailed(&world, &server, ALICE).await;
        let first = Visitor::begun(&server, &presses(&server, &link).await);
        world.clock.advance(1);
        for _ in 0..29 {
            assert_eq!(presses(&server, &link).await.status, 303);
        }
        assert_eq!(count(&world, "visits").await, 20);
        let last = Visitor::begun(&server, &presses(&server, &link).await);
        last.sees().await;
        assert_eq!(heading(&first.gets("/address/held").await, 403), OVER);
    }

    async fn a_link_that_is_none_is_told_so_whatever_is_wrong_with_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let undo = query(&format!("http://h{}", undoing(&world, ALICE).await), "token");
        let token = query(&format!("http://h{}", mailed(&world, &server, ALICE).await), "token");
        let altered = |at: usize| {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &token[..at], &token[at + 1..])
        };
        let mut bad = vec![String::new(), "x".to_owned(), "\0".to_owned(), "😀".to_owned(), "x".repeat(10_000)];
        bad.extend([format!("{token}A"), format!("{token}="), token[1..].to_owned(), altered(0), altered(45), undo]);
        for bad in &bad {
            let field = [("token", bad.as_str())];
            let get = server.get(&format!("/address/open?{}", encoded(&field)), None).await;
            for answer in [get, posts(&server, "/address/open", &field).await] {
                assert_eq!(heading(&answer, 404), BROKEN, "{bad}");
            }
        }
        // Nor is this one a link of another kind.
        assert_eq!(heading(&server.get(&format!("/not-me?token={token}"), None).await, 404), BROKEN);
        assert_eq!(heading(&posts(&server, "/not-me", &[("token", &token)]).await, 404), BROKEN);
        assert_eq!(heading(&server.get("/address/open", None).await, 404), BROKEN);
        assert_eq!(heading(&posts(&server, "/address/open", &[]).await, 404), BROKEN);
        let json = server.post("/address/open", None, &json!({ "token": token })).await;
        assert_eq!(heading(&json, 404), BROKEN);
        assert_eq!((count(&world, "visits").await, count(&world, "bindings").await), (0, 1));
    }

    async fn another_site_sends_no_form_in_anybodys_name(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = mailed(&world, &server, ALICE).await;
        let visitor = Visitor::begun(&server, &presses(&server, &path).await);
        let token = value(&visitor.sees().await.text, "name=\"form_token\" value=\"");
        let other = Visitor::begun(&server, &presses(&server, &path).await);
        let others = value(&other.sees().await.text, "name=\"form_token\" value=\"");
        assert_ne!(token, others);
        for fields in [
            &[("action", "unbind")][..],
            &[("form_token", ""), ("action", "unbind")],
            &[("form_token", &others), ("action", "unbind")],
            &[("form_token", &token)],
            &[("form_token", &token), ("action", "")],
            &[("form_token", &token), ("action", "Unbind")],
            &[("form_token", &token), ("action", "unbind"), ("action", "object")],
        ] {
            assert_eq!(heading(&visitor.posts(fields).await, 403), OVER, "{fields:?}");
        }
        let fields = [("form_token", token.as_str()), ("action", "unbind")];
        // Without the cookie, the token alone is nothing.
        assert_eq!(heading(&posts(&server, "/address/held", &fields).await, 403), OVER);
        for site in ["cross-site", "same-site", "none"] {
            let from = |path: &str, fields: &[(&str, &str)]| {
                let request = server.request(Method::POST, path, None).header("Sec-Fetch-Site", site);
                let request = request.header("Cookie", &visitor.cookie).header(CONTENT_TYPE, FORM).body(encoded(fields));
                server.send(request)
            };
            assert_eq!(heading(&from("/address/held", &fields).await, 403), OVER);
            let opened = from("/address/open", &[("token", &query(&format!("http://h{path}"), "token"))]).await;
            assert_eq!(heading(&opened, 404), BROKEN);
            world.mail.forget();
            assert_eq!(from("/address", &[("address", "carol@example.com")]).await.status, 400);
        }
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        // Had a mail been on its way to her, it would be here before the next one.
        mailed(&world, &server, ALICE).await;
        assert!(world.mail.messages().iter().all(|mail| mail.to == [ALICE]));
        // The page itself is another matter.
        let request = server.request(Method::POST, "/address/held", None).header("Sec-Fetch-Site", "same-origin");
        let request = request.header("Cookie", &visitor.cookie).header(CONTENT_TYPE, FORM).body(encoded(&fields));
        assert_eq!(server.send(request).await.status, 303);
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn what_one_node_has_begun_another_goes_on_with(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = mailed(&world, &server, ALICE).await;
        let begun = Visitor::begun(&other, &presses(&other, &path).await);
        let visitor = Visitor { server: &server, cookie: begun.cookie.clone() };
        assert_eq!(visitor.done("unbind").await, "Nobody can be found by your address any more");
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        assert_eq!(there.looks_up(ALICE).await, None);
        assert_eq!(begun.does("leave").await.status, 303);
        assert_eq!(heading(&visitor.gets("/address/held").await, 403), OVER);
    }

    async fn a_matrix_id_brings_no_markup(world: World) {
        let server = world.start().await;
        let mallory = world.person(&server, "<img/src=x>\"'&amp;").await;
        assert!(mallory.mxid.contains('<'));
        mallory.asks_to_prove(ALICE).await;
        invites(&mallory, ALICE).await.ok();
        let page = Visitor::by_mail(&world, &server, ALICE).await.sees().await;
        let escaped = "@&#60;img/src=x&#62;&#34;&#39;&#38;amp;:hs.example";
        assert_eq!((page.text.matches(escaped).count(), page.text.matches("<img").count()), (2, 0), "{}", main(&page));
    }

    async fn behind_a_proxy_with_a_path_every_link_and_form_leads_there(world: World) {
        let mut world = world;
        world.config.server.public_url = "https://example.org/id/".parse().unwrap();
        let server = world.start().await;
        let page = server.get("/address", None).await;
        assert!(page.text.contains("<form method=\"post\" action=\"/id/address?lang=en\">"), "{}", page.text);
        let path = mailed(&world, &server, ALICE).await;
        let inner = path.strip_prefix("/id").expect("the link has the path of the proxy");
        let opened = server.get(inner, None).await;
        assert!(opened.text.contains("action=\"/id/address/open?lang=en\""), "{}", opened.text);
        let answer = posts(&server, "/address/open", &[("token", &query(&format!("http://h{path}"), "token"))]).await;
        assert_eq!(answer.headers["location"], "/id/address/held?lang=en");
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("__Secure-") && cookie.contains("; Path=/id/") && cookie.contains("; Secure"), "{cookie}");
        let visitor = Visitor { server: &server, cookie: cookie.split_once(';').unwrap().0.to_owned() };
        assert!(visitor.sees().await.text.contains("action=\"/id/address/held?lang=en\""));
    }

    async fn every_page_speaks_the_language_of_the_link(world: World) {
        let server = world.start().await;
        let asked = posts(&server, "/address?lang=fr", &[("address", ALICE)]).await;
        assert_eq!(heading(&asked, 200), "Consultez vos messages");
        let mail = world.mail.wait_for(is_link).await;
        assert_eq!(mail.subject(), "Voir ce que 127.0.0.1:8090 conserve sur votre adresse");
        let path = path_of(&mail.links().into_iter().find(|link| link.contains("/address/open?")).unwrap());
        assert_eq!(heading(&server.get(&path, None).await, 200), "Est-ce votre adresse\u{202f}?");
        let token = query(&format!("http://h{path}"), "token");
        let opened = posts(&server, "/address/open?lang=fr", &[("token", &token)]).await;
        assert_eq!(opened.headers["location"], "/address/held?lang=fr");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_the_pages_ask_for_patience_and_nothing_is_changed() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let mut world = World::on_sqlite().await;
    world.config.database.url = cluster.url().parse().unwrap();
    let server = Server::start(Config { ..world.config.clone() }, world.clock.clone());
    server.until_ready().await;
    let path = mailed(&world, &server, ALICE).await;
    let visitor = Visitor::begun(&server, &presses(&server, &path).await);
    let form_token = value(&visitor.sees().await.text, "name=\"form_token\" value=\"");
    tokio::task::block_in_place(|| cluster.stop());
    let token = query(&format!("http://h{path}"), "token");
    for answer in [
        posts(&server, "/address/open", &[("token", &token)]).await,
        visitor.gets("/address/held").await,
        visitor.posts(&[("form_token", &form_token), ("action", "object")]).await,
    ] {
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("We cannot answer right now"), "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    // What is sealed into the link needs no database to be read.
    assert_eq!(heading(&server.get(&path, None).await, 200), "Is this your address?");
}

#[tokio::test]
async fn another_servers_link_is_none() {
    let (world, other) = (World::on_sqlite().await, World::on_sqlite().await);
    let (server, elsewhere) = (world.start().await, other.start().await);
    let path = mailed(&world, &server, ALICE).await;
    assert_eq!(heading(&elsewhere.get(&path, None).await, 404), BROKEN);
}
