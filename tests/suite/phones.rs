//! Validating a phone number with a texted code. Rate limits of texts have their own chapter.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vouch::clock::{DAY, MINUTE, SECOND};

use crate::world::{Answer, NOON, Person, SECRET, Server, World};

const REQUEST: &str = "/validate/msisdn/requestToken";
const SUBMIT: &str = "/validate/msisdn/submitToken";

/// The specification's example number, national and international.
const NUMBER: &str = "07700900001";
const MSISDN: &str = "447700900001";

pub fn asked(number: &str, attempt: impl Into<Value>) -> Value {
    json!({ "client_secret": SECRET, "country": "GB", "phone_number": number, "send_attempt": attempt.into() })
}

async fn asks(person: &Person<'_>, attempt: impl Into<Value>) -> Answer {
    person.post(REQUEST, asked(NUMBER, attempt)).await
}

pub fn sid(answer: Answer) -> String {
    answer.ok()["sid"].as_str().unwrap().to_owned()
}

async fn submits(person: &Person<'_>, sid: &str, code: &str) -> Answer {
    person.post(SUBMIT, json!({ "sid": sid, "client_secret": SECRET, "token": code })).await
}

async fn validated(person: &Person<'_>, sid: &str) -> Answer {
    person.get(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}")).await
}

/// Returns a code other than this one.
pub fn other_than(code: &str, by: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + by) % 1_000_000)
}

fn last_code(world: &World) -> String {
    world.texts().last().expect("there is a text").code()
}

async fn finds(person: &Person<'_>, msisdn: &str) -> Option<String> {
    let pepper = person.pepper().await;
    let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{msisdn} msisdn {pepper}")));
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
    person.post("/lookup", asked).await.ok()["mappings"][&hash].as_str().map(str::to_owned)
}

async fn opens(server: &Server, method: Method, query: &str, language: &str) -> Answer {
    let path = format!("/_matrix/identity/v2{SUBMIT}?{query}");
    server.send(server.request(method, &path, None).header("Accept-Language", language)).await
}

