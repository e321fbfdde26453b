//! Addresses are told that they were bound or unbound, and whoever reads that may undo it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use url::Url;
use vouch::clock::{DAY, HOUR, MINUTE, SECOND};
use vouch::config::{Bucket, Config, DatabaseUrl, MailTransport};
use vouch_test_support::mail_sink::{Action, MailSink, Message, Options};
use vouch_test_support::postgres::Cluster;

use crate::database::count;
use crate::process::Binary;
use crate::signed_unbind;
use crate::world::{Answer, Person, SECRET, Server, World, link, query};

const ALICE: &str = "alice@example.com";

pub const BOUND: &str = "Your e-mail address leads to a Matrix account now";
const UNBOUND: &str = "Your e-mail address no longer leads to a Matrix account";

/// The mail to an address with that subject.
pub async fn notice(world: &World, address: &str, subject: &str) -> Message {
    world.mail.wait_for(|mail| mail.to.iter().any(|to| to == address) && mail.subject() == subject).await
}

/// The subjects of the mails to an address, in order, those that ask whether it is the reader's left out.
fn notices(world: &World, address: &str) -> Vec<String> {
    let told = |mail: &Message| mail.to == [address] && !mail.text().contains("/submitToken?");
    world.mail.messages().iter().filter(|mail| told(mail)).map(Message::subject).collect()
}

