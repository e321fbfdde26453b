//! Addresses are notified when they are bound or unbound, and their readers can undo it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use url::Url;
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch::config::{Bucket, MailTransport};
use vouch_test_support::mail_sink::{Action, MailSink, Message, Options};

use crate::database::{allow, count, refuse};
use crate::program::Binary;
use crate::signed_unbind;
use crate::undoing::{heading, not_me, opens, presses, undoing};
use crate::world::{Answer, Person, SECRET, World, until};

pub const ALICE: &str = "alice@example.com";
pub const PATIENCE: Duration = Duration::from_secs(10);

pub const BOUND: &str = "People can now find a Matrix account by your email address";
pub const UNBOUND: &str = "People can no longer find a Matrix account by your email address";

/// Returns the mail to an address with this subject.
pub async fn notice(world: &World, address: &str, subject: &str) -> Message {
    world.mail.wait_for(|mail| mail.to.iter().any(|to| to == address) && mail.subject() == subject).await
}

/// Returns the subjects of the mails to an address, in order, without the validation mails.
pub fn notices(world: &World, address: &str) -> Vec<String> {
    let told = |mail: &Message| mail.to == [address] && !mail.text().contains("/submitToken?");
    world.mail.messages().iter().filter(|mail| told(mail)).map(Message::subject).collect()
}

/// Returns the text of a mail with line breaks removed.
pub fn words(mail: &Message) -> String {
    mail.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Validates a number with the first text message, and returns the sid.
async fn proves_number(person: &Person<'_>) -> String {
    let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": "07700900123", "send_attempt": 1 });
    let sid = person.post("/validate/msisdn/requestToken", asked).await.ok()["sid"].as_str().unwrap().to_owned();
    let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": person.world.texts()[0].code() });
    person.post("/validate/msisdn/submitToken", submitted).await.ok();
    sid
}

async fn unbinds(person: &Person<'_>, sid: &str, address: &str) -> Answer {
    let threepid = json!({ "medium": "email", "address": address });
    let body = json!({ "sid": sid, "client_secret": SECRET, "mxid": person.mxid, "threepid": threepid });
    person.post("/3pid/unbind", body).await
}

/// Starts a mail server that refuses everything for now while the switch is on.
pub async fn moody(world: &mut World) -> Arc<AtomicBool> {
    unwilling(world, "MAIL", "451 4.3.0 later").await
}

/// Starts a mail server that gives this reply to a command while the switch is on.
pub async fn unwilling(world: &mut World, command: &'static str, reply: &'static str) -> Arc<AtomicBool> {
    let refuses = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&refuses);
    let script =
        move |line: &str| (switch.load(Ordering::SeqCst) && line.starts_with(command)).then_some(Action::Reply(reply));
    world.mail = MailSink::start_with(Options { script: Some(Arc::new(script)), ..Options::default() }).await;
    let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { panic!("the world has a mail server") };
    smtp.port = world.mail.address().port();
    refuses
}

