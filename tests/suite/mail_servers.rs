//! Real mail servers: what people and operators are told about each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use vouch::config::{MailTransport, Smtp};
use vouch_test_support::mail_sink::{Action, MailSink, Options};

use crate::database::{count, texts};
use crate::notices::{ALICE, PATIENCE};
use crate::program::Binary;
use crate::world::{Answer, Person, SECRET, Server, World, until};

const LATER: &str = "try again later";

fn smtp(world: &mut World) -> &mut Smtp {
    let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { panic!("the world has a mail server") };
    smtp
}

async fn through(options: Options) -> World {
    let mut world = World::on_sqlite().await;
    use_server(&mut world, options).await;
    world
}

async fn use_server(world: &mut World, options: Options) {
    world.mail = MailSink::start_with(options).await;
    smtp(world).port = world.mail.address().port();
}

async fn asks(person: &Person<'_>, email: &str) -> Answer {
    let asked = json!({ "client_secret": SECRET, "email": email, "send_attempt": 1 });
    person.post("/validate/email/requestToken", asked).await
}

fn text(answer: &Answer) -> &str {
    answer.body["error"].as_str().unwrap()
}

#[tokio::test]
async fn only_a_failure_that_may_pass_asks_to_try_again() {
    for (command, reply, is_temporary) in [
        ("RCPT", "450 4.2.0 greylisted", true),
        ("RCPT", "452 4.2.2 full", true),
        ("MAIL", "421 4.3.2 going down", true),
        (".", "451 4.7.1 not now", true),
        ("RCPT", "550 5.1.1 no such user", false),
        ("RCPT", "553", false),
        ("MAIL", "553 5.7.1 not your sender", false),
        ("DATA", "554 5.5.1 no", false),
        (".", "552 5.3.4 too big", false),
        (".", "554 5.7.1 spam", false),
    ] {
        let world = through(Options::when(command, Action::Reply(reply))).await;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let answer = asks(&alice, ALICE).await;
        assert_eq!(answer.error(), (400, "M_EMAIL_SEND_ERROR"), "{command} {reply}");
        assert_eq!(text(&answer).contains(LATER), is_temporary, "{command} {reply}: {}", answer.text);
    }
}

#[tokio::test]
async fn local_parts_in_all_scripts_arrive_over_smtputf8() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for local in ["ผู้ใช้", "उपयोगकर्ता", "தமிழ்", "বিড়াল", "jose\u{301}", "用户"]
    {
        let email = format!("{local}@example.com");
        asks(&alice, &email).await.ok();
        assert_eq!(world.validation_mail(&email).await.header("To"), Some(email));
    }
}

#[tokio::test]
async fn without_smtputf8_a_local_part_that_is_not_ascii_is_invalid_at_once() {
    let world = through(Options { smtputf8: false, ..Options::default() }).await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for local in ["ผู้ใช้", "उपयोगकर्ता", "தமிழ்", "বিড়াল", "jose\u{301}", "jürgen"]
    {
        let answer = asks(&alice, &format!("{local}@example.com")).await;
        assert_eq!(answer.error(), (400, "M_INVALID_EMAIL"), "{local}");
        assert!(text(&answer).contains("not ASCII") && !text(&answer).contains(LATER), "{}", answer.text);
    }
    assert_eq!(world.mail.count(), 0);
    asks(&alice, "juergen@example.com").await.ok();
}

#[tokio::test]
async fn international_domains_need_no_smtputf8() {
    let world = through(Options { smtputf8: false, ..Options::default() }).await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for (typed, sent) in [
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("sales@BÜCHER.example", "sales@xn--bcher-kva.example"),
        ("help@xn--bcher-kva.example", "help@xn--bcher-kva.example"),
        ("info@straße.example", "info@xn--strae-oqa.example"),
        ("info@例え.jp", "info@xn--r8jz45g.jp"),
        ("info@ไทย.example", "info@xn--o3cw4h.example"),
    ] {
        asks(&alice, typed).await.ok();
        let mail = world.validation_mail(sent).await;
        assert_eq!(mail.header("To").as_deref(), Some(sent));
    }
    assert!(!world.mail.commands().iter().any(|line| line.contains("SMTPUTF8")));
}

#[tokio::test]
async fn the_name_given_to_the_server_is_set_by_hello_name() {
    for name in ["id.example.org", "[192.0.2.1]"] {
        // This is the domain of the default sender.
        let world = through(Options::when("EHLO localhost", Action::Reply("550 5.7.1 that is my own name"))).await;
        let mut binary = Binary::of(&world);
        binary.set("VOUCH__MAIL__HELLO_NAME", name);
        let process = binary.serve().await;
        let alice = world.person(&process.server, "alice").await;
        asks(&alice, ALICE).await.ok();
        assert_eq!(world.mail.commands()[0], format!("EHLO {name}"));
    }
}

