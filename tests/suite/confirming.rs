//! Links by which the user of an access token or web session confirms that they read one of their
//! addresses. Until then, addresses are masked.

use reqwest::Method;
use serde_json::json;
use vouch::clock::{DAY, MINUTE};
use vouch::config::Bucket;
use vouch_test_support::mail_sink::Message;

use crate::address_visitor::{BROKEN, encoded, main, path_of, posts};
use crate::database::count;
use crate::deferred_erasure::asks_for_erasure;
use crate::notices::{ALICE, PATIENCE, notices};
use crate::own_proofs::{DATA, Seen, exports};
use crate::undoing::heading;
use crate::visitor::{Visitor, alice_with_data, at, does};
use crate::world::{Answer, Person, SECRET, Server, Text, World, query, until};

pub const CONFIRM: &str = "/_matrix/identity/unstable/im.vouch/account/confirm";
const WORK: &str = "alice@work.example";
const ASKED: &str = "Are you asking to see your data?";
const OVER: &str = "This link has been used";
pub const OPENED: &str = "Somebody can now see your addresses on 127.0.0.1:8090";

fn is_confirmation(mail: &Message) -> bool {
    mail.text().contains("/unlock?")
}

/// Returns the path and query of the confirmation link that was mailed to an address.
pub async fn mailed_confirmation(world: &World, address: &str) -> String {
    let mail = world.mail.wait_for(|mail| mail.to == [address] && is_confirmation(mail)).await;
    path_of(&mail.links().into_iter().find(|link| link.contains("/unlock?")).unwrap())
}

/// Presses one of the buttons of a link's page.
pub async fn presses(server: &Server, path: &str, action: &str) -> Answer {
    let page = server.get(path, None).await;
    assert_eq!(heading(&page, 200), ASKED);
    sends(server, path, action).await
}

/// Sends one of the forms without opening the page.
async fn sends(server: &Server, path: &str, action: &str) -> Answer {
    let token = query(&format!("http://h{path}"), "token");
    posts(server, "/unlock?lang=en", &[("token", &token), ("action", action)]).await
}

impl Visitor<'_> {
    /// Returns the ids of the bound addresses, the oldest first.
    pub async fn ids(&self) -> Vec<String> {
        let page = self.opens("/you").await;
        let mut ids: Vec<_> = page
            .text
            .split("name=\"id\" value=\"")
            .skip(1)
            .map(|rest| rest.split_once('"').unwrap().0.to_owned())
            .collect();
        ids.dedup();
        ids
    }

    /// Has a link sent to the address at this place of the list, and returns its path.
    pub async fn asks_to_confirm(&self, world: &World, nth: usize, address: &str) -> String {
        world.mail.forget();
        let id = self.ids().await[nth].clone();
        assert!(does(self, "/you/confirm", &[("id", &id)]).await.starts_with("We have sent you a link"));
        mailed_confirmation(world, address).await
    }

    /// Confirms the oldest address.
    pub async fn confirms(&self, world: &World, address: &str) {
        let path = self.asks_to_confirm(world, 0, address).await;
        assert_eq!(heading(&presses(self.server, &path, "confirm").await, 200), "Confirmed");
    }
}

impl Person<'_> {
    /// Has a link sent to the oldest address, and returns its path.
    pub async fn asks_to_confirm(&self, address: &str) -> String {
        self.world.mail.forget();
        let bindings = self.server.get(DATA, Some(&self.token)).await.ok()["bindings"].clone();
        self.server.post(CONFIRM, Some(&self.token), &json!({ "id": bindings[0]["id"] })).await.ok();
        mailed_confirmation(self.world, address).await
    }

    /// Confirms the oldest address.
    pub async fn confirms(&self, address: &str) {
        let path = self.asks_to_confirm(address).await;
        assert_eq!(heading(&presses(self.server, &path, "confirm").await, 200), "Confirmed");
    }
}

/// Returns whether a person's export shows this text.
async fn shows(person: &Person<'_>, text: &str) -> bool {
    exports(person).await.to_string().contains(text)
}

