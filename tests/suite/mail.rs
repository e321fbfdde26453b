//! The validation mail, and misbehaving mail servers.

use std::fs;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use reqwest::Method;
use rustls::ServerConfig;
use serde_json::{Value, json};
use vouch::config::{MailTransport, Smtp, SmtpCredentials, SmtpSecurity};
use vouch_test_support::ca::Ca;
use vouch_test_support::mail_sink::{Action, MailSink, Message, Options, Tls};

use crate::world::{Answer, Person, SECRET, World, link, query};

/// An answer must arrive within this time, whatever the mail server does.
const PATIENCE: Duration = Duration::from_secs(5);

fn smtp(world: &mut World) -> &mut Smtp {
    match &mut world.config.mail.transport {
        MailTransport::Smtp(smtp) => smtp,
        MailTransport::Directory(_) => panic!("the world has a mail server"),
    }
}

/// Makes this world's server send its mails to another mail server.
fn send_to(world: &mut World, sink: MailSink) {
    smtp(world).port = sink.address().port();
    world.mail = sink;
}

async fn asks(person: &Person<'_>, email: &str) -> Answer {
    let path = "/validate/email/requestToken";
    let asked = person.post(path, json!({ "client_secret": SECRET, "email": email, "send_attempt": 1 }));
    tokio::time::timeout(PATIENCE, asked).await.expect("the answer comes in time")
}

async fn asks_in(person: &Person<'_>, email: &str, accept_language: &str) -> Value {
    let path = "/_matrix/identity/v2/validate/email/requestToken";
    let body = json!({ "client_secret": SECRET, "email": email, "send_attempt": 1 });
    let request = person.server.request(Method::POST, path, Some(&person.token)).json(&body);
    person.server.send(request.header("Accept-Language", accept_language)).await.ok()
}

/// Collapses white space, because lines are wrapped.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// TLS with a certificate of `ca` for `name`.
fn tls(ca: &Ca, name: &str) -> Arc<ServerConfig> {
    let (chain, key) = ca.certificate_for(&[name]);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// Configures TLS and a login, with a mail server that uses this TLS configuration.
async fn protect(world: &mut World, ca: &Ca, tls: Tls) {
    send_to(world, MailSink::start_with(Options { tls, ..Options::default() }).await);
    let file = world.folder.path().join("mail-ca.pem");
    ca.write_to(&file);
    let smtp = smtp(world);
    smtp.security = SmtpSecurity::Starttls;
    smtp.ca_file = Some(file);
    smtp.credentials = Some(SmtpCredentials { user: "vouch".into(), password: "s3cret".into() });
}

on_both_backends! {
    async fn a_mail_says_who_asks_in_the_readers_language(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let name = world.config.server.name.to_string();
        let cases = [
            ("en-GB,en;q=0.8", "Confirm your email address for", "24 hours", "Wasn’t this you?"),
            ("fr", "Confirmez votre adresse e-mail pour", "24 heures", "Ce n’était pas vous\u{202f}?"),
            ("xx, de-CH;q=0.7, en;q=0.3", "Bestätige deine E-Mail-Adresse für", "24 Stunden", "Warst du das nicht?"),
            ("xx", "Confirm your email address for", "24 hours", "Wasn’t this you?"),
        ];
        for (at, (language, subject, lifetime, other)) in cases.into_iter().enumerate() {
            let email = format!("alice{at}@example.com");
            let sid = asks_in(&alice, &email, language).await["sid"].as_str().unwrap().to_owned();
            let mail = world.validation_mail(&email).await;
            assert_eq!(mail.subject(), format!("{subject} {name}"));
            let link = link(&mail);
            assert_eq!(query(&link, "sid"), sid);
            assert!(link.starts_with(world.config.server.public_url.as_str()));
            let html = mail.html().replace("&#38;", "&").replace("&amp;", "&");
            for part in [words(&mail.text()), words(&html)] {
                for said in [&alice.mxid, "hs.example", &name, lifetime, other, &link] {
                    assert!(part.contains(&words(said)), "{said} is missing in {part}");
                }
            }
        }
    }

    async fn a_mail_has_one_recipient_which_is_exactly_the_folded_address(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let cases = [
            ("Alice+Tag@Example.COM", "alice+tag@example.com"),
            ("Strauß@Example.com", "strauss@example.com"),
            ("ÅSA@example.com", "åsa@example.com"),
            ("o'neil=x!@example.com", "o'neil=x!@example.com"),
        ];
        for (typed, folded) in cases {
            world.mail.forget();
            asks(&alice, typed).await.ok();
            let mails = world.mail.messages();
            assert_eq!((mails.len(), &mails[0].to[..]), (1, &[folded.to_owned()][..]));
            assert_eq!(mails[0].from, world.config.mail.sender.email.to_string());
        }
    }

    async fn operators_can_replace_texts_and_the_name(world: World) {
        let mut world = world;
        let texts = world.folder.path().join("texts");
        fs::create_dir(&texts).unwrap();
        fs::write(texts.join("fr.ftl"), "mail-validation-subject = Bienvenue chez { $server }\n").unwrap();
        world.config.texts.directory = Some(texts);
        world.config.brand.name = "Example Club".into();
        world.config.mail.sender = "The Club <club@example.org>".parse().unwrap();
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks_in(&alice, "alice@example.com", "fr").await;
        let mail = world.validation_mail("alice@example.com").await;
        assert_eq!(mail.subject(), format!("Bienvenue chez {}", world.config.server.name));
        assert_eq!(mail.from, "club@example.org");
        let from = mail.header("From").unwrap();
        assert!(from.contains("The Club") && from.contains("<club@example.org>"), "{from}");
        assert!(mail.text().contains("Example Club") && mail.html().contains("Example Club"));
        // The other texts are unchanged.
        assert!(words(&mail.text()).contains("Ce n’était pas vous"));
    }

    async fn without_smtp_mails_are_written_to_files(world: World) {
        let mut world = world;
        let directory = world.folder.path().join("mail");
        world.config.mail.transport = MailTransport::Directory(directory.clone());
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = asks(&alice, "alice@example.com").await.ok()["sid"].as_str().unwrap().to_owned();
        let files: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].extension().unwrap(), "eml");
        let (from, to, raw) = (String::new(), Vec::new(), fs::read(&files[0]).unwrap());
        let mail = Message { from, to, tls: false, credentials: None, raw };
        assert!(mail.header("To").unwrap().contains("alice@example.com"));
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": query(&link(&mail), "token") });
        alice.post("/validate/email/submitToken", submitted).await.ok();
        assert_eq!(world.mail.connections(), 0);
    }

    async fn a_slow_mail_server_delays_nobody_else(world: World) {
        let mut world = world;
        send_to(&mut world, MailSink::start_with(Options { delay: Duration::from_secs(3), ..Options::default() }).await);
        smtp(&mut world).timeout = Duration::from_secs(2);
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let emails: Vec<String> = (0..6).map(|n| format!("alice{n}@example.com")).collect();
        let slow = pin!(join_all(emails.iter().map(|email| asks(&alice, email))));
        // Reads and writes by the same user and by others, while the mail server is busy.
        let meanwhile = pin!(async {
            while world.mail.connections() < emails.len() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            alice.get("/account").await.ok();
            let bob = world.person(&server, "bob").await;
            assert_eq!(bob.looks_up("alice0@example.com").await, None);
            bob.post("/account/logout", json!({})).await.ok();
        });
        let Either::Right(((), slow)) = select(slow, meanwhile).await else {
            panic!("the others waited for the mail server");
        };
        for answer in slow.await {
            assert_eq!(answer.error(), (400, "M_EMAIL_SEND_ERROR"));
        }
    }
}

