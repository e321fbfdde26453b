//! Fresh proofs: an OpenID token has no audience, so it counts once, for one purpose, and shows no
//! address by itself.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch_test_support::homeserver::Conduct;

use crate::added::{alert, removal, removes};
use crate::database::count;
use crate::notices::{ALICE, PATIENCE, notices};
use crate::undoing::heading;
use crate::visitor::{Visitor, alice_with_data, at, does, leads_to, leaves_a_delivery_waiting};
use crate::world::{Answer, Person, Server, World, until};

pub const DATA: &str = "/_matrix/identity/unstable/im.vouch/account/data";
pub const PROVE: &str = "/_matrix/identity/unstable/im.vouch/account/prove";
pub const EXPORTED: &str = "Your data on 127.0.0.1:8090 was downloaded";
pub const ERASED: &str = "Your data on 127.0.0.1:8090 was erased";

/// Returns what a person's token shows, masked or not.
pub async fn exports(person: &Person<'_>) -> Value {
    person.server.get(DATA, Some(&person.token)).await.ok()
}

pub async fn erases(person: &Person<'_>) -> Answer {
    person.server.send(person.server.request(Method::DELETE, DATA, Some(&person.token))).await
}

/// Gives the token of a person a fresh proof.
pub async fn proves_again(person: &Person<'_>) {
    let localpart = person.mxid[1..].split_once(':').unwrap().0;
    let openid = person.world.homeserver.openid_token(localpart);
    assert_eq!(person.server.post(PROVE, Some(&person.token), &openid).await.ok(), json!({}));
}

pub trait Seen {
    /// Returns the bound addresses of an export.
    fn seen(&self) -> Vec<&str>;
    /// Returns whether the export was made with a fresh proof.
    fn is_full(&self) -> bool;
}

impl Seen for Value {
    fn seen(&self) -> Vec<&str> {
        self["bindings"].as_array().unwrap().iter().map(|bound| bound["address"].as_str().unwrap()).collect()
    }

    fn is_full(&self) -> bool {
        let needs = self["needs"].as_array().map_or(&[][..], Vec::as_slice);
        needs.iter().all(|need| need == "older_confirmation")
    }
}

async fn registers<'a>(world: &'a World, server: &'a Server, openid: &Value) -> Person<'a> {
    let answer = server.post("/_matrix/identity/v2/account/register", None, openid).await.ok();
    let token = answer["token"].as_str().unwrap().to_owned();
    Person { world, server, mxid: world.homeserver.user_id("alice"), token }
}

/// Signs in on the page with an OpenID token.
async fn signs_in(server: &Server, openid: &Value) -> Answer {
    let fields = ["access_token", "matrix_server_name"].map(|name| (name, openid[name].as_str().unwrap()));
    Visitor::stranger(server).posts("/you/sign-in", &fields).await
}

