//! The code in a text: how long it is valid, how often it may be wrong, and whose it is.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, MINUTE, SECOND};

use crate::phones::{NUMBER, REQUEST, SUBMIT, asked, asks, last_code, other_than, sid, submits, validated};
use crate::world::{Answer, Person, SECRET, Server};

async fn opens(server: &Server, method: Method, query: &str, language: &str) -> Answer {
    let path = format!("/_matrix/identity/v2{SUBMIT}?{query}");
    server.send(server.request(method, &path, None).header("Accept-Language", language)).await
}

on_both_backends! {
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
}
