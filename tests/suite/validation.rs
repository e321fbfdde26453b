//! Validating an address: what is refused, when a mail is sent, and how long a session lasts. The
//! links in the mails have their own chapter.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR, MINUTE, SECOND};
use vouch::config::MailTransport;
use vouch_test_support::mail_sink::{Action, MailSink, Options};

use crate::world::{Answer, NOON, Person, SECRET, World, link, query};

const REQUEST: &str = "/validate/email/requestToken";
const SUBMIT: &str = "/validate/email/submitToken";

/// Makes this world's server send its mails to another mail server.
fn send_to(world: &mut World, sink: MailSink) {
    if let MailTransport::Smtp(smtp) = &mut world.config.mail.transport {
        smtp.port = sink.address().port();
    }
    world.mail = sink;
}

fn asked(email: &str, attempt: impl Into<Value>) -> Value {
    json!({ "client_secret": SECRET, "email": email, "send_attempt": attempt.into() })
}

async fn asks(person: &Person<'_>, email: &str, attempt: i64) -> Answer {
    person.post(REQUEST, asked(email, attempt)).await
}

fn sid(answer: Answer) -> String {
    answer.ok()["sid"].as_str().unwrap().to_owned()
}

async fn submits(person: &Person<'_>, sid: &str, secret: &str, token: &str) -> Answer {
    person.post(SUBMIT, json!({ "sid": sid, "client_secret": secret, "token": token })).await
}