/// The text of a mail, wherever its lines are broken.
pub fn words(mail: &Message) -> String {
    mail.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the “this was not me” link in a mail asks of this server: path and query.
pub fn not_me(mail: &Message) -> String {
    let link = mail.links().into_iter().find(|link| link.contains("/not-me?")).expect("the mail has such a link");
    let link = Url::parse(&link).unwrap();
    format!("{}?{}", link.path(), link.query().unwrap())
}

/// The link that undoes the last bind of an address.
async fn undoing(world: &World, address: &str) -> String {
    not_me(&notice(world, address, BOUND).await)
}

async fn opens(server: &Server, path: &str) -> Answer {
    server.get(path, None).await
}

/// Opens the page and presses its button.
pub async fn presses(server: &Server, path: &str) -> Answer {
    let page = opens(server, path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let value = |mark: &str| page.text.split_once(mark).unwrap().1.split_once('"').unwrap().0.to_owned();
    posts(server, &value("<form method=\"post\" action=\""), &value("name=\"token\" value=\"")).await
}

/// Posts the form of a link whose page was opened before.
async fn posts(server: &Server, action: &str, token: &str) -> Answer {
    let form = server.request(Method::POST, action, None).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    server.send(form.body(format!("token={token}"))).await
}

/// As [`posts`], with all that it needs taken from the link.
async fn posts_link(server: &Server, path: &str) -> Answer {
    posts(server, "/not-me", &query(&format!("http://h{path}"), "token")).await
}

/// The heading of a page, which must be a page for one person alone.
#[track_caller]
fn heading(page: &Answer, status: u16) -> &str {
    assert_eq!(page.status, status, "{}", page.text);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(page.headers[name], value);
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!page.headers.contains_key("set-cookie"));
    page.text.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0
}

/// Proves a number by the first text of all, and returns the sid.
async fn proves_number(person: &Person<'_>) -> String {
    let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": "07700900123", "send_attempt": 1 });
    let sid = person.post("/validate/msisdn/requestToken", asked).await.ok()["sid"].as_str().unwrap().to_owned();
    let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": person.world.texts()[0].code() });
    person.post("/validate/msisdn/submitToken", submitted).await.ok();
    sid
}

async fn binds(person: &Person<'_>, sid: &str) -> Answer {
    person.post("/3pid/bind", json!({ "sid": sid, "client_secret": SECRET, "mxid": person.mxid })).await
}

async fn unbinds(person: &Person<'_>, sid: &str, address: &str) -> Answer {
    let threepid = json!({ "medium": "email", "address": address });
    let body = json!({ "sid": sid, "client_secret": SECRET, "mxid": person.mxid, "threepid": threepid });
    person.post("/3pid/unbind", body).await
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A mail server that takes nothing while the switch is on.
pub async fn moody(world: &mut World) -> Arc<AtomicBool> {
    let refuses = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&refuses);
    let script = move |line: &str| {
        (switch.load(Ordering::SeqCst) && line.starts_with("MAIL")).then_some(Action::Reply("451 4.3.0 later"))
    };
    world.mail = MailSink::start_with(Options { script: Some(Arc::new(script)), ..Options::default() }).await;
    let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { panic!("the world has a mail server") };
    smtp.port = world.mail.address().port();
    refuses
}

on_both_backends! {
    async fn an_address_is_told_to_whom_it_leads_in_the_language_of_who_bound_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        let body = json!({ "sid": sid, "client_secret": SECRET, "mxid": alice.mxid });
        let path = "/_matrix/identity/v2/3pid/bind";
        let bind = server.request(Method::POST, path, Some(&alice.token)).json(&body);
        server.send(bind.header("Accept-Language", "fr-CA, en;q=0.5")).await.ok();
        let mail = notice(&world, ALICE, "Votre adresse e-mail mène désormais à un compte Matrix").await;
        let undo = not_me(&mail);
        for part in [words(&mail), mail.html()] {
            assert!(part.contains(&alice.mxid) && part.contains("2026-11-23 12:00 UTC"), "{part}");
            assert!(part.contains("hs.example"), "{part}");
        }
        // The link tells nobody anything: not the address, and not whose it is.
        assert!(undo.len() < 160, "{undo}");
        assert!(!undo.contains("alice") && !undo.contains('@') && undo.ends_with("&lang=fr"), "{undo}");
        let page = opens(&server, &undo).await;
        assert_eq!(heading(&page, 200), "Ce n’était pas vous\u{a0}?");
        assert!(page.text.contains(&alice.mxid) && !page.text.contains("alice@example"), "{}", page.text);
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("form-action 'self'"));
        assert!(!page.text.contains("<script"));
    }

    async fn to_open_the_link_changes_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        let question = opens(&server, &path).await;
        for _ in 0..3 {
            assert_eq!(opens(&server, &path).await.text, question.text);
            let head = server.send(server.request(Method::HEAD, &path, None)).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
            for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
                assert_eq!(server.send(server.request(method, &path, None)).await.status, 404);
            }
            // Nor does a form without the token, wherever it stands in the address.
            assert_eq!(heading(&posts(&server, &path, "").await, 404), "This link does not work");
        }
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        assert_eq!(binds(&alice, &alice.asks_to_prove(ALICE).await).await.status, 200);
    }

    async fn one_click_unbinds_on_every_node_and_voids_what_was_proved(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let mallory = world.person(&server, "mallory").await;
        let there = Person { world: &world, server: &other, mxid: mallory.mxid.clone(), token: mallory.token.clone() };
        let sid = mallory.proves(ALICE).await;
        binds(&mallory, &sid).await.ok();
        until("the other node does not follow", async || there.looks_up(ALICE).await.is_some()).await;
        let path = undoing(&world, ALICE).await;
        let page = presses(&server, &path).await;
        assert_eq!(heading(&page, 200), "It is undone");
        assert_eq!(mallory.looks_up(ALICE).await, None);
        assert_eq!(there.looks_up(ALICE).await, None);
        // Who has it still cannot bind again by what the reader did not mean to confirm.
        assert_eq!(binds(&mallory, &sid).await.error(), (404, "M_NO_VALID_SESSION"));
        // Again, on either node.
        for node in [&server, &other] {
            assert_eq!(heading(&opens(node, &path).await, 200), "There is nothing left to undo");
            assert_eq!(heading(&posts_link(node, &path).await, 200), "There is nothing left to undo");
        }
        // Whoever pressed the button need not be told that it was pressed.
        assert_eq!(notices(&world, ALICE), [BOUND]);
        assert_eq!(count(&world, "bindings").await, 0);
        until("something more is to be told", async || count(&world, "outbox").await == 0).await;
    }

    async fn an_old_link_does_nothing_to_a_newer_bind(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let sid = alice.proves(ALICE).await;
        binds(&alice, &sid).await.ok();
        let of_alice = undoing(&world, ALICE).await;
        world.mail.forget();
        // In the same millisecond.
        bob.binds(ALICE).await;
        let of_bob = undoing(&world, ALICE).await;
        for answer in [opens(&server, &of_alice).await, posts_link(&server, &of_alice).await] {
            assert_eq!(heading(&answer, 410), "This link is out of date");
        }
        assert_eq!(alice.looks_up(ALICE).await, Some(bob.mxid.clone()));
        // Alice again, later: her first link is no better for it.
        world.mail.forget();
        world.clock.advance(SECOND);
        binds(&alice, &sid).await.ok();
        for old in [&of_alice, &of_bob] {
            assert_eq!(heading(&posts_link(&server, old).await, 410), "This link is out of date");
        }
        assert_eq!(bob.looks_up(ALICE).await, Some(alice.mxid.clone()));
        assert_eq!(heading(&presses(&server, &undoing(&world, ALICE).await).await, 200), "It is undone");
        assert_eq!(bob.looks_up(ALICE).await, None);
    }

    async fn who_binds_the_same_again_neither_tells_again_nor_makes_the_link_useless(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        for _ in 0..3 {
            binds(&alice, &sid).await.ok();
            world.clock.advance(MINUTE);
        }
        let path = undoing(&world, ALICE).await;
        until("it is not delivered", async || count(&world, "outbox").await == 0).await;
        assert_eq!(notices(&world, ALICE), [BOUND]);
        assert_eq!(heading(&presses(&server, &path).await, 200), "It is undone");
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn two_who_press_at_once_undo_it_once(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        let pages = futures_util::future::join_all((0..8).map(|_| posts_link(&server, &path))).await;
        let done = pages.iter().filter(|page| heading(page, 200) == "It is undone").count();
        assert_eq!(done, 1);
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn a_link_that_is_none_is_told_so_whatever_is_wrong_with_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        let token = query(&format!("http://h{path}"), "token");
        let altered = |at: usize| {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &token[..at], &token[at + 1..])
        };
        let mut bad = vec![String::new(), "x".into(), "%00".into(), "%F0%9F".into(), "x".repeat(10_000)];
        bad.extend([format!("{token}A"), format!("{token}="), token[1..].to_owned(), token[..token.len() - 4].to_owned()]);
        bad.extend([0, 20, 45, token.len() - 1].map(altered));
        for bad in &bad {
            let answers = [opens(&server, &format!("/not-me?token={bad}")).await, posts(&server, "/not-me", bad).await];
            for answer in answers {
                assert_eq!(heading(&answer, 404), "This link does not work", "{bad}");
            }
        }
        assert_eq!(heading(&opens(&server, "/not-me").await, 404), "This link does not work");
        let post = || server.request(Method::POST, "/not-me", None);
        let form = || post().header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        for request in [
            post(),
            post().json(&json!({ "token": token })),
            post().body(format!("token={token}")),
            form(),
            form().body("token"),
            form().body(format!("tokens={token}")),
            form().body(format!("token={token}&token={token}")),
            form().body(vec![0xff; 100]),
            form().body(format!("token={token}&x={}", "x".repeat(1_000_000))),
        ] {
            assert_eq!(heading(&server.send(request).await, 404), "This link does not work");
        }
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
    }

    async fn a_request_that_the_reader_disowns_proves_nothing_any_more(world: World) {
        let server = world.start().await;
        let mallory = world.person(&server, "mallory").await;
        let sid = mallory.asks_to_prove(ALICE).await;
        let mail = world.validation_mail(ALICE).await;
        let path = not_me(&mail);
        let page = opens(&server, &path).await;
        assert_eq!(heading(&page, 200), "Was this not you?");
        assert!(page.text.contains(&mallory.mxid) && !page.text.contains(ALICE), "{}", page.text);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request is cancelled");
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": query(&link(&mail), "token") });
        let answer = mallory.post("/validate/email/submitToken", submitted).await;
        assert_eq!(answer.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(binds(&mallory, &sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(heading(&posts_link(&server, &path).await, 200), "There is nothing left to undo");
    }

    async fn a_request_that_was_confirmed_or_used_already_is_undone_all_the_same(world: World) {
        let server = world.start().await;
        let (alice, mallory) = (world.person(&server, "alice").await, world.person(&server, "mallory").await);
        // Confirmed, but not used: alice's own binding is another matter.
        alice.binds(ALICE).await;
        world.mail.forget();
        world.clock.advance(SECOND);
        let sid = mallory.proves(ALICE).await;
        let path = not_me(&world.validation_mail(ALICE).await);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request is cancelled");
        assert_eq!(binds(&mallory, &sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        // Used.
        world.mail.forget();
        mallory.binds(ALICE).await;
        assert_eq!(alice.looks_up(ALICE).await, Some(mallory.mxid.clone()));
        let path = not_me(&world.validation_mail(ALICE).await);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request is cancelled");
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn what_was_bound_before_the_request_is_not_undone_with_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        world.mail.forget();
        world.clock.advance(DAY + HOUR);
        alice.proves(ALICE).await;
        let path = not_me(&world.validation_mail(ALICE).await);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request is cancelled");
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
    }

    async fn an_address_is_told_that_it_leads_nowhere_any_more_and_who_did_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        alice.unbinds(ALICE).await.ok();
        let mail = notice(&world, ALICE, UNBOUND).await;
        assert!(words(&mail).contains(&alice.mxid) && words(&mail).contains("in a Matrix app"), "{}", mail.text());
        // Nothing brings it back but a new proof.
        assert!(mail.links().is_empty());
        // What was not bound is not told.
        alice.unbinds(ALICE).await.ok();
        until("it is not delivered", async || count(&world, "outbox").await == 0).await;
        assert_eq!(notices(&world, ALICE), [BOUND, UNBOUND]);
    }

    async fn what_the_operator_does_by_hand_is_told_by_the_running_server(world: World) {
        let binary = Binary::of(&world);
        let _process = binary.serve().await;
        for (command, subject, said) in
            [("bind", BOUND, "@alice:hs.example"), ("unbind", UNBOUND, "by the people who run this server")]
        {
            let done = binary.run(&[command, "--address", ALICE, "--user", "@alice:hs.example"]);
            assert_eq!(done.status, Some(0), "{done:?}");
            let text = words(&notice(&world, ALICE, subject).await);
            assert!(text.contains(said), "{text}");
        }
    }

    async fn notices_can_be_turned_off_and_then_the_first_mail_has_its_link_still(world: World) {
        let mut world = world;
        world.config.notices.enabled = false;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        binds(&alice, &sid).await.ok();
        unbinds(&alice, &sid, ALICE).await.ok();
        binds(&alice, &sid).await.ok();
        assert_eq!((count(&world, "outbox").await, world.mail.count()), (0, 1));
        let path = not_me(&world.validation_mail(ALICE).await);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request is cancelled");
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn a_mail_server_that_is_down_delays_no_bind_and_loses_no_notice(world: World) {
        let mut world = world;
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        refuses.store(true, Ordering::SeqCst);
        binds(&alice, &sid).await.ok();
        until("it is not tried", async || world.mail.commands().iter().filter(|line| line.starts_with("MAIL")).count() >= 2).await;
        drop(alice);
        server.stop().await;
        assert_eq!(notices(&world, ALICE), [""; 0]);

        // Nor does a restart.
        refuses.store(false, Ordering::SeqCst);
        let server = world.start().await;
        world.clock.advance(2 * MINUTE);
        let path = undoing(&world, ALICE).await;
        assert_eq!(heading(&opens(&server, &path).await, 200), "Was this not you?");
        until("it stays in the outbox", async || count(&world, "outbox").await == 0).await;
    }

    async fn a_notice_that_is_no_news_any_more_is_given_up(world: World) {
        let mut world = world;
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        refuses.store(true, Ordering::SeqCst);
        binds(&alice, &sid).await.ok();
        let tried = async || world.mail.commands().iter().filter(|line| line.starts_with("MAIL")).count();
        until("it is not tried", async || tried().await >= 2).await;
        until("it is still held", async || {
            crate::database::texts(&world, "SELECT trouble AS text FROM outbox WHERE held_until = 0 AND trouble IS NOT NULL").await.len() == 1
        }).await;
        refuses.store(false, Ordering::SeqCst);
        world.clock.advance(DAY + MINUTE);
        until("it is kept", async || count(&world, "outbox").await == 0).await;
        assert_eq!(notices(&world, ALICE), [""; 0]);
    }

    async fn one_proof_is_no_way_to_flood_its_address(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        let mut binds_that_went_well = 0;
        let refused = loop {
            let answer = binds(&alice, &sid).await;
            if answer.status != 200 {
                break answer;
            }
            binds_that_went_well += 1;
            // A user can always leave.
            assert_eq!(unbinds(&alice, &sid, ALICE).await.ok(), json!({}));
            assert!(binds_that_went_well <= 10);
        };
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert!(refused.headers.contains_key("retry-after"));
        // No bind went untold, and a bind that was refused is none.
        until("they are not delivered", async || count(&world, "outbox").await == 0).await;
        let told = notices(&world, ALICE);
        assert_eq!(told.iter().filter(|subject| *subject == BOUND).count(), binds_that_went_well);
        assert!(told.len() <= 10, "{told:?}");
        assert_eq!(alice.looks_up(ALICE).await, None);
        world.clock.advance(HOUR);
        binds(&alice, &sid).await.ok();
    }

    async fn a_signature_that_is_refused_uses_up_no_notice(world: World) {
        let mut world = world;
        world.config.budgets.messages_address = Bucket { capacity: 4, per_hour: 1 };
        let server = signed_unbind::bound(&world).await;
        signed_unbind::unbinds(&world, &server).await.ok();
        until("both are told", async || notices(&world, ALICE).len() == 2).await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        world.mail.forget();
        // What she has proved lasts a day.
        let (hers, his) = (alice.asks_to_prove(ALICE).await, bob.proves(ALICE).await);
        binds(&alice, &hers).await.ok();
        for _ in 0..5 {
            // Somebody repeats what her homeserver has signed.
            assert_eq!(signed_unbind::unbinds(&world, &server).await.error(), (403, "M_FORBIDDEN"));
        }
        binds(&bob, &his).await.ok();
        until("both are told", async || notices(&world, ALICE) == [BOUND, BOUND]).await;
    }

    async fn behind_a_proxy_with_a_path_the_link_and_the_form_lead_there(world: World) {
        let mut world = world;
        world.config.server.public_url = "https://example.org/id/".parse().unwrap();
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        let inner = path.strip_prefix("/id").expect("the link has the path of the proxy");
        let page = opens(&server, inner).await;
        assert!(page.text.contains("<form method=\"post\" action=\"/id/not-me?lang=en\">"), "{}", page.text);
        assert_eq!(heading(&posts_link(&server, inner).await, 200), "It is undone");
    }

    async fn a_number_is_told_by_a_text(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = proves_number(&alice).await;
        binds(&alice, &sid).await.ok();
        until("no text came", async || world.texts().len() == 2).await;
        let text = world.texts().pop().unwrap();
        assert!(text.to == "447700900123" && text.body.contains(&alice.mxid), "{text:?}");
        let undo = Url::parse(text.body.rsplit(' ').next().unwrap()).unwrap();
        let path = format!("{}?{}", undo.path(), undo.query().unwrap());
        assert_eq!(heading(&presses(&server, &path).await, 200), "It is undone");
        assert_eq!(binds(&alice, &sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(count(&world, "bindings").await, 0);
    }

    async fn a_text_that_the_day_has_no_money_for_waits(world: World) {
        let mut world = world;
        world.config.budgets.texts_server = vouch::config::Bucket { capacity: 1, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = proves_number(&alice).await;
        binds(&alice, &sid).await.ok();
        let troubles = async || crate::database::texts(&world, "SELECT trouble AS text FROM outbox WHERE trouble IS NOT NULL").await;
        until("it is not tried", async || !troubles().await.is_empty()).await;
        assert_eq!((troubles().await, world.texts().len()), (vec!["the budget of texts is full".to_owned()], 1));
        world.clock.advance(HOUR);
        until("no text came", async || world.texts().len() == 2).await;
    }

    async fn a_text_that_was_not_sent_costs_nothing(world: World) {
        let mut world = world;
        world.config.budgets.texts_server = vouch::config::Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = proves_number(&alice).await;
        let (folder, away) = (&world.config.sms.directory, world.folder.path().join("away"));
        std::fs::rename(folder, &away).unwrap();
        binds(&alice, &sid).await.ok();
        let tried = "SELECT 'tried' AS text FROM outbox WHERE attempts > 0";
        until("it is not tried", async || !crate::database::texts(&world, tried).await.is_empty()).await;
        std::fs::rename(&away, folder).unwrap();
        // Less than an hour: nothing has drained that would pay for another.
        world.clock.advance(5 * MINUTE);
        until("no text came", async || world.texts().len() == 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_the_page_asks_for_patience_and_nothing_is_undone() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let mut world = World::on_sqlite().await;
    world.config.database.url = DatabaseUrl::Postgres(cluster.url().to_owned().into());
    let server = Server::start(Config { ..world.config.clone() }, world.clock.clone());
    server.until_ready().await;
    let alice = world.person(&server, "alice").await;
    alice.binds(ALICE).await;
    let path = undoing(&world, ALICE).await;
    tokio::task::block_in_place(|| cluster.stop());
    for answer in [opens(&server, &path).await, posts_link(&server, &path).await] {
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("We cannot answer right now"), "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    // What is none needs no database to be told so.
    assert_eq!(heading(&opens(&server, "/not-me?token=x").await, 404), "This link does not work");
}

#[tokio::test]
async fn another_servers_link_is_none() {
    let (world, other) = (World::on_sqlite().await, World::on_sqlite().await);
    let (server, elsewhere) = (world.start().await, other.start().await);
    let alice = world.person(&server, "alice").await;
    alice.binds(ALICE).await;
    let path = undoing(&world, ALICE).await;
    assert_eq!(heading(&posts_link(&elsewhere, &path).await, 404), "This link does not work");
    assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
}