on_both_backends! {
    async fn an_address_is_notified_of_a_bind_in_the_binders_language(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        let body = json!({ "sid": sid, "client_secret": SECRET, "mxid": alice.mxid });
        let path = "/_matrix/identity/v2/3pid/bind";
        let bind = server.request(Method::POST, path, Some(&alice.token)).json(&body);
        server.send(bind.header("Accept-Language", "fr-CA, en;q=0.5")).await.ok();
        let mail = notice(&world, ALICE, "On peut désormais trouver un compte Matrix grâce à votre adresse e-mail").await;
        let undo = not_me(&mail);
        for part in [words(&mail), mail.html()] {
            assert!(part.contains(&alice.mxid) && part.contains("23 novembre 2026 à 12:00 UTC"), "{part}");
            assert!(part.contains("hs.example"), "{part}");
        }
        // The link reveals neither the address nor the user.
        assert!(undo.len() < 160, "{undo}");
        assert!(!undo.contains("alice") && !undo.contains('@') && undo.ends_with("&lang=fr"), "{undo}");
        let page = opens(&server, &undo).await;
        assert_eq!(heading(&page, 200), "Ce n’était pas vous\u{202f}?");
        assert!(page.text.contains(&alice.mxid) && !page.text.contains("alice@example"), "{}", page.text);
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("form-action 'self'"));
        assert!(!page.text.contains("<script"));
    }

    async fn repeating_a_bind_sends_no_second_notice_and_keeps_the_link_working(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        for _ in 0..3 {
            alice.binds_by(&sid).await.ok();
            world.clock.advance(MINUTE);
        }
        let path = undoing(&world, ALICE).await;
        until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
        assert_eq!(notices(&world, ALICE), [BOUND]);
        assert_eq!(heading(&presses(&server, &path).await, 200), "Done. The link has been removed");
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn an_address_is_notified_of_an_unbind_and_who_did_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        alice.unbinds(ALICE).await.ok();
        let mail = notice(&world, ALICE, UNBOUND).await;
        assert!(words(&mail).contains(&alice.mxid) && words(&mail).contains("in a Matrix app"), "{}", mail.text());
        // Only a new validation can bind it again.
        assert!(mail.links().iter().all(|link| link.ends_with("/you")), "{}", mail.text());
        // An address that was not bound is not notified.
        alice.unbinds(ALICE).await.ok();
        until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
        assert_eq!(notices(&world, ALICE), [BOUND, UNBOUND]);
    }

    async fn the_running_server_sends_notices_of_the_operators_commands(world: World) {
        let binary = Binary::of(&world);
        let _process = binary.serve().await;
        for (command, subject, said) in
            [("bind", BOUND, "@alice:hs.example"), ("unbind", UNBOUND, "by the operators of this server")]
        {
            let done = binary.run(&[command, "--address", ALICE, "--user", "@alice:hs.example"]);
            assert_eq!(done.status, Some(0), "{done:?}");
            let text = words(&notice(&world, ALICE, subject).await);
            assert!(text.contains(said), "{text}");
        }
    }

    async fn with_notices_turned_off_the_validation_mail_still_has_its_link(world: World) {
        let mut world = world;
        world.config.notices.enabled = false;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        alice.binds_by(&sid).await.ok();
        unbinds(&alice, &sid, ALICE).await.ok();
        alice.binds_by(&sid).await.ok();
        // An address that a session removes is an exception: it is always told.
        until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
        assert_eq!((notices(&world, ALICE), world.mail.count()), (vec![UNBOUND.to_owned()], 2));
        let path = not_me(&world.validation_mail(ALICE).await);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request has been cancelled");
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn an_unreachable_mail_server_delays_no_bind_and_loses_no_notice(world: World) {
        let mut world = world;
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        refuses.store(true, Ordering::SeqCst);
        alice.binds_by(&sid).await.ok();
        until(PATIENCE, "it is not tried", async || world.mail.commands().iter().filter(|line| line.starts_with("MAIL")).count() >= 2).await;
        drop(alice);
        server.stop().await;
        assert_eq!(notices(&world, ALICE), [""; 0]);

        // A restart does not lose it either.
        refuses.store(false, Ordering::SeqCst);
        let server = world.start().await;
        world.clock.advance(2 * MINUTE);
        let path = undoing(&world, ALICE).await;
        assert_eq!(heading(&opens(&server, &path).await, 200), "Wasn’t this you?");
        until(PATIENCE, "it stays in the outbox", async || count(&world, "outbox").await == 0).await;
    }

    async fn an_outdated_notice_is_given_up(world: World) {
        let mut world = world;
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        refuses.store(true, Ordering::SeqCst);
        alice.binds_by(&sid).await.ok();
        let tried = async || world.mail.commands().iter().filter(|line| line.starts_with("MAIL")).count();
        until(PATIENCE, "it is not tried", async || tried().await >= 2).await;
        until(PATIENCE, "it is still held", async || {
            crate::database::texts(&world, "SELECT trouble AS text FROM outbox WHERE held_until = 0 AND trouble IS NOT NULL").await.len() == 1
        }).await;
        refuses.store(false, Ordering::SeqCst);
        world.clock.advance(DAY + MINUTE);
        until(PATIENCE, "it is kept", async || count(&world, "outbox").await == 0).await;
        assert_eq!(notices(&world, ALICE), [""; 0]);
    }

    async fn one_validation_cannot_flood_its_address_with_notices(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        let mut binds_that_went_well = 0;
        let refused = loop {
            let answer = alice.binds_by(&sid).await;
            if answer.status != 200 {
                break answer;
            }
            binds_that_went_well += 1;
            // Unbinding is always allowed.
            assert_eq!(unbinds(&alice, &sid, ALICE).await.ok(), json!({}));
            assert!(binds_that_went_well <= 10);
        };
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert!(refused.headers.contains_key("retry-after"));
        // Everything was told, and refused binds were not made.
        until(PATIENCE, "they are not delivered", async || count(&world, "outbox").await == 0).await;
        let told = notices(&world, ALICE);
        assert_eq!(told.iter().filter(|subject| *subject == BOUND).count(), binds_that_went_well);
        assert!(told.len() <= 20, "{told:?}");
        assert_eq!(alice.looks_up(ALICE).await, None);
        world.clock.advance(HOUR);
        alice.binds_by(&sid).await.ok();
    }

    async fn a_bind_that_fails_uses_up_no_notice(world: World) {
        let mut world = world;
        world.config.budgets.messages_address = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        refuse(&world, "INSERT", "bindings").await;
        for _ in 0..4 {
            let status = alice.binds_by(&sid).await.status;
            assert!(status >= 500, "{status}");
        }
        allow(&world, "bindings").await;
        alice.binds_by(&sid).await.ok();
    }

    async fn a_refused_signature_uses_up_no_notice(world: World) {
        let mut world = world;
        world.config.budgets.messages_address = Bucket { capacity: 4, per_hour: 1 };
        world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        let server = signed_unbind::bound(&world).await;
        signed_unbind::unbinds_from(&world, &server, "198.51.100.7").await.ok();
        until(PATIENCE, "both are told", async || notices(&world, ALICE).len() == 2).await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        world.mail.forget();
        // Her validation lasts a day.
        let (hers, his) = (alice.asks_to_prove(ALICE).await, bob.proves(ALICE).await);
        alice.binds_by(&hers).await.ok();
        for _ in 0..5 {
            // Somebody replays the request that her homeserver signed.
            let replayed = signed_unbind::unbinds_from(&world, &server, "203.0.113.7").await;
            assert_eq!(replayed.error(), (403, "M_FORBIDDEN"));
        }
        bob.binds_by(&his).await.ok();
        let told = |subject| notices(&world, ALICE).iter().filter(|told| *told == subject).count();
        until(PATIENCE, "it is not told", async || told(BOUND) == 2 && told(UNBOUND) == 1).await;
    }

    async fn a_phone_number_is_notified_by_text(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = proves_number(&alice).await;
        alice.binds_by(&sid).await.ok();
        until(PATIENCE, "no text came", async || world.texts().len() == 2).await;
        let text = world.texts().pop().unwrap();
        assert!(text.to == "447700900123" && text.body.contains(&alice.mxid), "{text:?}");
        let undo = Url::parse(text.body.rsplit(' ').next().unwrap()).unwrap();
        let path = format!("{}?{}", undo.path(), undo.query().unwrap());
        assert_eq!(heading(&presses(&server, &path).await, 200), "Done. The link has been removed");
        assert_eq!(alice.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(count(&world, "bindings").await, 0);
    }

    async fn a_text_over_the_daily_limit_waits(world: World) {
        let mut world = world;
        world.config.budgets.texts_server = vouch::config::Bucket { capacity: 1, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = proves_number(&alice).await;
        alice.binds_by(&sid).await.ok();
        let troubles = async || crate::database::texts(&world, "SELECT trouble AS text FROM outbox WHERE trouble IS NOT NULL").await;
        until(PATIENCE, "it is not tried", async || !troubles().await.is_empty()).await;
        assert_eq!((troubles().await, world.texts().len()), (vec!["the budget for texts is used up".to_owned()], 1));
        world.clock.advance(HOUR);
        until(PATIENCE, "no text came", async || world.texts().len() == 2).await;
    }

    async fn a_text_that_failed_is_not_charged(world: World) {
        let mut world = world;
        world.config.budgets.texts_server = vouch::config::Bucket { capacity: 4, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = proves_number(&alice).await;
        let (folder, away) = (&world.config.sms.directory, world.folder.path().join("away"));
        std::fs::rename(folder, &away).unwrap();
        alice.binds_by(&sid).await.ok();
        let tried = "SELECT 'tried' AS text FROM outbox WHERE attempts > 0";
        until(PATIENCE, "it is not tried", async || !crate::database::texts(&world, tried).await.is_empty()).await;
        std::fs::rename(&away, folder).unwrap();
        // Less than an hour later, nothing has drained that would allow another.
        world.clock.advance(5 * MINUTE);
        until(PATIENCE, "no text came", async || world.texts().len() == 2).await;
    }
}