/// Expects the request to fail because of the mail server; the database plays no part.
async fn is_refused(world: &World) {
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    assert_eq!(asks(&alice, "alice@example.com").await.error(), (400, "M_EMAIL_SEND_ERROR"));
    assert_eq!(world.mail.count(), 0);
}

/// Asserts that neither the login nor the recipient was sent to the mail server.
fn assert_nothing_was_said(world: &World) {
    let said = |command: &String| ["AUTH", "MAIL", "RCPT", "DATA"].iter().any(|verb| command.starts_with(verb));
    assert!(!world.mail.commands().iter().any(said), "{:?}", world.mail.commands());
}

#[tokio::test]
async fn a_mail_server_that_is_down() {
    let mut world = World::on_sqlite().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    smtp(&mut world).port = listener.local_addr().unwrap().port();
    drop(listener);
    is_refused(&world).await;
}

#[tokio::test]
async fn a_mail_server_that_falls_silent_or_hangs_up() {
    for (command, action) in [("EHLO", Action::Silence), ("RCPT", Action::HangUp), ("DATA", Action::Reply("554 no"))] {
        let mut world = World::on_sqlite().await;
        send_to(&mut world, MailSink::start_with(Options::when(command, action)).await);
        smtp(&mut world).timeout = Duration::from_secs(1);
        is_refused(&world).await;
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_mail_server_whose_tls_was_stripped() {
    let mut world = World::on_sqlite().await;
    protect(&mut world, &Ca::new(), Tls::None).await;
    is_refused(&world).await;
    assert_nothing_was_said(&world);
}

#[tokio::test]
async fn nothing_is_sent_to_a_mail_server_with_the_wrong_certificate() {
    let (ca, stranger) = (Ca::new(), Ca::new());
    for certificate in [tls(&ca, "other.example"), tls(&stranger, "127.0.0.1")] {
        let mut world = World::on_sqlite().await;
        protect(&mut world, &ca, Tls::Starttls(certificate)).await;
        is_refused(&world).await;
        assert_nothing_was_said(&world);
    }
}

#[tokio::test]
async fn a_mail_server_with_a_valid_certificate_receives_the_login() {
    let (mut world, ca) = (World::on_sqlite().await, Ca::new());
    protect(&mut world, &ca, Tls::Starttls(tls(&ca, "127.0.0.1"))).await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    asks(&alice, "alice@example.com").await.ok();
    let mail = world.validation_mail("alice@example.com").await;
    assert!(mail.tls);
    assert_eq!(mail.credentials, Some(("vouch".into(), "s3cret".into())));
}