async fn validated(person: &Person<'_>, sid: &str, secret: &str) -> Answer {
    person.get(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={secret}")).await
}

/// Returns the token in the first mail to an address.
async fn mailed_token(world: &World, email: &str) -> String {
    query(&link(&world.validation_mail(email).await), "token")
}

on_both_backends! {
    async fn invalid_addresses_get_no_mail(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let too_long = format!("{}@example.com", "a".repeat(501 - "@example.com".len()));
        let too_long_when_folded = format!("{}@x.org", "ŉ".repeat(247));
        assert_eq!((too_long.len(), too_long_when_folded.len()), (501, 500));
        let bad = [
            "x@evil.example@allowed.example", "\"a@b\"@c", "<a@b>", "a@b,c@d", "a@b (c)", "a@b\n", "a\r\nb@c",
            "a@b\u{37e}c@d", "", "a", "@b", "a@", &too_long, &too_long_when_folded,
        ];
        for email in bad {
            let answer = asks(&alice, email, 1).await;
            assert_eq!(answer.error(), (400, "M_INVALID_EMAIL"), "{email}");
        }
        assert_eq!(world.mail.connections(), 0);
    }

    async fn a_client_secret_must_use_the_specified_alphabet(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let bad = [json!(""), json!("x".repeat(256)), json!("a b"), json!("ä"), json!("a/b"), json!(1), json!(["a"])];
        for secret in bad {
            let body = json!({ "client_secret": secret, "email": "alice@example.com", "send_attempt": 1 });
            assert_eq!(alice.post(REQUEST, body).await.error(), (400, "M_INVALID_PARAM"), "{secret}");
            let body = json!({ "client_secret": secret, "sid": "x", "token": "x" });
            assert_eq!(alice.post(SUBMIT, body).await.error(), (400, "M_INVALID_PARAM"), "{secret}");
            let body = json!({ "client_secret": secret, "sid": "x", "mxid": alice.mxid });
            assert_eq!(alice.post("/3pid/bind", body).await.error(), (400, "M_INVALID_PARAM"), "{secret}");
        }
        for secret in ["", "a%20b", "%C3%A4"] {
            assert_eq!(validated(&alice, "x", secret).await.error(), (400, "M_INVALID_PARAM"), "{secret}");
        }
        assert_eq!(world.mail.connections(), 0);
    }

    async fn an_error_names_the_missing_field(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for field in ["client_secret", "email", "send_attempt"] {
            let mut body = asked("alice@example.com", 1);
            body.as_object_mut().unwrap().remove(field);
            let answer = alice.post(REQUEST, body).await;
            assert_eq!(answer.error(), (400, "M_MISSING_PARAMS"));
            assert!(answer.body["error"].as_str().unwrap().contains(field));
        }
        for field in ["sid", "client_secret", "token"] {
            let mut body = json!({ "sid": "x", "client_secret": SECRET, "token": "x" });
            body.as_object_mut().unwrap().remove(field);
            assert_eq!(alice.post(SUBMIT, body).await.error(), (400, "M_MISSING_PARAMS"), "{field}");
        }
        for query in ["", "?sid=x", "?client_secret=x"] {
            let answer = alice.get(&format!("/3pid/getValidated3pid{query}")).await;
            assert_eq!(answer.error(), (400, "M_MISSING_PARAMS"), "{query}");
        }
    }

    async fn repeated_requests_send_one_mail_and_a_greater_attempt_another(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let email = "alice@example.com";
        let first = sid(asks(&alice, email, 2).await);
        // Element sends the attempt as a string.
        for attempt in [json!(2), json!("2"), json!(1), json!("0")] {
            assert_eq!(sid(alice.post(REQUEST, asked(email, attempt)).await), first);
        }
        assert_eq!(world.mail.count(), 1);
        assert_eq!(sid(alice.post(REQUEST, asked(email, "3")).await), first);
        let mails = world.mail.messages();
        assert_eq!(mails.len(), 2);
        assert_eq!(link(&mails[0]), link(&mails[1]));
        submits(&alice, &first, SECRET, &mailed_token(&world, email).await).await.ok();
    }

    async fn an_attempt_must_be_a_non_negative_integer(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for attempt in [json!(-1), json!("-1"), json!("x"), json!(1.5), json!(null), json!([1]), json!("")] {
            let answer = alice.post(REQUEST, asked("alice@example.com", attempt.clone())).await;
            assert_eq!(answer.error(), (400, "M_INVALID_PARAM"), "{attempt}");
        }
        assert_eq!(world.mail.count(), 0);
    }

    async fn concurrent_equal_requests_wait_for_one_mail(world: World) {
        let mut world = world;
        send_to(&mut world, MailSink::start_with(Options { delay: Duration::from_millis(100), ..Options::default() }).await);
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let answers = join_all((0..3).map(|_| async {
            let answer = asks(&alice, "alice@example.com", 1).await;
            (sid(answer), world.mail.count())
        })).await;
        // No request is answered before the mail has been sent.
        assert!(answers.iter().all(|answer| *answer == (answers[0].0.clone(), 1)), "{answers:?}");
        assert_eq!(world.mail.count(), 1);
    }

    async fn only_a_few_equal_requests_wait(world: World) {
        let mut world = world;
        send_to(&mut world, MailSink::start_with(Options { delay: Duration::from_millis(300), ..Options::default() }).await);
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let answers = join_all((0..24).map(|_| asks(&alice, "alice@example.com", 1))).await;
        let (sent, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert!(!sent.is_empty() && !refused.is_empty(), "{} were answered", sent.len());
        for answer in refused {
            assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"));
        }
        let sids: Vec<_> = sent.into_iter().map(sid).collect();
        assert!(sids.iter().all(|one| *one == sids[0]));
        // One that is repeated later gets what the others got.
        assert_eq!(sid(asks(&alice, "alice@example.com", 1).await), sids[0]);
        assert_eq!(world.mail.count(), 1);
    }

    async fn after_a_failure_the_same_attempt_sends_again(world: World) {
        let mut world = world;
        let refuses = Arc::new(AtomicBool::new(true));
        let script = {
            let refuses = Arc::clone(&refuses);
            move |line: &str| {
                (refuses.load(Ordering::SeqCst) && line.starts_with("RCPT")).then_some(Action::Reply("451 not now"))
            }
        };
        send_to(&mut world, MailSink::start_with(Options { script: Some(Arc::new(script)), ..Options::default() }).await);
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for _ in 0..2 {
            assert_eq!(asks(&alice, "alice@example.com", 1).await.error(), (400, "M_EMAIL_SEND_ERROR"));
        }
        refuses.store(false, Ordering::SeqCst);
        let first = sid(asks(&alice, "alice@example.com", 1).await);
        assert_eq!(sid(asks(&alice, "alice@example.com", 1).await), first);
        assert_eq!(world.mail.count(), 1);
    }

    async fn a_session_belongs_to_one_user_address_and_secret(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let email = "both@example.com";
        let of_alice = sid(asks(&alice, email, 1).await);
        let of_bob = sid(asks(&bob, email, 1).await);
        let other_address = sid(asks(&alice, "other@example.com", 1).await);
        let body = json!({ "client_secret": "another", "email": email, "send_attempt": 1 });
        let other_secret = sid(alice.post(REQUEST, body).await);
        let mut sids = vec![of_alice.clone(), of_bob.clone(), other_address, other_secret];
        sids.sort();
        sids.dedup();
        assert_eq!((sids.len(), world.mail.count()), (4, 4));
        // At least 128 random bits, at slightly less than 6 bits per character.
        assert!(sids.iter().all(|sid| sid.len() >= 22));

        let tokens: Vec<_> = world.mail.messages().iter().take(2).map(|mail| query(&link(mail), "token")).collect();
        submits(&alice, &of_alice, SECRET, &tokens[0]).await.ok();
        assert_eq!(validated(&bob, &of_bob, SECRET).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        // Somebody else's session looks nonexistent, even to somebody who knows it.
        for answer in [
            validated(&bob, &of_alice, SECRET).await,
            submits(&bob, &of_alice, SECRET, &tokens[0]).await,
            bob.post("/3pid/bind", json!({ "sid": of_alice, "client_secret": SECRET, "mxid": bob.mxid })).await,
        ] {
            assert_eq!(answer.error(), (404, "M_NO_VALID_SESSION"));
        }
    }

    async fn an_address_is_folded_before_anything_else(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, "Strauß@Example.COM", 1).await);
        assert_eq!(sid(asks(&alice, "STRAUSS@example.com", 1).await), first);
        assert_eq!(world.mail.count(), 1);
        submits(&alice, &first, SECRET, &mailed_token(&world, "strauss@example.com").await).await.ok();
        assert_eq!(validated(&alice, &first, SECRET).await.ok()["address"], "strauss@example.com");
    }

    async fn a_validated_session_stays_validated(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.asks_to_prove("alice@example.com").await;
        let token = mailed_token(&world, "alice@example.com").await;
        assert_eq!(validated(&alice, &sid, SECRET).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        for wrong in ["", "wrong", &token[1..], &format!("{token}x"), &token.to_lowercase()] {
            assert_eq!(submits(&alice, &sid, SECRET, wrong).await.error(), (400, "M_TOKEN_INCORRECT"), "{wrong}");
        }
        assert_eq!(validated(&alice, &sid, SECRET).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        assert_eq!(submits(&alice, &sid, SECRET, &token).await.ok(), json!({ "success": true }));
        world.clock.advance(MINUTE);
        assert_eq!(submits(&alice, &sid, SECRET, &token).await.ok(), json!({ "success": true }));
        let expected = json!({ "medium": "email", "address": "alice@example.com", "validated_at": NOON });
        assert_eq!(validated(&alice, &sid, SECRET).await.ok(), expected);
    }

    async fn a_wrong_secret_looks_like_an_unknown_session(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves("alice@example.com").await;
        let token = mailed_token(&world, "alice@example.com").await;
        let unbind = |sid: &str, secret: &str| {
            let threepid = json!({ "medium": "email", "address": "alice@example.com" });
            json!({ "sid": sid, "client_secret": secret, "mxid": alice.mxid, "threepid": threepid })
        };
        let bind = |sid: &str, secret: &str| json!({ "sid": sid, "client_secret": secret, "mxid": alice.mxid });
        let pairs = [
            (submits(&alice, &sid, "wrong", &token).await, submits(&alice, "unknown", SECRET, &token).await),
            (validated(&alice, &sid, "wrong").await, validated(&alice, "unknown", SECRET).await),
            (alice.post("/3pid/bind", bind(&sid, "wrong")).await, alice.post("/3pid/bind", bind("unknown", SECRET)).await),
        ];
        for (wrong, unknown) in pairs {
            assert_eq!(wrong.error(), (404, "M_NO_VALID_SESSION"));
            assert_eq!(without_date(&wrong), without_date(&unknown));
        }
        let (wrong, unknown) =
            (alice.post("/3pid/unbind", unbind(&sid, "wrong")).await, alice.post("/3pid/unbind", unbind("unknown", SECRET)).await);
        assert_eq!(wrong.error(), (403, "M_FORBIDDEN"));
        assert_eq!(without_date(&wrong), without_date(&unknown));
    }

    async fn a_session_lasts_a_day_after_its_last_modification(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.asks_to_prove("alice@example.com").await;
        let token = mailed_token(&world, "alice@example.com").await;
        world.clock.advance(DAY - SECOND);
        submits(&alice, &sid, SECRET, &token).await.ok();
        world.clock.advance(DAY - SECOND);
        // Submitting again does not modify the session.
        submits(&alice, &sid, SECRET, &token).await.ok();
        assert_eq!(validated(&alice, &sid, SECRET).await.ok()["validated_at"], NOON + DAY - SECOND);
        world.clock.advance(SECOND);
        let bind = json!({ "sid": sid, "client_secret": SECRET, "mxid": alice.mxid });
        for answer in [
            submits(&alice, &sid, SECRET, &token).await,
            validated(&alice, &sid, SECRET).await,
            alice.post("/3pid/bind", bind).await,
        ] {
            assert_eq!(answer.error(), (400, "M_SESSION_EXPIRED"));
        }
    }

    async fn an_unfinished_session_expires(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.asks_to_prove("alice@example.com").await;
        let token = mailed_token(&world, "alice@example.com").await;
        world.clock.advance(DAY);
        assert_eq!(submits(&alice, &sid, SECRET, &token).await.error(), (400, "M_SESSION_EXPIRED"));
        // It is deleted within the next hour.
        world.clock.advance(HOUR);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while submits(&alice, &sid, SECRET, &token).await.error() != (404, "M_NO_VALID_SESSION") {
            assert!(tokio::time::Instant::now() < deadline, "the session was not deleted");
            tokio::time::sleep(Duration::from_millis(20)).await;
            // Wakes the sweeper in case it was busy when the clock was advanced.
            world.clock.advance(1);
        }
    }

    async fn an_expired_session_is_not_revived(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for (email, attempt) in [("lower@example.com", 0), ("equal@example.com", 5), ("greater@example.com", 6)] {
            let old = sid(asks(&alice, email, 5).await);
            let token = mailed_token(&world, email).await;
            submits(&alice, &old, SECRET, &token).await.ok();
            world.clock.advance(DAY);
            world.mail.forget();
            let new = sid(asks(&alice, email, attempt).await);
            assert_ne!(new, old);
            assert_eq!(validated(&alice, &new, SECRET).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
            assert_eq!(validated(&alice, &old, SECRET).await.error(), (404, "M_NO_VALID_SESSION"));
            // The old mail no longer validates it; the new one does.
            assert_eq!(submits(&alice, &new, SECRET, &token).await.error(), (400, "M_TOKEN_INCORRECT"));
            submits(&alice, &new, SECRET, &mailed_token(&world, email).await).await.ok();
        }
    }

    async fn sessions_require_accepted_terms(world: World) {
        let server = world.start().await;
        let mallory = world.newcomer(&server, "mallory").await;
        for answer in [
            asks(&mallory, "mallory@example.com", 1).await,
            submits(&mallory, "x", SECRET, "x").await,
            validated(&mallory, "x", SECRET).await,
        ] {
            assert_eq!(answer.error(), (403, "M_TERMS_NOT_SIGNED"));
        }
        for path in [REQUEST, SUBMIT] {
            let path = format!("/_matrix/identity/v2{path}");
            assert_eq!(server.post(&path, None, &json!({})).await.error(), (401, "M_UNAUTHORIZED"));
            assert_eq!(server.post(&path, Some("wrong"), &json!({})).await.error(), (401, "M_UNAUTHORIZED"));
        }
        assert_eq!(world.mail.connections(), 0);
    }
}

/// Returns an answer without its date.
fn without_date(answer: &Answer) -> (u16, reqwest::header::HeaderMap, &str) {
    let mut headers = answer.headers.clone();
    headers.remove("date");
    (answer.status, headers, &answer.text)
}