async fn is_shown(visitor: &Visitor<'_>, text: &str) -> bool {
    let page = visitor.opens("/you").await;
    assert_eq!(heading(&page, 200), "Your data");
    page.text.contains(text)
}

on_both_backends! {
    async fn a_link_confirms_the_session_that_asked_and_no_other(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let asking = Visitor::signed_in(&world, &server, "alice").await;
        let watching = Visitor::signed_in(&world, &other, "alice").await;
        let path = asking.asks_to_confirm(&world, 0, ALICE).await;
        assert!(!path.contains("alice") && !path.contains("%40") && path.len() < 180, "{path}");
        // Mail scanners open links.
        for _ in 0..3 {
            let page = other.get(&path, None).await;
            assert_eq!(heading(&page, 200), ASKED);
            let text = main(&page);
            assert!(text.contains(&alice.mxid) && text.contains("in a browser") && text.contains("23 November 2026, 12:00 UTC"), "{text}");
            assert!(!text.contains("alice@example.com"), "{text}");
            let head = other.send(other.request(Method::HEAD, &path, None)).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
        }
        assert!(!is_shown(&asking, ALICE).await);
        assert_eq!(heading(&presses(&other, &path, "confirm").await, 200), "Confirmed");
        for shown in [ALICE, WORK, "third@example.com", "bob@example.com"] {
            assert!(is_shown(&asking, shown).await, "{shown}");
            assert!(!is_shown(&watching, shown).await, "{shown}");
            assert!(!shows(&alice, shown).await, "{shown}");
        }
        // Nobody else is confirmed by it later.
        for action in ["confirm", "", "x"] {
            assert!([404, 410].contains(&sends(&server, &path, action).await.status), "{action}");
        }
        assert!(!is_shown(&watching, ALICE).await);
        // A new sign-in in the same browser stays confirmed; a new one elsewhere is not.
        let openid = world.homeserver.openid_token("alice");
        let fields = ["access_token", "matrix_server_name"].map(|name| (name, openid[name].as_str().unwrap()));
        let again = asking.posts("/you/sign-in", &fields).await;
        let cookie = again.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        assert!(is_shown(&Visitor { server: &server, cookie: cookie.clone() }, ALICE).await);
        let openid = world.homeserver.openid_token("bob");
        let fields = ["access_token", "matrix_server_name"].map(|name| (name, openid[name].as_str().unwrap()));
        let bob = (Visitor { server: &server, cookie }).posts("/you/sign-in", &fields).await;
        assert_eq!(bob.status, 303);
        assert_eq!(count(&world, "visits WHERE confirmed_at IS NOT NULL").await, 0, "somebody else in the same browser has confirmed nothing");
    }

    async fn a_link_confirms_the_token_that_asked_for_half_an_hour(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let second = world.newcomer(&server, "alice").await;
        let path = alice.asks_to_confirm(ALICE).await;
        let page = server.get(&path, None).await;
        assert!(main(&page).contains("Asked for by an app"), "{}", main(&page));
        world.clock.advance(10 * MINUTE);
        assert_eq!(heading(&presses(&other, &path, "confirm").await, 200), "Confirmed");
        assert!(shows(&alice, ALICE).await && shows(&at(&alice, &other), WORK).await);
        assert!(!shows(&second, ALICE).await);
        assert!(!is_shown(&Visitor::signed_in(&world, &server, "alice").await, ALICE).await);
        world.clock.advance(MINUTE);
        for page in [server.get(&path, None).await, sends(&server, &path, "confirm").await] {
            assert_eq!(heading(&page, 410), OVER);
        }
        world.clock.advance(29 * MINUTE - 1);
        assert!(shows(&alice, ALICE).await);
        world.clock.advance(1);
        assert!(!shows(&alice, ALICE).await, "using the link again does not extend it");
    }

    async fn a_link_expires_and_the_newest_one_ends_the_older_ones(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let first = alice.asks_to_confirm(ALICE).await;
        world.clock.advance(MINUTE);
        let second = alice.asks_to_confirm(ALICE).await;
        assert_eq!(heading(&presses(&server, &second, "confirm").await, 200), "Confirmed");
        assert_eq!(heading(&server.get(&first, None).await, 410), OVER);
        world.clock.advance(1);
        let third = alice.asks_to_confirm(ALICE).await;
        world.clock.advance(30 * MINUTE - 1);
        assert_eq!(heading(&server.get(&third, None).await, 200), ASKED);
        world.clock.advance(1);
        for page in [server.get(&third, None).await, sends(&server, &third, "confirm").await, sends(&server, &third, "deny").await] {
            assert_eq!(heading(&page, 410), "This link has expired");
        }
        assert!(!shows(&alice, ALICE).await);
        alice.get("/account").await.ok();
    }

    async fn an_address_that_is_no_longer_the_users_confirms_nothing(world: World) {
        let server = world.start().await;
        let (alice, bob) = (alice_with_data(&world, &server).await, world.person(&server, "bob").await);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let path = visitor.asks_to_confirm(&world, 0, ALICE).await;
        let confirmed = Visitor::signed_in(&world, &server, "alice").await;
        confirmed.confirms(&world, ALICE).await;
        assert!(is_shown(&confirmed, WORK).await);
        world.clock.advance(1);
        bob.binds(ALICE).await;
        for page in [server.get(&path, None).await, sends(&server, &path, "confirm").await, sends(&server, &path, "deny").await] {
            assert_eq!(heading(&page, 410), OVER);
        }
        for visitor in [&visitor, &confirmed] {
            assert!(!is_shown(visitor, WORK).await && !is_shown(visitor, ALICE).await);
        }
        bob.get("/account").await.ok();
        alice.get("/account").await.ok();
        // It does not help to bind it again, since that is a different binding.
        world.clock.advance(1);
        let sid = alice.asks_to_prove(ALICE).await;
        alice.binds_by(&sid).await.ok();
        assert_eq!(heading(&sends(&server, &path, "confirm").await, 410), OVER);
    }

    async fn the_holder_of_a_token_cannot_confirm_it_by_their_own_address(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        world.clock.advance(DAY);
        // Somebody else has a token of hers, binds an address, and confirms by it.
        let thief = world.person(&server, "alice").await;
        thief.binds("mallory@evil.example").await;
        let ids = exports(&thief).await["bindings"].clone();
        world.mail.forget();
        server.post(CONFIRM, Some(&thief.token), &json!({ "id": ids[2]["id"] })).await.ok();
        let path = mailed_confirmation(&world, "mallory@evil.example").await;
        assert_eq!(heading(&presses(&server, &path, "confirm").await, 200), "Confirmed");
        let export = exports(&thief).await;
        assert_eq!(export["needs"], json!(["older_confirmation"]), "{export}");
        let addresses: Vec<_> = export["bindings"].as_array().unwrap().iter().map(|bound| bound["address"].as_str().unwrap()).collect();
        assert_eq!(addresses, ["a•••@e•••", "a•••@w•••", "mallory@evil.example"]);
        for hidden in [ALICE, WORK, "third@example.com", "bob@example.com"] {
            assert!(!export.to_string().contains(hidden), "{hidden}: {export}");
        }
        let erased = server.send(server.request(Method::DELETE, DATA, Some(&thief.token))).await;
        assert_eq!(erased.error(), (403, "M_FORBIDDEN"));
        assert!(alice.looks_up(ALICE).await.is_some());
        // After three days, it counts like any other.
        world.clock.advance(3 * DAY - 1);
        server.post(CONFIRM, Some(&thief.token), &json!({ "id": ids[2]["id"] })).await.ok();
        world.mail.forget();
        server.post(CONFIRM, Some(&thief.token), &json!({ "id": ids[2]["id"] })).await.ok();
        assert!(!notices(&world, ALICE).iter().any(|told| told == OPENED), "it showed nothing of hers");
        let path = mailed_confirmation(&world, "mallory@evil.example").await;
        presses(&server, &path, "confirm").await;
        assert!(!shows(&thief, ALICE).await);
        world.clock.advance(1);
        assert!(shows(&thief, ALICE).await);
        for address in [ALICE, WORK] {
            world.mail.wait_for(|mail| mail.to == [address] && mail.subject() == OPENED).await;
        }
        // Her own address also shows everything.
        alice.confirms(ALICE).await;
        assert!(shows(&alice, "mallory@evil.example").await);
    }

    async fn denying_signs_everybody_out_and_stops_an_erasure(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let bob = world.person(&server, "bob").await;
        let (visitor, second) = (Visitor::signed_in(&world, &server, "alice").await, Visitor::signed_in(&world, &other, "alice").await);
        asks_for_erasure(&alice).await.ok();
        let path = visitor.asks_to_confirm(&world, 0, ALICE).await;
        presses(&server, &path, "confirm").await;
        // It can also be denied after it was confirmed.
        assert_eq!(heading(&sends(&other, &path, "deny").await, 200), "Everybody has been signed out");
        assert_eq!((count(&world, "visits").await, count(&world, "erasures").await), (0, 0));
        for visitor in [&visitor, &second] {
            assert!(!visitor.opens("/you").await.text.contains(&alice.mxid));
        }
        for alice in [&alice, &at(&alice, &other)] {
            assert_eq!(alice.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        }
        bob.get("/account").await.ok();
        assert_eq!(bob.looks_up(ALICE).await, Some(alice.mxid.clone()), "nothing else has changed");
        // The link does not sign her out again.
        let again = world.newcomer(&server, "alice").await;
        assert_eq!(heading(&sends(&other, &path, "deny").await, 410), OVER);
        again.get("/account").await.ok();
    }

    async fn links_are_rate_limited_per_user_and_strangers_cannot_use_that_up(mut world: World) {
        // A token may fill half, and a session three quarters.
        world.config.budgets.messages_user = Bucket { capacity: 4, per_hour: 60 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let id = exports(&alice).await["bindings"][0]["id"].clone();
        for _ in 0..12 {
            posts(&server, "/address", &[("address", ALICE)]).await;
        }
        for _ in 0..2 {
            server.post(CONFIRM, Some(&alice.token), &json!({ "id": id })).await.ok();
        }
        let refused = server.post(CONFIRM, Some(&alice.token), &json!({ "id": id })).await;
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        for said in ["We have sent you a link", "We have sent you a link", "Nothing was sent: too many"] {
            assert!(does(&visitor, "/you/confirm", &[("id", id.as_str().unwrap())]).await.starts_with(said));
        }
        world.clock.advance(3 * MINUTE);
        server.post(CONFIRM, Some(&alice.token), &json!({})).await.ok();
        let nothing = server.send(server.request(Method::POST, CONFIRM, Some(&alice.token))).await;
        assert_eq!(nothing.error(), (429, "M_LIMIT_EXCEEDED"), "an empty body is enough");
    }

    async fn only_an_own_address_can_be_chosen(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let bob = world.person(&server, "bob").await;
        bob.binds("bobs-own@example.com").await;
        let theirs = exports(&alice).await["bindings"][0]["id"].clone();
        let own = exports(&bob).await["bindings"][0]["id"].clone();
        assert!(theirs.as_str().is_some_and(|id| id.len() == 22) && theirs != own);
        for id in [theirs.clone(), json!(""), json!("alice@example.com"), json!("1")] {
            assert_eq!(server.post(CONFIRM, Some(&bob.token), &json!({ "id": id })).await.error(), (404, "M_NOT_FOUND"), "{id}");
        }
        assert_eq!(server.post(CONFIRM, Some(&bob.token), &json!({ "id": 1 })).await.error(), (400, "M_INVALID_PARAM"));
        let nobody = world.newcomer(&server, "carol").await;
        assert_eq!(server.post(CONFIRM, Some(&nobody.token), &json!({})).await.error(), (404, "M_NOT_FOUND"));
        let visitor = Visitor::signed_in(&world, &server, "bob").await;
        let theirs = theirs.as_str().unwrap();
        for form in ["/you/confirm", "/you/unbind"] {
            assert!(does(&visitor, form, &[("id", theirs)]).await.starts_with("Nothing was changed"), "{form}");
        }
        assert!(alice.looks_up(ALICE).await.is_some());
        // The id changes with the binding.
        bob.unbinds("bobs-own@example.com").await.ok();
        world.clock.advance(1);
        bob.binds("bobs-own@example.com").await;
        assert_ne!(exports(&bob).await["bindings"][0]["id"], own);
    }
}

#[tokio::test]
async fn a_number_is_confirmed_by_text_and_the_page_writes_it_with_a_plus() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.texts_user = Bucket { capacity: 4, per_hour: 1 };
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": "07700900123", "send_attempt": 1 });
    let sid = alice.post("/validate/msisdn/requestToken", asked).await.ok()["sid"].as_str().unwrap().to_owned();
    let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": world.texts()[0].code() });
    alice.post("/validate/msisdn/submitToken", submitted).await.ok();
    alice.binds_by(&sid).await.ok();
    let visitor = Visitor::signed_in(&world, &server, "alice").await;
    let page = visitor.opens("/you").await;
    assert!(page.text.contains(">+44•••<") && !page.text.contains("7700"), "{}", page.text);
    assert_eq!(exports(&alice).await["bindings"][0]["address"], "44•••");
    let id = visitor.ids().await[0].clone();
    does(&visitor, "/you/confirm", &[("id", &id)]).await;
    let is_it = |text: &Text| text.body.contains("/unlock?");
    until(PATIENCE, "no text comes", async || world.texts().iter().any(is_it)).await;
    let text = world.texts().into_iter().find(is_it).unwrap();
    assert_eq!(text.to, "447700900123");
    let path = path_of(text.body.split_whitespace().last().unwrap());
    presses(&server, &path, "confirm").await;
    let page = visitor.opens("/you").await;
    // Links by text do not use up those by mail.
    alice.binds(ALICE).await;
    let ids = exports(&alice).await["bindings"].clone();
    for (n, status) in [(0, 200), (0, 429), (1, 200)] {
        let asked = server.post(CONFIRM, Some(&alice.token), &json!({ "id": ids[n]["id"] })).await;
        assert_eq!(asked.status, status, "{}", asked.text);
    }
    assert!(page.text.contains(">+447700900123<") && page.text.contains("Remove +447700900123"), "{}", page.text);
}

#[tokio::test]
async fn invalid_links_confirm_nothing() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = alice_with_data(&world, &server).await;
    let token = query(&format!("http://h{}", alice.asks_to_confirm(ALICE).await), "token");
    for bad in ["", "x", &token[1..], &format!("{token}A"), "\0"] {
        for page in [
            server.get(&format!("/unlock?{}", encoded(&[("token", bad)])), None).await,
            posts(&server, "/unlock", &[("token", bad), ("action", "confirm")]).await,
            posts(&server, "/unlock", &[("token", bad), ("action", "deny")]).await,
        ] {
            assert_eq!(heading(&page, 404), BROKEN, "{bad}");
        }
    }
    // It is of no use on another page, and other sites cannot press the button.
    for page in ["/erasure", "/not-me", "/address/open"] {
        assert_eq!(heading(&posts(&server, page, &[("token", &token)]).await, 404), BROKEN, "{page}");
    }
    let visitor = Visitor::stranger(&server);
    let fields = [("token", token.as_str()), ("action", "confirm")];
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(heading(&visitor.posts_from("/unlock", &fields, site).await, 404), BROKEN);
    }
    assert_eq!(exports(&alice).await.seen(), vec!["a•••@e•••", "a•••@w•••"]);
}