#[tokio::test]
async fn the_log_names_the_cause_and_no_address() {
    let refused = |command, reply| Options::when(command, Action::Reply(reply));
    for (options, user, security, cause) in [
        (refused("MAIL", "553 5.7.1 no"), "", "none", "the mail server refuses the sender (mail.sender) (553 5.7.1)"),
        (refused("RCPT", "550 5.1.1 no"), "", "none", "the mail server refuses the recipient (550 5.1.1)"),
        (refused("RCPT", "450 grey"), "", "none", "the mail server refuses the recipient for now (450)"),
        (refused(".", "554 spam"), "", "none", "the mail server refuses the message (554)"),
        (refused("AUTH", "535 no"), "vouch", "none", "refuses the login (mail.user, mail.password) (535)"),
        (refused("EHLO", "250 sink.test"), "vouch", "none", "the mail server offers no login (AUTH)"),
        (refused("EHLO", "250-a\r\n250 AUTH NTLM"), "vouch", "none", "offers neither AUTH PLAIN nor AUTH LOGIN"),
        (Options::default(), "", "starttls", "the mail server does not offer STARTTLS"),
        (Options::default(), "", "tls", "cannot be secured by TLS: it does not speak TLS"),
        (Options { greeting: "554 no", ..Options::default() }, "", "none", "refuses the connection (554)"),
        (Options { smtputf8: false, ..Options::default() }, "", "none", "(SMTPUTF8)"),
    ] {
        let world = through(options).await;
        let mut binary = Binary::of(&world);
        binary.set("VOUCH__MAIL__SECURITY", security);
        if !user.is_empty() {
            binary.set("VOUCH__MAIL__USER", user);
            binary.set("VOUCH__MAIL__PASSWORD", "s3cret");
        }
        let process = binary.serve().await;
        let alice = world.person(&process.server, "alice").await;
        let email = if cause == "(SMTPUTF8)" { "zoë@example.net" } else { "zoe@example.net" };
        assert_eq!(asks(&alice, email).await.status, 400);
        let (_, log) = stopped(process).await;
        assert!(log.contains(cause), "{cause} is missing in {log}");
        assert!(!log.contains("example.net") && !log.contains("s3cret"), "{log}");
    }
}

#[tokio::test]
async fn the_log_names_a_server_that_cannot_be_found_or_reached() {
    let world = World::on_sqlite().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    for (host, port, cause) in [
        ("smtp.invalid", "25", "the mail server's name cannot be found in DNS"),
        ("127.0.0.1", &closed, "the mail server cannot be reached: connection refused"),
    ] {
        let mut binary = Binary::of(&world);
        binary.set("VOUCH__MAIL__HOST", host);
        binary.set("VOUCH__MAIL__PORT", port);
        let process = binary.serve().await;
        let alice = world.person(&process.server, "alice").await;
        let answer = asks(&alice, ALICE).await;
        assert_eq!(answer.error(), (400, "M_EMAIL_SEND_ERROR"));
        let (_, log) = stopped(process).await;
        assert!(log.contains(cause), "{cause} is missing in {log}");
    }
}

async fn stopped(process: crate::program::Process) -> (Option<i32>, String) {
    process.signal("TERM");
    process.ended().await
}

/// Binds an address; its notice goes to a mail server that gives this reply to this command.
async fn binds_through(world: &mut World, command: &'static str, reply: &'static str) -> Server {
    let refuses = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&refuses);
    let script =
        move |line: &str| (switch.load(Ordering::SeqCst) && line.starts_with(command)).then_some(Action::Reply(reply));
    use_server(world, Options { script: Some(Arc::new(script)), ..Options::default() }).await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let sid = alice.proves(ALICE).await;
    refuses.store(true, Ordering::SeqCst);
    alice.binds_by(&sid).await.ok();
    server
}

on_both_backends! {
    async fn the_outbox_names_the_cause_of_a_failure_that_may_pass(world: World) {
        let mut world = world;
        let _server = binds_through(&mut world, "MAIL", "553 5.7.1 not your sender").await;
        until(PATIENCE, "it is not tried", async || {
            let troubles = texts(&world, "SELECT trouble AS text FROM outbox WHERE trouble IS NOT NULL").await;
            troubles == ["the mail server refuses the sender (mail.sender) (553 5.7.1)"]
        }).await;
    }

    async fn a_notice_that_the_server_refuses_for_good_is_given_up(world: World) {
        let mut world = world;
        let _server = binds_through(&mut world, "RCPT", "550 5.1.1 no such user").await;
        until(PATIENCE, "it is kept", async || count(&world, "outbox").await == 0).await;
        assert_eq!(world.mail.commands().iter().filter(|line| line.starts_with("RCPT")).count(), 2);
    }

    async fn a_notice_that_the_server_refuses_for_now_is_kept(world: World) {
        let mut world = world;
        let _server = binds_through(&mut world, "RCPT", "450 4.2.0 greylisted").await;
        until(PATIENCE, "it is not tried", async || {
            let troubles = texts(&world, "SELECT trouble AS text FROM outbox WHERE trouble IS NOT NULL").await;
            troubles == ["the mail server refuses the recipient for now (450 4.2.0)"]
        }).await;
    }
}