on_both_backends! {
    async fn an_openid_token_is_a_fresh_proof_once_wherever_it_is_used(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let openid = world.homeserver.openid_token("alice");
        let first = registers(&world, &server, &openid).await;
        let mut padded = openid.clone();
        padded["access_token"] = format!(" {} ", openid["access_token"].as_str().unwrap()).into();
        for server in [&server, &other] {
            let replayed = registers(&world, server, &openid).await;
            // It is an ordinary token.
            replayed.accepts_everything().await;
            replayed.get("/account").await.ok();
            assert_eq!(exports(&replayed).await["needs"], json!(["proof"]));
            assert_eq!(erases(&replayed).await.error(), (403, "M_FORBIDDEN"));
            let page = signs_in(server, &openid).await;
            assert!(page.status == 401 && page.text.contains("Please sign in again"), "{}", page.text);
            assert_eq!(server.post(PROVE, Some(&replayed.token), &openid).await.error(), (403, "M_FORBIDDEN"));
            let trimmed = server.post("/_matrix/identity/v2/account/register", None, &padded).await;
            if trimmed.status == 200 {
                let trimmed = Person { token: trimmed.body["token"].as_str().unwrap().to_owned(), ..at(&replayed, server) };
                assert_eq!(exports(&trimmed).await["needs"], json!(["proof"]));
            }
        }
        assert!(exports(&first).await.is_full());
        // On the page first.
        let openid = world.homeserver.openid_token("alice");
        assert_eq!(signs_in(&server, &openid).await.status, 303);
        let replayed = registers(&world, &other, &openid).await;
        assert_eq!(exports(&replayed).await["needs"], json!(["proof"]));
        // By an app first.
        let openid = world.homeserver.openid_token("alice");
        assert_eq!(other.post(PROVE, Some(&replayed.token), &openid).await.ok(), json!({}));
        assert_eq!(signs_in(&server, &openid).await.status, 401);
        assert!(exports(&replayed).await.is_full());
        // A token of somebody else proves nothing, and is not used up.
        let bobs = world.homeserver.openid_token("bob");
        assert_eq!(other.post(PROVE, Some(&replayed.token), &bobs).await.error(), (403, "M_FORBIDDEN"));
        assert_eq!(signs_in(&server, &bobs).await.status, 303);
        for body in [json!({}), json!({ "access_token": 1 }), json!({ "access_token": "t", "matrix_server_name": "a/b" })] {
            assert_eq!(other.post(PROVE, Some(&replayed.token), &body).await.status, 400, "{body}");
        }
        let unknown = json!({ "access_token": "unknown", "matrix_server_name": world.homeserver.name() });
        assert_eq!(other.post(PROVE, Some(&replayed.token), &unknown).await.error(), (401, "M_UNAUTHORIZED"));
    }

    async fn an_openid_token_is_remembered_while_its_homeserver_may_accept_it(world: World) {
        let server = world.start().await;
        let (openid, mut lasting) = (world.homeserver.openid_token("alice"), world.homeserver.openid_token("alice"));
        lasting["expires_in"] = json!(60 * 60 * 24 * 90);
        for openid in [&openid, &lasting] {
            registers(&world, &server, openid).await;
        }
        let is_fresh = async |openid: &Value| exports(&registers(&world, &server, openid).await).await.is_full();
        world.clock.advance(30 * DAY - 1);
        assert!(!is_fresh(&openid).await && !is_fresh(&lasting).await);
        // Tokens that can be forgotten are deleted.
        until(PATIENCE, "it is not forgotten", async || {
            world.clock.advance(10 * MINUTE);
            count(&world, "openid_tokens").await == 1
        }).await;
        assert!(!is_fresh(&lasting).await);
        // Nonsense does no harm.
        for (n, expires_in) in [json!(i64::MIN), json!(-5), json!(1e300), json!(0)].into_iter().enumerate() {
            let mut openid = world.homeserver.openid_token("alice");
            openid["expires_in"] = expires_in;
            assert!(is_fresh(&openid).await, "{n}");
            assert!(!is_fresh(&openid).await, "{n}");
        }
    }

    async fn an_openid_token_that_was_used_before_does_not_come_back_after_everybody_was_signed_out(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        world.person(&server, "alice").await.binds(ALICE).await;
        let register = async |server: &Server, openid: &Value| {
            server.post("/_matrix/identity/v2/account/register", None, openid).await
        };
        let stolen = world.homeserver.openid_token("alice");
        registers(&world, &server, &stolen).await.binds("mallory@evil.example").await;
        removes(&server, &removal(&alert(&world, ALICE).await)).await;
        for server in [&server, &other] {
            assert_eq!(register(server, &stolen).await.error(), (401, "M_UNAUTHORIZED"));
        }
        let openid = world.homeserver.openid_token("alice");
        registers(&world, &other, &openid).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.sends("/you/sign-out-everywhere", &[]).await;
        let mut lasting = world.homeserver.openid_token("alice");
        lasting["expires_in"] = json!(60 * 60 * 24 * 91);
        for used in [&stolen, &openid, &lasting] {
            assert_eq!(register(&other, used).await.error(), (401, "M_UNAUTHORIZED"));
        }
        assert_eq!(count(&world, "tokens").await, 0);
        registers(&world, &other, &world.homeserver.openid_token("alice")).await;
        // Others, and those who only lost an answer, are not affected.
        let bobs = world.homeserver.openid_token("bob");
        for _ in 0..2 {
            register(&server, &bobs).await.ok();
        }
        world.clock.advance(90 * DAY);
        register(&server, &lasting).await.ok();
    }

    async fn of_concurrent_uses_of_an_openid_token_one_is_the_first(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let openid = world.homeserver.openid_token("alice");
        let servers = [&server, &other, &server, &other, &server, &other];
        let registered = join_all(servers.map(|server| registers(&world, server, &openid)));
        let (registered, page) = join(registered, signs_in(&server, &openid)).await;
        let fresh = count(&world, "tokens WHERE proof_at IS NOT NULL").await;
        assert_eq!(fresh + usize::from(page.status == 303), 1);
        assert_eq!((count(&world, "tokens").await, count(&world, "accounts").await, registered.len()), (6, 1, 6));
    }

    async fn a_proof_serves_one_purpose(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        alice.confirms(ALICE).await;
        let (one, two) = (alice.server.get(DATA, Some(&alice.token)), other.get(DATA, Some(&alice.token)));
        let (one, two) = join(one, two).await;
        let full = [one.ok(), two.ok()].iter().filter(|export| export.is_full()).count();
        assert_eq!(full, 1, "of two concurrent exports, one uses the proof");
        let again = exports(&alice).await;
        assert_eq!((again.is_full(), again.seen()), (false, vec![ALICE, "alice@work.example"]), "she has confirmed");
        assert_eq!(erases(&alice).await.error(), (403, "M_FORBIDDEN"));
        // A new proof is needed for each.
        proves_again(&alice).await;
        assert!(exports(&alice).await.is_full());
        assert_eq!(erases(&alice).await.error(), (403, "M_FORBIDDEN"));
        proves_again(&alice).await;
        world.clock.advance(5 * MINUTE);
        assert_eq!(erases(&alice).await.error(), (403, "M_FORBIDDEN"), "it lasts five minutes");
        proves_again(&alice).await;
        world.clock.advance(5 * MINUTE - 1);
        assert_eq!(erases(&alice).await.ok()["erased"]["bindings"], 2);
        // Her addresses were told of one export, and of the erasure.
        until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
        for address in [ALICE, "alice@work.example"] {
            let told = notices(&world, address);
            let of = |subject: &str| told.iter().filter(|told| *told == subject).count();
            assert_eq!((of(EXPORTED), of(ERASED)), (1, 1), "{told:?}");
        }
    }

    async fn neither_an_ordinary_token_nor_a_fresh_proof_shows_an_address(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let fresh = Visitor::signed_in(&world, &server, "alice").await;
        leaves_a_delivery_waiting(&alice).await;
        let export = exports(&alice).await;
        assert_eq!(export["needs"], json!(["confirmation"]));
        assert_eq!(export.seen(), ["a•••@e•••", "a•••@w•••"]);
        assert_eq!(export["account"]["validation_sessions"].as_array().unwrap().len(), 3);
        assert_eq!(export["account"]["invitations"].as_array().unwrap().len(), 2);
        assert_eq!(export["deliveries"].as_array().unwrap().len(), 1);
        world.clock.advance(HOUR);
        let stale = exports(&alice).await;
        assert_eq!(stale["needs"], json!(["proof", "confirmation"]));
        world.homeserver.behave(Conduct::Honest);
        let later = Visitor::signed_in(&world, &server, "alice").await;
        let mut seen = vec![export.to_string(), stale.to_string()];
        for path in ["/you", "/you?said=unbound", "/you?for=export", "/you/erase"] {
            seen.push(later.opens(path).await.text);
        }
        seen.push(fresh.opens("/you").await.text);
        for text in seen {
            for hidden in ["alice@", "example.com", "work.example", "third", "bob@", "carol"] {
                assert!(!text.contains(hidden), "{hidden}: {text}");
            }
        }
        assert_eq!(leads_to(&later.opens("/you/export").await), "/you?said=locked&lang=en");
        assert!(later.opens("/you?for=export").await.text.contains("Confirm one of your addresses first"));
        assert_eq!(leads_to(&later.sends("/you/erase", &[("confirmation", &alice.mxid)]).await), "/you?said=locked&lang=en");
        assert_eq!(erases(&alice).await.error(), (403, "M_FORBIDDEN"));
        assert_eq!(count(&world, "bindings").await, 3, "nothing was erased");
        assert!(notices(&world, ALICE).iter().all(|told| told != EXPORTED && told != ERASED));
    }

    async fn somebody_without_a_bound_address_needs_only_a_fresh_proof(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.asks_to_prove("third@example.com").await;
        let export = exports(&alice).await;
        assert!(export.is_full() && export["account"]["validation_sessions"][0]["address"] == "t•••@e•••", "{export}");
        assert_eq!(erases(&alice).await.error(), (403, "M_FORBIDDEN"));
        proves_again(&alice).await;
        assert_eq!(erases(&alice).await.ok()["erased"]["account"], true);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.opens("/you/export").await.ok();
        assert_eq!(leads_to(&visitor.opens("/you/export").await), "/you?for=export&lang=en");
    }

    async fn unbinding_takes_a_confirmation_so_that_it_cannot_stand_in_for_one(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let ids = visitor.ids().await;
        let page = visitor.opens("/you").await;
        assert!(page.text.contains("Send me a link") && !page.text.contains("/you/unbind"), "{}", page.text);
        for (form, fields) in
            [("/you/unbind", &[("id", ids[0].as_str())][..]), ("/you/unbind", &[("id", &ids[1])]), ("/you/unbind-all", &[])]
        {
            assert!(does(&visitor, form, fields).await.starts_with("Confirm one of your addresses first"), "{form}");
        }
        assert_eq!(leads_to(&visitor.sends("/you/erase", &[("confirmation", &alice.mxid)]).await), "/you?said=locked&lang=en");
        assert_eq!(count(&world, "bindings").await, 2);
        // Another confirmed session of hers does not help, nor does a confirmation that has
        // expired.
        let confirmed = Visitor::signed_in(&world, &server, "alice").await;
        confirmed.confirms(&world, ALICE).await;
        assert!(does(&visitor, "/you/unbind-all", &[]).await.starts_with("Confirm one"));
        assert!(does(&confirmed, "/you/unbind", &[("id", &ids[1])]).await.starts_with("The address has been removed"));
        let late = Visitor::signed_in(&world, &server, "alice").await;
        late.confirms(&world, ALICE).await;
        world.clock.advance(HOUR / 2);
        let again = Visitor::signed_in(&world, &server, "alice").await;
        assert!(does(&again, "/you/unbind-all", &[]).await.starts_with("Confirm one"));
        assert_eq!(count(&world, "bindings").await, 1);
    }

    async fn an_address_that_was_just_added_removes_only_itself(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        alice.binds("mallory@evil.example").await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let ids = visitor.ids().await;
        let path = visitor.asks_to_confirm(&world, 2, "mallory@evil.example").await;
        assert_eq!(heading(&crate::confirming::presses(&server, &path, "confirm").await, 200), "Confirmed");
        let page = visitor.opens("/you").await;
        assert_eq!(page.text.matches("action=\"/you/unbind?").count(), 1, "{}", page.text);
        assert!(!page.text.contains("/you/unbind-all"), "{}", page.text);
        for (form, fields) in [("/you/unbind", &[("id", ids[0].as_str())][..]), ("/you/unbind-all", &[])] {
            assert!(does(&visitor, form, fields).await.starts_with("Confirm one of your addresses first"), "{form}");
        }
        assert_eq!(count(&world, "bindings").await, 3);
        assert!(does(&visitor, "/you/unbind", &[("id", &ids[2])]).await.starts_with("The address has been removed"));
        assert!(exports(&alice).await.seen() == ["a•••@e•••", "a•••@w•••"]);
    }

    async fn an_address_that_was_just_added_does_not_show_what_is_added_after_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("mallory@evil.example").await;
        world.clock.advance(DAY);
        alice.binds(ALICE).await;
        let thief = world.newcomer(&server, "alice").await;
        thief.confirms("mallory@evil.example").await;
        assert_eq!(exports(&thief).await.seen(), ["mallory@evil.example", "a•••@e•••"]);
        assert_eq!(erases(&thief).await.error(), (403, "M_FORBIDDEN"));
    }

    async fn what_was_unbound_is_told_although_everything_is_erased_next(mut world: World) {
        let refuses = crate::notices::moody(&mut world).await;
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
        refuses.store(true, std::sync::atomic::Ordering::SeqCst);
        leads_to(&visitor.sends("/you/unbind-all", &[]).await);
        assert_eq!(heading_of(&visitor.sends("/you/erase", &[("confirmation", &alice.mxid)]).await), "Everything has been erased");
        // The notices no longer belong to her, and are still sent.
        assert_eq!(count(&world, "outbox WHERE user_index = owner").await, 2);
        refuses.store(false, std::sync::atomic::Ordering::SeqCst);
        until(PATIENCE, "it is not delivered", async || {
            world.clock.advance(MINUTE);
            count(&world, "outbox").await == 0
        }).await;
        for address in [ALICE, "alice@work.example"] {
            assert!(notices(&world, address).iter().any(|told| told == crate::notices::UNBOUND), "{address}");
        }
    }
}

fn heading_of(page: &Answer) -> &str {
    assert_eq!(page.status, 200, "{}", page.text);
    page.text.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0
}