on_both_backends! {
    async fn a_number_can_be_validated_bound_found_and_unbound(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let requested = asks(&alice, 1).await.ok();
        let sid = requested["sid"].as_str().unwrap();
        assert!(sid.len() >= 22);
        assert_eq!(requested, json!({ "sid": sid, "msisdn": MSISDN, "intl_fmt": "+44 7700 900001", "success": true }));
        let texts = world.texts();
        assert_eq!((texts.len(), texts[0].to.as_str(), texts[0].code().len()), (1, MSISDN, 6));

        assert_eq!(validated(&alice, sid).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        assert_eq!(submits(&alice, sid, &other_than(&texts[0].code(), 1)).await.error(), (400, "M_TOKEN_INCORRECT"));
        world.clock.advance(MINUTE);
        // Copying a code may include a space.
        assert_eq!(submits(&alice, sid, &format!(" {} ", texts[0].code())).await.ok(), json!({ "success": true }));
        world.clock.advance(MINUTE);
        assert_eq!(submits(&alice, sid, &texts[0].code()).await.ok(), json!({ "success": true }));
        let proved = json!({ "medium": "msisdn", "address": MSISDN, "validated_at": NOON + MINUTE });
        assert_eq!(validated(&alice, sid).await.ok(), proved);
        assert_eq!(world.texts().len(), 1);

        let session = json!({ "sid": sid, "client_secret": SECRET, "mxid": alice.mxid,
            "threepid": { "medium": "msisdn", "address": MSISDN } });
        let bound = alice.post("/3pid/bind", session.clone()).await.ok();
        assert_eq!((&bound["medium"], &bound["address"], &bound["mxid"]), (&json!("msisdn"), &json!(MSISDN), &json!(alice.mxid)));
        assert_eq!(finds(&bob, MSISDN).await, Some(alice.mxid.clone()));
        assert_eq!(alice.post("/3pid/unbind", session).await.ok(), json!({}));
        assert_eq!(finds(&bob, MSISDN).await, None);
    }

    async fn invalid_numbers_get_no_text(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (forty, huge) = ("7".repeat(40), "7".repeat(60_000));
        let bad = [
            ("GB", "12"), ("GB", ""), ("GB", "letters"), ("GB", "0800-PIZZA"), ("GB", "+"), ("GB", &forty), ("GB", &huge),
            ("GB", "+999 123 456 789"), ("GB", "07911123456;phone-context=+44"), ("GB", "tel:+447911123456"), ("GB", "07911123456\n"),
            ("XX", NUMBER), ("", NUMBER), ("GBR", NUMBER), ("44", NUMBER), ("ＧＢ", NUMBER), (&huge, NUMBER), ("US", NUMBER),
        ];
        for (country, number) in bad {
            let body = json!({ "client_secret": SECRET, "country": country, "phone_number": number, "send_attempt": 1 });
            assert_eq!(alice.post(REQUEST, body).await.error(), (400, "M_INVALID_ADDRESS"), "{country:.20} {number:.60}");
        }
        for field in ["client_secret", "country", "phone_number", "send_attempt"] {
            let mut body = asked(NUMBER, 1);
            body.as_object_mut().unwrap().remove(field);
            let answer = alice.post(REQUEST, body).await;
            assert_eq!(answer.error(), (400, "M_MISSING_PARAMS"), "{field}");
            assert!(answer.body["error"].as_str().unwrap().contains(field));
        }
        assert_eq!(world.texts().len(), 0);
    }

    async fn a_number_is_the_same_in_every_notation(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 1).await);
        for (country, number) in [
            ("gb", NUMBER), ("GB", "+44 (7700) 900-001"), ("US", "+447700900001"), ("FR", "00 44 7700 900001"), ("GB", "０７７００９００００１"),
        ] {
            let body = json!({ "client_secret": SECRET, "country": country, "phone_number": number, "send_attempt": 1 });
            assert_eq!(sid(alice.post(REQUEST, body).await), first, "{country} {number}");
        }
        assert_eq!(world.texts().len(), 1);
    }

    async fn repeated_requests_send_one_text_and_a_greater_attempt_another(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 2).await);
        // Element sends the attempt as a string.
        for attempt in [json!(2), json!("2"), json!(1), json!("0")] {
            assert_eq!(sid(asks(&alice, attempt).await), first);
        }
        assert_eq!(world.texts().len(), 1);
        assert_eq!(sid(asks(&alice, "3").await), first);
        // The code stays the same while at least half of its lifetime is left.
        world.clock.advance(5 * MINUTE);
        assert_eq!(sid(asks(&alice, 4).await), first);
        let texts = world.texts();
        assert_eq!((texts.len(), texts[0].code(), texts[1].code()), (3, texts[2].code(), texts[2].code()));
        assert!(texts[0].body.contains("10 min") && texts[2].body.contains("5 min"), "{texts:?}");
        world.clock.advance(1);
        assert_eq!(sid(asks(&alice, 5).await), first);
        let new = last_code(&world);
        assert_ne!(new, texts[0].code());
        assert_eq!(submits(&alice, &first, &texts[0].code()).await.error(), (400, "M_TOKEN_INCORRECT"));
        submits(&alice, &first, &new).await.ok();
    }

    async fn equal_requests_at_the_same_time_send_one_text(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let here = world.person(&one, "alice").await;
        let there = Person { world: &world, server: &other, mxid: here.mxid.clone(), token: here.token.clone() };
        let answers = join_all((0..8).map(|n| asks(if n % 2 == 0 { &here } else { &there }, 1))).await;
        let mut sids: Vec<String> = answers.into_iter().map(sid).collect();
        sids.dedup();
        assert_eq!((sids.len(), world.texts().len()), (1, 1));
    }

    async fn after_a_failure_the_same_attempt_sends_again(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (there, away) = (world.folder.path().join("sms"), world.folder.path().join("away"));
        fs::rename(&there, &away).unwrap();
        for _ in 0..2 {
            assert_eq!(asks(&alice, 1).await.error(), (400, "M_SEND_ERROR"));
        }
        assert_eq!(crate::database::count(&world, "sessions").await, 0);
        fs::rename(&away, &there).unwrap();
        let first = sid(asks(&alice, 1).await);
        assert_eq!(sid(asks(&alice, 1).await), first);
        assert_eq!(world.texts().len(), 1);
    }

    async fn a_text_that_cannot_be_sent_leaves_the_last_code_valid(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 1).await);
        let code = last_code(&world);
        // The next text would carry a new code.
        world.clock.advance(6 * MINUTE);
        let (directory, elsewhere) = (world.folder.path().join("sms"), world.folder.path().join("elsewhere"));
        fs::rename(&directory, &elsewhere).unwrap();
        assert_eq!(asks(&alice, 2).await.error(), (400, "M_SEND_ERROR"));
        fs::rename(&elsewhere, &directory).unwrap();
        submits(&alice, &first, &code).await.ok();
    }

    async fn a_code_expires_after_ten_minutes(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 1).await);
        let old = last_code(&world);
        world.clock.advance(10 * MINUTE);
        assert_eq!(submits(&alice, &first, &old).await.error(), (400, "M_SESSION_EXPIRED"));
        for attempt in [0, 1] {
            assert_eq!(sid(asks(&alice, attempt).await), first);
        }
        assert_eq!(submits(&alice, &first, &old).await.error(), (400, "M_SESSION_EXPIRED"));
        assert_eq!(world.texts().len(), 1);
        // The session continues with another text and another code.
        assert_eq!(sid(asks(&alice, 2).await), first);
        world.clock.advance(10 * MINUTE - 1);
        assert_eq!(submits(&alice, &first, &old).await.error(), (400, "M_TOKEN_INCORRECT"));
        submits(&alice, &first, &last_code(&world)).await.ok();
        // The validation lasts a day, as for any address.
        world.clock.advance(DAY - SECOND);
        validated(&alice, &first).await.ok();
        world.clock.advance(SECOND);
        assert_eq!(validated(&alice, &first).await.error(), (400, "M_SESSION_EXPIRED"));
    }

    async fn five_wrong_codes_end_the_session(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 3).await);
        let code = last_code(&world);
        for wrong in ["", "wrong", &code[1..], &format!("{code}0"), &other_than(&code, 1)] {
            assert_eq!(submits(&alice, &first, wrong).await.error(), (400, "M_TOKEN_INCORRECT"), "{wrong}");
        }
        assert_eq!(submits(&alice, &first, &other_than(&code, 2)).await.error(), (400, "M_SESSION_EXPIRED"));
        for attempt in [2, 3] {
            assert_eq!(sid(asks(&alice, attempt).await), first);
        }
        let bind = json!({ "sid": first, "client_secret": SECRET, "mxid": alice.mxid });
        for answer in [
            submits(&alice, &first, &code).await,
            validated(&alice, &first).await,
            alice.post("/3pid/bind", bind).await,
        ] {
            assert_eq!(answer.error(), (400, "M_SESSION_EXPIRED"));
        }
        assert_eq!(world.texts().len(), 1);

        // A greater attempt starts another session.
        let second = sid(asks(&alice, 4).await);
        assert_ne!(second, first);
        assert_eq!(submits(&alice, &first, &code).await.error(), (404, "M_NO_VALID_SESSION"));
        submits(&alice, &second, &last_code(&world)).await.ok();
    }

    async fn resending_a_text_does_not_reset_the_wrong_codes(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 1).await);
        let code = last_code(&world);
        for by in 1..=4 {
            assert_eq!(submits(&alice, &first, &other_than(&code, by)).await.error(), (400, "M_TOKEN_INCORRECT"));
        }
        assert_eq!(sid(asks(&alice, 2).await), first);
        assert_eq!(last_code(&world), code);
        assert_eq!(submits(&alice, &first, &other_than(&code, 5)).await.error(), (400, "M_TOKEN_INCORRECT"));
        assert_eq!(submits(&alice, &first, &code).await.error(), (400, "M_SESSION_EXPIRED"));
    }

    async fn a_hundred_concurrent_tries_on_two_nodes_count_as_five(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let here = world.person(&one, "alice").await;
        let there = Person { world: &world, server: &other, mxid: here.mxid.clone(), token: here.token.clone() };
        let first = sid(asks(&here, 1).await);
        let code = last_code(&world);
        let tries = (0..100).map(|n| {
            let (person, wrong) = (if n % 2 == 0 { &here } else { &there }, other_than(&code, n + 1));
            let first = &first;
            async move { submits(person, first, &wrong).await }
        });
        let answers = join_all(tries).await;
        let compared = answers.iter().filter(|answer| answer.error() == (400, "M_TOKEN_INCORRECT")).count();
        let dead = answers.iter().filter(|answer| answer.error() == (400, "M_SESSION_EXPIRED")).count();
        assert_eq!((compared, dead), (5, 95));
        assert_eq!(submits(&there, &first, &code).await.error(), (400, "M_SESSION_EXPIRED"));
    }

    async fn the_right_code_sent_twice_concurrently_succeeds_twice(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 1).await);
        let code = last_code(&world);
        for answer in join_all((0..3).map(|_| submits(&alice, &first, &code))).await {
            assert_eq!(answer.ok(), json!({ "success": true }));
        }
    }

    async fn a_session_belongs_to_one_user_number_secret_and_medium(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let of_alice = sid(asks(&alice, 1).await);
        let code = last_code(&world);
        let of_bob = sid(asks(&bob, 1).await);
        let other_number = sid(alice.post(REQUEST, asked("07700900002", 1)).await);
        let other_secret = asked(NUMBER, 1).as_object().cloned().map(|mut body| {
            body.insert("client_secret".into(), "another".into());
            Value::from(body)
        });
        let other_secret = sid(alice.post(REQUEST, other_secret.unwrap()).await);
        let mut sids = vec![of_alice.clone(), of_bob, other_number, other_secret];
        sids.sort();
        sids.dedup();
        assert_eq!((sids.len(), world.texts().len()), (4, 4));

        let named = |secret: &str, sid: &str| json!({ "sid": sid, "client_secret": secret, "token": code });
        for answer in [
            submits(&bob, &of_alice, &code).await,
            alice.post(SUBMIT, named("wrong", &of_alice)).await,
            alice.post(SUBMIT, named(SECRET, "unknown")).await,
            alice.post("/validate/email/submitToken", named(SECRET, &of_alice)).await,
            alice.post(SUBMIT, named(SECRET, &alice.asks_to_prove("alice@example.com").await)).await,
        ] {
            assert_eq!(answer.error(), (404, "M_NO_VALID_SESSION"));
        }
        submits(&alice, &of_alice, &code).await.ok();
        assert_eq!(validated(&bob, &of_alice).await.error(), (404, "M_NO_VALID_SESSION"));
    }

    async fn the_page_shows_the_result_and_head_changes_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 1).await);
        let code = last_code(&world);
        let good = format!("sid={first}&client_secret={SECRET}&token={code}");
        for method in [Method::HEAD, Method::PUT, Method::OPTIONS] {
            for _ in 0..6 {
                opens(&server, method.clone(), &good, "").await;
            }
        }
        assert_eq!(validated(&alice, &first).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        let wrong = format!("sid={first}&client_secret={SECRET}&token={}", other_than(&code, 1));
        for (query, status, said) in [
            (&wrong, 404, "Ce code est incorrect"), (&good, 200, "Votre adresse est confirmée"),
            (&good, 200, "Votre adresse était déjà confirmée"),
        ] {
            let answer = opens(&server, Method::GET, query, "fr").await;
            assert_eq!((answer.status, answer.text.contains(&format!("<h1>{said}</h1>"))), (status, true), "{}", answer.text);
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
        validated(&alice, &first).await.ok();
        let second = sid(alice.post(REQUEST, asked("07700900002", 1)).await);
        world.clock.advance(10 * MINUTE);
        let late = format!("sid={second}&client_secret={SECRET}&token={}", last_code(&world));
        let answer = opens(&server, Method::GET, &late, "de").await;
        assert_eq!((answer.status, answer.text.contains("<h1>Dieser Code ist abgelaufen</h1>")), (400, true));
    }

    async fn the_next_link_redirects_the_reader_and_not_the_client(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let asks_for = async |link: &str| {
            let mut body = asked(NUMBER, 1);
            body["next_link"] = link.into();
            alice.post(REQUEST, body).await
        };
        for bad in ["javascript:alert(1)", "data:text/html,x", "//evil", "\\\\evil", "https://h/\r\nx: y", "http://u:p@h"] {
            assert_eq!(asks_for(bad).await.error(), (400, "M_INVALID_PARAM"), "{bad}");
        }
        assert_eq!(world.texts().len(), 0);
        let first = sid(asks_for("https://app.example/done").await);
        let code = last_code(&world);
        let posted = submits(&alice, &first, &code).await;
        assert!(posted.status == 200 && !posted.headers.contains_key("location"));
        let query = format!("sid={first}&client_secret={SECRET}&token={code}&next_link=https://evil.example/");
        let opened = opens(&server, Method::GET, &query, "").await;
        assert_eq!((opened.status, opened.headers["location"].to_str().unwrap()), (302, "https://app.example/done"));
    }

    async fn a_text_is_in_the_askers_language_and_bound_to_a_web_origin(world: World) {
        let mut world = world;
        world.config.validation.web_otp_domain = Some("app.example.org".to_owned());
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for (attempt, language, said) in [
            (1, "en", "is your code for 127.0.0.1:8090. It works for 10 min. Do not share it."),
            (2, "fr", "est votre code pour 127.0.0.1:8090. Valable 10 min. Ne le donnez à personne."),
            (3, "de", "ist dein Code für 127.0.0.1:8090. Er gilt 10 Min. Gib ihn nicht weiter."),
        ] {
            let path = format!("/_matrix/identity/v2{REQUEST}");
            let asked = server.request(Method::POST, &path, Some(&alice.token)).json(&asked(NUMBER, attempt));
            server.send(asked.header("Accept-Language", language)).await.ok();
            let texts = world.texts();
            let text = texts.last().unwrap();
            let lines: Vec<&str> = text.body.lines().collect();
            assert_eq!(lines[0], format!("{} {said}", text.code()));
            assert!(lines[1].contains(&alice.mxid), "{lines:?}");
            assert_eq!(lines[2..], [format!("@app.example.org #{}", text.code())]);
        }
    }

    async fn phone_numbers_require_accepted_terms(world: World) {
        let server = world.start().await;
        let mallory = world.newcomer(&server, "mallory").await;
        assert_eq!(asks(&mallory, 1).await.error(), (403, "M_TERMS_NOT_SIGNED"));
        assert_eq!(submits(&mallory, "x", "x").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        for path in [REQUEST, SUBMIT] {
            let path = format!("/_matrix/identity/v2{path}");
            assert_eq!(server.post(&path, None, &json!({})).await.error(), (401, "M_UNAUTHORIZED"));
            assert_eq!(server.post(&path, Some("wrong"), &json!({})).await.error(), (401, "M_UNAUTHORIZED"));
        }
        assert_eq!(world.texts().len(), 0);
    }
}
